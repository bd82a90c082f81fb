//! Connections to Redis, synchronous and asynchronous.

use crate::error::Error;
use crate::session;
use ::redis::{Cmd, FromRedisValue, Pipeline, RedisResult, Value};
use std::future::Future;

/// A connection to Redis that the feed can be read and written through.
///
/// `redis::Connection` and, with the feature `async`,
/// `redis::aio::MultiplexedConnection` are such. Any other one that the crate
/// `redis` has (of a cluster, of a pool, a `ConnectionManager`) is put into
/// [`Plain`] or [`Nonblocking`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a connection to Redis that handleref can use",
    note = "wrap it: `Plain(connection)` if it is synchronous, `Nonblocking(connection)` if it is asynchronous"
)]
pub trait RedisConnection: Send {
    /// As that of the database's connections.
    #[doc(hidden)]
    type Mode;

    /// Whether it is to one server, so that `SCAN` finds all keys.
    #[doc(hidden)]
    const SCANS: bool;

    /// What a method returns that produces a `T`: the `T`, or a future of it.
    type Output<'a, T: 'a>
    where
        Self: 'a;

    /// Runs `operation`.
    #[doc(hidden)]
    fn run<'a, T, F>(operation: F) -> Self::Output<'a, T>
    where
        Self: 'a,
        T: Send + 'a,
        F: Future<Output = T> + Send + 'a;

    /// Sends groups of commands, each about the keys of one slot; gives the answers
    /// one after the other.
    #[doc(hidden)]
    fn send(
        &mut self,
        groups: Vec<Vec<Cmd>>,
    ) -> impl Future<Output = RedisResult<Vec<Value>>> + Send;
}

/// One command.
pub(super) async fn one<T, R>(conn: &mut R, command: Cmd) -> Result<T, Error>
where
    T: FromRedisValue,
    R: RedisConnection,
{
    let answer = conn.send(vec![vec![command]]).await?.pop();
    let value = ::redis::from_redis_value(answer.unwrap_or(Value::Nil));
    Ok(value.map_err(::redis::RedisError::from)?)
}

/// Any synchronous connection of the crate `redis`, such as that of a cluster.
#[derive(Debug, Clone)]
pub struct Plain<C>(pub C);

/// Any asynchronous connection of the crate `redis`, such as that of a cluster or
/// a `ConnectionManager`; with the feature `async`.
#[derive(Debug, Clone)]
pub struct Nonblocking<C>(pub C);

fn pipeline(commands: Vec<Cmd>) -> Pipeline {
    let mut pipeline = Pipeline::with_capacity(commands.len());
    for command in commands {
        pipeline.add_command(command);
    }
    pipeline
}

macro_rules! synchronous {
    (<$($param:ident: $bound:path),*> $conn:ty, $scans:literal, |$this:ident, $groups:ident| $send:expr) => {
        impl<$($param: $bound + Send),*> RedisConnection for $conn {
            type Mode = session::Synchronous;
            const SCANS: bool = $scans;
            type Output<'a, T: 'a> = T where Self: 'a;

            fn run<'a, T, F>(operation: F) -> T
            where
                Self: 'a,
                T: Send + 'a,
                F: Future<Output = T> + Send + 'a,
            {
                session::ready(operation)
            }

            async fn send(&mut self, mut $groups: Vec<Vec<Cmd>>) -> RedisResult<Vec<Value>> {
                // A pipeline of nothing is an error.
                $groups.retain(|group| !group.is_empty());
                if $groups.is_empty() {
                    return Ok(Vec::new());
                }
                let $this = self;
                $send
            }
        }
    };
}

synchronous!(<> ::redis::Connection, true, |this, groups| {
    let commands: Vec<Cmd> = groups.into_iter().flatten().collect();
    match &commands[..] {
        // Its error has a code, that of a pipeline has not.
        [one] => Ok(vec![one.query(this)?]),
        _ => pipeline(commands).query(this),
    }
});
synchronous!(
    <C: ::redis::ConnectionLike> Plain<C>,
    false,
    |this, groups| {
        let mut answers = Vec::new();
        for group in groups {
            if group.len() > 1 && this.0.supports_pipelining() {
                answers.extend(pipeline(group).query::<Vec<Value>>(&mut this.0)?);
                continue;
            }
            // That of a cluster sends each command to where its key is, and takes
            // no pipelines.
            for command in group {
                answers.push(command.query(&mut this.0)?);
            }
        }
        Ok(answers)
    }
);

#[cfg(feature = "async")]
macro_rules! asynchronous {
    (<$($param:ident: $bound:path),*> $conn:ty, $scans:literal, |$this:ident, $groups:ident| $send:expr) => {
        impl<$($param: $bound + Send),*> RedisConnection for $conn {
            type Mode = session::Asynchronous;
            const SCANS: bool = $scans;
            type Output<'a, T: 'a> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>
            where
                Self: 'a;

            fn run<'a, T, F>(operation: F) -> Self::Output<'a, T>
            where
                Self: 'a,
                T: Send + 'a,
                F: Future<Output = T> + Send + 'a,
            {
                Box::pin(operation)
            }

            async fn send(&mut self, mut $groups: Vec<Vec<Cmd>>) -> RedisResult<Vec<Value>> {
                // A pipeline of nothing is an error.
                $groups.retain(|group| !group.is_empty());
                if $groups.is_empty() {
                    return Ok(Vec::new());
                }
                let $this = self;
                $send
            }
        }
    };
}

#[cfg(feature = "async")]
asynchronous!(<> ::redis::aio::MultiplexedConnection, true, |this, groups| {
    let commands: Vec<Cmd> = groups.into_iter().flatten().collect();
    match &commands[..] {
        [one] => Ok(vec![one.query_async(this).await?]),
        _ => pipeline(commands).query_async(this).await,
    }
});
#[cfg(feature = "async")]
asynchronous!(
    <C: ::redis::aio::ConnectionLike> Nonblocking<C>,
    false,
    |this, groups| {
        let mut answers = Vec::new();
        for group in groups {
            if let [one] = &group[..] {
                answers.push(one.query_async(&mut this.0).await?);
                continue;
            }
            let some: Vec<Value> = pipeline(group).query_async(&mut this.0).await?;
            answers.extend(some);
        }
        Ok(answers)
    }
);
