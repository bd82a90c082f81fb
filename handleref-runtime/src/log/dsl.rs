//! The log of a row of a model, by its type.

use super::{LogEntry, LogPage, Part, read};
use crate::error::Error;
use crate::history::any::{AnyKey, any};
use crate::history::query::Loaded;
use crate::history::value::{Fields, Json};
use crate::history::{Recall, RecordNo, Recorded};
use crate::session::Executor;
use std::fmt;
use std::marker::PhantomData;

/// What happened to one row, for a page that people read.
pub trait LogDsl: Recorded {
    /// What happened to this row: when, by whom and why, and what it changed, the
    /// newest first.
    ///
    /// ```text
    /// let page = article.log().limit(20).load(conn)?;
    /// for entry in &page.entries {
    ///     println!("{}: {} by {:?}", entry.at, entry.operation, entry.actor());
    ///     for change in &entry.changes {
    ///         println!("  {}: {} -> {}", change.field, change.old, change.new);
    ///     }
    /// }
    /// // The next page: article.log().before(page.next?)
    /// ```
    fn log(&self) -> Log<Self> {
        Self::log_of(self.record_key())
    }

    /// The same of the row with this key, whether it still exists or not.
    fn log_of(key: Self::RecordKey) -> Log<Self> {
        Log {
            key,
            part: Part::default(),
            model: PhantomData,
        }
    }
}

impl<M: Recorded> LogDsl for M {}

/// A query for the [log](LogDsl::log) of a row.
#[must_use = "nothing is read before `.load(conn)`"]
pub struct Log<M: Recorded> {
    key: M::RecordKey,
    part: Part,
    model: PhantomData<fn() -> M>,
}

impl<M: Recorded> Clone for Log<M> {
    fn clone(&self) -> Self {
        Self {
            key: self.key.clone(),
            part: self.part.clone(),
            model: PhantomData,
        }
    }
}

impl<M: Recorded> fmt::Debug for Log<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use crate::key::Key;
        write!(
            f,
            "{} {}: {:?}",
            M::RECORDED_NAME,
            self.key.text(),
            self.part
        )
    }
}

impl<M: Recorded> Log<M> {
    /// Only records before this one: the [`next`](LogPage::next) of the page before.
    pub fn before(mut self, record: RecordNo) -> Self {
        self.part.before(record.0);
        self
    }

    /// At most so many, from 1 to 10,000; otherwise 20.
    pub fn limit(mut self, records: u32) -> Self {
        self.part.limit(records);
        self
    }

    /// Reads them: one query for the records, and one for their changesets. A row that
    /// never was has no entries.
    ///
    /// # Errors
    /// [`Error::NotInstalled`] or [`Error::Database`].
    pub fn load<'a, C>(self, conn: &'a mut C) -> C::Output<'a, Result<LogPage<M>, Error>>
    where
        C: Executor,
        M: Recall<C::Engine> + Loaded<C::Engine> + Fields<Json>,
    {
        C::run(async move {
            let key = AnyKey::new::<M, C::Engine>(self.key);
            let (found, next) = read(conn, any::<M, C::Engine>(), &key, &self.part).await?;
            Ok(LogPage {
                entries: found.into_iter().filter_map(LogEntry::new).collect(),
                next: next.map(RecordNo),
            })
        })
    }
}
