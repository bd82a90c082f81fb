//! SQL in the making: the one place where text, names and values meet.
//!
//! A [`Sql`] is put together without knowing the engine. What differs between
//! engines is asked when it is rendered: how a name is quoted, what the clock is
//! called, how rows are locked. Text is `&'static str`, or [made](Sql::made) by
//! this module's functions; what comes from a user is [bound](Sql::bind). The types
//! keep these apart: see [`Raw`].

mod clock;
mod dialect;
mod kept;
pub(crate) mod literal;
mod raw;
mod read;
mod unweighed;
mod value;
mod version;

pub(crate) use clock::{
    literal_sql, micros_back, months_back, now_sql, push_now, record_time_sql, rising_sql,
};
pub(crate) use dialect::{as_text, differs, integer, is_distinct, overriding, quoted, same_key};
pub(crate) use kept::has_room;
pub(crate) use literal::{fnv1a, literal};
pub(crate) use raw::{Raw, Splice, raw, spliced};
pub(crate) use read::{parse_time, storable, unreadable};
pub(crate) use unweighed::{unweighed, walk_unweighed};
pub(crate) use value::Value;
pub(crate) use version::{greatest, held_sql, next_sql, versions_end};

use crate::engine::{Engine, Every, Fragment, Kind, Typed, fails_late};
use crate::time::TimeKind;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use std::borrow::Cow;

enum Piece<'a> {
    Text(Raw),
    Name(Cow<'a, str>),
    Value(Value<'a>),
    Part(Typed<'a>),
    PartOf(&'a Typed<'a>),
    Every(&'a dyn Every),
    /// The database's clock, as a time without a zone.
    Now,
    /// The end of a read that locks its rows; SQLite has locked everything.
    Lock,
    /// The same against writers alone.
    Share,
    /// The text has values in it, so the prepared statement is of no more use.
    Once,
    /// Every name in the text is qualified, so it means the same for ever.
    Kept,
}

impl Piece<'_> {
    /// Whether a statement with it may be kept prepared.
    fn is_keepable(&self) -> bool {
        matches!(
            self,
            Self::Part(_) | Self::PartOf(_) | Self::Every(_) | Self::Kept
        )
    }
}

/// A statement, or a part of one.
///
/// Connections keep a statement prepared only if a model or a caller's query is
/// a part of it, as Diesel's own statements are kept. The rest is bookkeeping:
/// it must not mean the schema or database that a name meant when the statement
/// was prepared, and its reads may [fail late](fails_late). What names nothing, or
/// says the schema, and reads no table, may be [kept](Sql::kept).
#[doc(hidden)]
#[allow(missing_debug_implementations)]
pub struct Sql<'a>(Vec<Piece<'a>>);

impl<'a> Sql<'a> {
    pub(crate) fn new(text: &'static str) -> Self {
        Self(vec![Piece::Text(text.into())])
    }

    /// Text that is made at run time, and hence prepared for one execution:
    /// connections keep what they prepare, for ever.
    pub(crate) fn once(text: impl Into<Raw>) -> Self {
        Self(vec![Piece::Once, Piece::Text(text.into())])
    }

    /// Bookkeeping that is kept prepared: a name in it is qualified, and it reads
    /// no rows of a table, of which MySQL may say late that they cannot be had.
    /// A name of many schemas or databases is kept for the first ones alone.
    pub(crate) fn kept(text: impl Into<Raw>) -> Self {
        let text = text.into();
        let piece = match has_room("bookkeeping", &text) {
            true => Piece::Kept,
            false => Piece::Once,
        };
        Self(vec![piece, Piece::Text(text)])
    }

    fn push(mut self, piece: Piece<'a>) -> Self {
        self.0.push(piece);
        self
    }

    /// Text of the source code.
    pub(crate) fn sql(self, text: &'static str) -> Self {
        self.push(Piece::Text(text.into()))
    }

    /// Text that was [put together](raw!).
    pub(crate) fn made(self, text: impl Into<Raw>) -> Self {
        self.push(Piece::Text(text.into()))
    }

    /// The same with a value in it.
    pub(crate) fn once_made(self, text: Raw) -> Self {
        self.push(Piece::Once).push(Piece::Text(text))
    }

    /// A name, quoted.
    pub(crate) fn name(self, name: impl Into<Cow<'a, str>>) -> Self {
        self.push(Piece::Name(name.into()))
    }

    /// Quoted names after a prefix such as `a.`, separated by commas.
    pub(crate) fn names(mut self, prefix: &'static str, names: &[&'static str]) -> Self {
        for (at, name) in names.iter().enumerate() {
            self = self.sql(if at > 0 { ", " } else { "" });
            self = self.sql(prefix).name(*name);
        }
        self
    }

    /// A bound value.
    pub(crate) fn bind(self, value: impl Into<Value<'a>>) -> Self {
        self.push(Piece::Value(value.into()))
    }

    /// Bound values, separated by commas. How many there are is a part of the
    /// text, so it is prepared for one execution.
    pub(crate) fn list<T: Into<Value<'a>>>(mut self, values: impl IntoIterator<Item = T>) -> Self {
        self = self.push(Piece::Once);
        for (at, value) in values.into_iter().enumerate() {
            self = self.sql(if at > 0 { ", " } else { "" }).bind(value);
        }
        self
    }

    /// The database's clock.
    pub(crate) fn now(self) -> Self {
        self.push(Piece::Now)
    }

    /// Locks the rows that are read; at the end.
    pub(crate) fn lock(self) -> Self {
        self.push(Piece::Lock)
    }

    /// As [`lock`](Sql::lock), but others may read under such a lock, too.
    pub(crate) fn share(self) -> Self {
        self.push(Piece::Share)
    }

    /// A fragment that Diesel writes, on its own engine alone.
    pub(crate) fn part<DB: Engine>(self, part: &'a Fragment<'a, DB>) -> Self {
        self.push(Piece::Part(DB::typed(Box::new(part))))
    }

    /// As [`part`](Sql::part).
    pub(crate) fn own_part<DB: Engine>(self, part: Box<Fragment<'a, DB>>) -> Self {
        self.push(Piece::Part(DB::typed(part)))
    }

    /// A part that knows its engine.
    pub(crate) fn fragment(self, part: Typed<'a>) -> Self {
        self.push(Piece::Part(part))
    }

    /// A fragment of ours, which every engine's backend writes.
    pub(crate) fn every(part: &'a dyn Every) -> Self {
        Self(vec![Piece::Every(part)])
    }

    /// As [`fragment`](Sql::fragment).
    pub(crate) fn typed(self, part: &'a Typed<'a>) -> Self {
        self.push(Piece::PartOf(part))
    }

    /// As text with literals, for what an engine does not prepare.
    ///
    /// # Errors
    /// If there is a fragment of Diesel's in it.
    pub(crate) fn written(&self, kind: Kind) -> QueryResult<Raw> {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(part) => text.push_str(part),
                Piece::Name(name) => text.push_str(&quoted(kind, name)),
                Piece::Value(value) => text.push_str(&value.literal(kind)),
                Piece::Now => text.push_str(now_sql(kind, TimeKind::Plain)),
                Piece::Lock => text.push_str(dialect::for_update(kind)),
                Piece::Share => text.push_str(dialect::for_share(kind)),
                Piece::Once | Piece::Kept => {}
                Piece::Part(_) | Piece::PartOf(_) | Piece::Every(_) => {
                    return Err(crate::engine::other_engine());
                }
            }
        }
        Ok(Raw::trusted(text))
    }

    pub(crate) fn append(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }
}

impl<DB: Engine> QueryFragment<DB> for Sql<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        if !self.0.iter().any(Piece::is_keepable) {
            out.unsafe_to_cache_prepared();
        }
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.push_sql(text),
                Piece::Name(name) => out.push_identifier(name)?,
                Piece::Value(value) => value.walk(&mut out)?,
                Piece::Part(part) => DB::own(part)?.walk_ast(out.reborrow())?,
                Piece::PartOf(part) => DB::own(part)?.walk_ast(out.reborrow())?,
                Piece::Every(part) => DB::every(*part, out.reborrow())?,
                Piece::Now => out.push_sql(now_sql(DB::KIND, TimeKind::Plain)),
                Piece::Once => out.unsafe_to_cache_prepared(),
                Piece::Kept => {}
                Piece::Lock | Piece::Share => {
                    fails_late::<DB>(&mut out);
                    out.push_sql(match piece {
                        Piece::Lock => dialect::for_update(DB::KIND),
                        _ => dialect::for_share(DB::KIND),
                    });
                }
            }
        }
        Ok(())
    }
}

impl QueryId for Sql<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
