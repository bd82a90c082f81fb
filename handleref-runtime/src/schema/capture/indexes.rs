//! The indexes of the record table.
//!
//! One of them is a promise: no two lives of a key begin with the same version.
//! A trigger gives a key that was there before the version after its last one.
//! It cannot see that there was one if the transaction has an older snapshot;
//! then this index refuses the record, and with it the row. Where the row has no
//! version and its records count by themselves, no two of a key are the same.

use super::RecordTarget;
use super::table::Finding;
use crate::engine::Kind;
use crate::error::LIVES;
use crate::facts as f;
use crate::schema::dialect::{Change, NewIndex, Target, Wanted};
use crate::schema::indexes::is_partial_by;
use crate::schema::live::LiveIndex;
use crate::schema::names::index_name;
use crate::schema::problem::ProblemKind;

impl RecordTarget<'_> {
    /// Whether there is a column in which the lives of a key differ. PostgreSQL
    /// has partial indexes instead, and SQLite one writer.
    pub(super) fn has_life_column(&self) -> bool {
        self.dialect.kind() == Kind::Mysql
            && self.version().is_some()
            && super::mysql::countable(self)
    }

    /// The indexes that the record table lacks.
    pub(super) fn indexes(&self) -> Vec<Finding> {
        let postgres = self.dialect.kind() == Kind::Postgres;
        let there = &self.recorded.table;
        let mut key: Vec<&str> = self.wanted.key.clone();
        if self.dialect.kind() != Kind::Sqlite {
            // All that time travel asks before it reads a record. On SQLite an
            // index ends in the number of the row anyway, and the number says
            // the time.
            key.extend([f::RECORD_ID, f::RECORDED_AT]);
        }
        let same = |columns: &[&str]| there.indexes.iter().any(|index| index.columns == columns);
        let timed = there.indexes.iter().chain(&there.block_ranges);
        let timed = timed.map(|index| index.columns.first().map(String::as_str));
        let timed = timed.into_iter().any(|first| first == Some(f::RECORDED_AT));
        let mut missing = Vec::new();
        if !same(&key) {
            missing.push(self.index(self.plain(key, false)));
        }
        if !timed {
            missing.push(self.index(self.plain(vec![f::RECORDED_AT], postgres)));
        }
        let stamped = [f::RECORD_STAMP, f::RECORD_ID];
        if self.dialect.kind() == Kind::Mysql && !same(&stamped) {
            missing.push(self.index(self.plain(stamped.to_vec(), false)));
        }
        missing.extend(self.lives());
        missing
    }

    fn plain<'c>(&self, columns: Vec<&'c str>, rising: bool) -> NewIndex<'c> {
        NewIndex {
            name: index_name(self.dialect, self.recording.records, false, &columns),
            columns,
            unique: false,
            condition: None,
            rising,
        }
    }

    /// The index over the beginnings of lives, if it is missing.
    fn lives(&self) -> Option<Finding> {
        let key = &self.wanted.key;
        let by = |column| key.iter().copied().chain([column]).collect();
        let (columns, condition): (Vec<&str>, _) = match (self.dialect.kind(), self.version()) {
            // One writer.
            (Kind::Sqlite, _) => return None,
            (Kind::Mysql, _) if !super::mysql::countable(self) => return None,
            (Kind::Postgres | Kind::Mysql, None) => (by(f::RECORD_VERSION), None),
            (Kind::Postgres, Some(_)) => {
                let operation = self.dialect.quote(f::RECORD_OPERATION);
                let condition = format!("{operation} = 'insert'");
                (by(f::RECORD_VERSION), Some(condition))
            }
            // No query for the records of a key is to choose this one: the triggers
            // read the last one with a lock, and would lock gaps of it.
            (Kind::Mysql, Some(_)) => {
                let life = std::iter::once(f::RECORD_LIFE);
                (life.chain(key.iter().copied()).collect(), None)
            }
        };
        let name = self.trigger_name(LIVES, self.recording.records);
        let right = |index: &LiveIndex| {
            index.name == name
                && index.unique
                && index.columns == columns
                && is_partial_by(index.condition.as_deref(), condition.as_deref())
        };
        let found = self.recorded.table.indexes.iter().any(right);
        (!found).then(|| {
            self.index(NewIndex {
                name,
                columns,
                unique: true,
                condition,
                rising: false,
            })
        })
    }

    fn index(&self, index: NewIndex<'_>) -> Finding {
        let record_table = Wanted {
            table: self.wanted.sibling(self.recording.records),
            ..self.wanted.clone()
        };
        let columns = self.columns.iter();
        let columns = columns.map(|it| (it.name().to_owned(), it.sql_type.to_lowercase()));
        let target = Target {
            wanted: &record_table,
            live: &self.recorded.table,
            columns: columns.collect(),
            owner: None,
            home: String::new(),
        };
        let (create, drop) = self.dialect.index(&target, &index);
        let column = index.columns.first().map(|name| (*name).to_owned());
        let name = index.name;
        let found = |index: &LiveIndex| index.name == name;
        let there = &self.recorded.table;
        if there.indexes.iter().chain(&there.block_ranges).any(found) {
            let change = Change {
                up: vec![drop.clone(), create],
                down: vec![drop],
            };
            let kind = ProblemKind::AlteredIndex { index: name };
            return (column, kind, Some(change));
        }
        let change = Change {
            up: vec![create],
            down: vec![drop],
        };
        let kind = ProblemKind::MissingIndex { index: name };
        (column, kind, Some(change))
    }
}
