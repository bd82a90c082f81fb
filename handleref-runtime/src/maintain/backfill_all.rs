//! The backfill of all models of a schema.

use super::backfill::{Progress, all};
use crate::any::Subject;
use crate::error::Error;
use crate::schema::Schema;
use crate::session::Executor;
use std::fmt;

/// What was done of each model, by its name.
pub type Backfilled = Vec<(&'static str, Progress)>;

/// What is called after each batch, with the name of the model.
type Report<'f> = Box<dyn FnMut(&'static str, Progress) + Send + 'f>;

/// A [`Backfill`](super::Backfill) of every recorded model of a schema, one after the
/// other; made by [`Schema::backfill`].
#[must_use = "nothing happens before `.execute(conn)`"]
pub struct BackfillAll<'s, 'f> {
    subjects: &'s [Subject],
    batch: u32,
    report: Option<Report<'f>>,
}

impl fmt::Debug for BackfillAll<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.subjects.iter().map(|subject| subject.name);
        f.debug_list().entries(names).finish()
    }
}

impl Schema {
    /// Records for the rows of all these models that have none, because they are older
    /// than the recording; see [`Backfill`](super::Backfill).
    ///
    /// ```text
    /// let schema = handleref::schema![Topic, Article];
    /// schema.install(conn)?;
    /// for (model, progress) in schema.backfill().execute(conn)? { println!("{model}: {progress}") }
    /// schema.install(conn)?;                       // simpler triggers, which look for no baselines
    /// ```
    pub fn backfill(&self) -> BackfillAll<'_, 'static> {
        BackfillAll {
            subjects: self.subjects(),
            batch: 10_000,
            report: None,
        }
    }
}

impl<'s, 'f> BackfillAll<'s, 'f> {
    /// The number of rows in one transaction; otherwise 10,000.
    pub fn batch(mut self, rows: u32) -> Self {
        self.batch = rows.max(1);
        self
    }

    /// Calls `report` after each batch, with the name of the model.
    pub fn on_progress<'g>(
        self,
        report: impl FnMut(&'static str, Progress) + Send + 'g,
    ) -> BackfillAll<'s, 'g> {
        BackfillAll {
            subjects: self.subjects,
            batch: self.batch,
            report: Some(Box::new(report)),
        }
    }

    /// Runs it to the end, and says what was done of each model. Models that are
    /// complete already cost one pass over their keys.
    ///
    /// # Errors
    /// [`Error::NotInstalled`] or [`Error::Database`]; the batches before remain, and
    /// another run goes on from there.
    pub fn execute<'a, C: Executor>(
        self,
        conn: &'a mut C,
    ) -> C::Output<'a, Result<Backfilled, Error>>
    where
        's: 'a,
        'f: 'a,
    {
        C::finish(Box::pin(async move {
            let mut report = self.report;
            let mut told = |model: &'static str, progress: Progress| {
                if let Some(report) = &mut report {
                    report(model, progress);
                }
            };
            all(conn, self.subjects, self.batch, &mut told).await
        }))
    }
}
