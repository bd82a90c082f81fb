//! What our own tables know of a recording: since when, and up to which number.

use super::RecordTarget;
use super::numbers::NEXT;
use super::support::{CONTEXT, DATABASE, EVENTS, MODEL, RECORDINGS, REFUSE, SEQUENCE};
use super::table::Finding;
use crate::engine::Kind;
use crate::facts as f;
use crate::schema::dialect::Change;
use crate::schema::problem::ProblemKind;
use crate::sql::now_sql;
use crate::time::TimeKind;

impl RecordTarget<'_> {
    /// Refuses to go on in a database where rows that are older than the
    /// recording have no baseline yet: the triggers that follow write none.
    pub(super) fn unless_backfilled(&self) -> Change {
        let from = format!(
            "{} WHERE record_table = {} AND backfilled = 0",
            self.support.named(self.dialect, RECORDINGS),
            self.dialect.text(&self.listed())
        );
        let message = format!(
            "handleref: rows of {} have no baseline in this database; run `backfill` here, then this migration",
            self.wanted.table.shown()
        );
        let refuse = self.support.named(self.dialect, REFUSE);
        Change {
            up: vec![self.dialect.refuse_if(&from, &refuse, &message)],
            down: Vec::new(),
        }
    }

    /// Where the row with the numbers of records was lost: begins after those
    /// that are there.
    pub(super) fn counted_on(&self) -> Option<Change> {
        self.recorded.table.found.as_ref()?;
        let records = self.record_table();
        let last = |column: &str| format!("(SELECT coalesce(max({column}), 0) FROM {records})");
        let named = |name: &str| self.support.named(self.dialect, name);
        let up = match self.dialect.kind() {
            Kind::Mysql if self.support.is_rowless(DATABASE) => format!(
                "UPDATE {} SET stamp = GREATEST(stamp, {})",
                named(DATABASE),
                last(f::RECORD_STAMP)
            ),
            _ => return None,
        };
        Some(Change {
            up: vec![up],
            down: Vec::new(),
        })
    }

    /// A description as a literal, that a reader of a migration can read if it is as plain as
    /// descriptions usually are.
    fn described(&self, text: Option<&str>) -> String {
        let is_plain = |text: &str| text.is_ascii() && !text.contains(['\'', '\\']);
        match text {
            Some(text) if is_plain(text) => format!("'{text}'"),
            Some(text) => self.dialect.text(text),
            None => "NULL".to_owned(),
        }
    }

    /// Writes down what the model is, if the list says something else. That is for other
    /// programs, and no fault of the schema.
    pub(super) fn describe(&self) -> Option<Change> {
        let (wanted, found) = (&self.wanted.described, &self.recorded.described);
        let listed = self.recorded.table.found.is_some() && self.recorded.backfilled.is_some();
        if !listed || wanted.is_none() || wanted == found {
            return None;
        }
        let recordings = self.support.named(self.dialect, RECORDINGS);
        let listed = self.dialect.text(&self.listed());
        let set = |text: &Option<String>| {
            let text = self.described(text.as_deref());
            format!("UPDATE {recordings} SET {MODEL} = {text} WHERE record_table = {listed}")
        };
        Some(Change {
            up: vec![set(wanted)],
            down: vec![set(found)],
        })
    }

    /// Lists the record table, which says since when it is complete; and starts
    /// the counter above the records that are there.
    pub(super) fn register(&self) -> Option<Finding> {
        let there = self.recorded.table.found.is_some();
        if there && self.recorded.backfilled.is_some() {
            return None;
        }
        let kind = self.dialect.kind();
        let now = now_sql(kind, TimeKind::Plain);
        let named = |name: &str| self.support.named(self.dialect, name);
        let (recordings, events, listed) = (
            named(RECORDINGS),
            named(EVENTS),
            self.dialect.text(&self.listed()),
        );
        let mut change = Change::default();
        if there {
            let last = format!(
                "(SELECT coalesce(greatest(max(record_id), -min(record_id)), 0) FROM {})",
                self.record_table()
            );
            // SQLite calls it `max`.
            let last = match kind {
                Kind::Sqlite => last.replace("greatest", "max"),
                Kind::Postgres | Kind::Mysql => last,
            };
            let numbers = &self.support.numbers;
            change
                .up
                .extend(numbers.raise(self.dialect, self.support, &last));
        }
        let id = match kind {
            Kind::Sqlite => {
                let context = named(CONTEXT);
                change
                    .up
                    .push(format!("UPDATE {context} SET tick = tick + 1"));
                format!("(SELECT tick FROM {context})")
            }
            Kind::Postgres => format!(
                "pg_catalog.nextval({}::pg_catalog.regclass)",
                self.dialect.text(&named(SEQUENCE))
            ),
            Kind::Mysql => format!("{}()", named(NEXT)),
        };
        let delete = format!("DELETE FROM {recordings} WHERE record_table = {listed}");
        if self.recorded.backfilled.is_some() {
            change.up.push(delete.clone());
        }
        let table = self.sibling(&self.wanted.table.table);
        change.up.push(format!(
            "INSERT INTO {recordings} (record_table, began_at, began_record, backfilled, {MODEL}) \
             VALUES ({listed}, {now}, {id}, CASE WHEN EXISTS (SELECT 1 FROM {table}) THEN 0 ELSE 1 END, {})",
            self.described(self.wanted.described.as_deref())
        ));
        change.up.push(format!(
            "INSERT INTO {events} (occurred_at, event, record_table) VALUES ({now}, 'install', {listed})"
        ));
        change.down.push(delete);
        Some((None, ProblemKind::Unlisted, Some(change)))
    }
}
