//! One read: from a cursor up to where a reader can read now.

use super::cursor::{Cursor, Inner, Witness};
use super::filter::AnyFilter;
use super::page::{self, Found, Page};
use super::position::Position;
use super::reach::{Reach, reach};
use super::{prune, witness};
use crate::engine::{Engine, Kind};
use crate::error::Error;
use crate::history::models::{Models, models};
use crate::history::{AnyModel, Change, Operation, Place, change};
use crate::session::Session;
use crate::session::absent::{HISTORY, missing, own};

/// What is asked of a [`Reader`].
#[derive(Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) operations: &'a [Operation],
    pub(crate) limit: u32,
    /// Only those before this place.
    pub(crate) before: Option<Place>,
    /// From the end, newest first.
    pub(crate) newest: bool,
}

/// Reads the changes between two positions.
pub(crate) struct Reader {
    models: Vec<&'static dyn AnyModel>,
    names: Vec<String>,
    reach: Reach,
    /// What the cursor says.
    known: Option<Inner>,
}

impl Reader {
    /// Looks how far changes of these models, which are [`sorted`], can be read
    /// after a cursor: `enough` of them, or all that there are.
    pub(crate) async fn open(
        conn: &mut dyn Session,
        models: Vec<&'static dyn AnyModel>,
        cursor: &Cursor,
        enough: Option<u32>,
    ) -> Result<Self, Error> {
        let names = names(&models);
        let known = cursor.inner().map(|it| &it.position);
        let enough = enough.map(|it| usize::try_from(it).unwrap_or(usize::MAX));
        let reach = reach(conn, known, enough).await;
        let reach = match reach {
            Ok(reach) => reach,
            Err(error) => return Err(not_installed(conn, error, &models).await),
        };
        let known = cursor
            .of(&reach.database.token, &names, &reach.to)?
            .cloned();
        if let Some(known) = &known {
            witness::check(conn, &models, known, reach.database.last).await?;
        }
        Ok(Self {
            models,
            names,
            reach,
            known,
        })
    }

    /// Reads changes; and says where the page ends, if there are more after it.
    pub(crate) async fn page(
        &self,
        conn: &mut dyn Session,
        ask: Ask<'_>,
        filters: &AnyFilter<'_>,
    ) -> Result<(Vec<Change>, Option<Place>), Error> {
        let page = Page {
            reach: &self.reach,
            ask,
        };
        let enough = usize::try_from(ask.limit).unwrap_or(usize::MAX);
        let read = match *self.models {
            [model] => page::of_one(conn, model, &page, filters).await,
            _ => self.page_of_many(conn, &page, filters).await,
        };
        let mut changes = match read {
            Ok(changes) => changes,
            Err(error) => return Err(not_installed(conn, error, &self.models).await),
        };
        let cut = changes.len() > enough;
        changes.truncate(enough);
        let end = changes.last().map(|change| change.place);
        if let Some(known) = &self.known {
            // Last, so that nothing can have been pruned in between.
            prune::check(conn, &self.models, &known.position).await?;
        }
        Ok((changes, end.filter(|_| cut)))
    }

    /// Over several tables the numbers come first, and then the rows of each.
    async fn page_of_many(
        &self,
        conn: &mut dyn Session,
        page: &Page<'_>,
        filters: &AnyFilter<'_>,
    ) -> Result<Vec<Change>, Error> {
        let found = page::next(conn, &self.models, page, filters).await?;
        let mut changes = load(conn, &self.models, &found).await?;
        if page.ask.newest {
            changes.reverse();
        }
        Ok(changes)
    }

    /// Whether there is more beyond the end.
    pub(crate) fn rest(&self) -> bool {
        self.reach.rest
    }

    /// Where the next read goes on if it was read up to the end; `last` is the
    /// last change of which there is one.
    pub(crate) fn end(&self, last: Option<&Change>) -> Cursor {
        self.cursor(self.reach.to.clone(), last)
    }

    /// The same if it was read up to a place.
    pub(crate) fn cut(&self, place: Place, last: Option<&Change>) -> Cursor {
        self.cursor(self.reach.from.cut(place), last)
    }

    fn cursor(&self, position: Position, last: Option<&Change>) -> Cursor {
        let witness = last.and_then(|change| {
            Some(Witness {
                model: self.names.iter().position(|name| name == change.model)?,
                id: change.id,
                at: change.at.timestamp_micros(),
            })
        });
        let known = || self.known.as_ref()?.witness.clone();
        Cursor::new(Inner {
            database: self.reach.database.token.clone(),
            models: self.names.clone(),
            position,
            witness: witness.or_else(known),
        })
    }
}

/// What went wrong if a table is not there, whatever the server says.
pub(super) async fn not_installed(
    conn: &mut dyn Session,
    error: Error,
    models: &[&'static dyn AnyModel],
) -> Error {
    let facts: Vec<_> = models.iter().map(|model| model.facts()).collect();
    let own = own(conn.kind());
    let tables: Vec<&str> = own
        .iter()
        .copied()
        .chain(facts.iter().map(|it| it.records()))
        .collect();
    match missing(conn, error, &tables).await {
        Err(error) => error,
        Ok(at) => {
            let found = facts
                .get(at.saturating_sub(own.len()))
                .map(|it| (it.name(), it.records()));
            let (model, records) = found.unwrap_or(HISTORY);
            Error::NotInstalled { model, records }
        }
    }
}

/// The models by their names, so that the order in which they are named does
/// not matter.
pub(crate) fn sorted<Ms: Models<DB>, DB: Engine>() -> Vec<&'static dyn AnyModel> {
    by_name(models::<Ms, DB>())
}

pub(super) fn by_name(mut models: Vec<&'static dyn AnyModel>) -> Vec<&'static dyn AnyModel> {
    models.sort_by_key(|model| model.facts().name());
    models
}

pub(super) fn names(models: &[&'static dyn AnyModel]) -> Vec<String> {
    let names = models.iter().map(|model| model.facts().name().to_owned());
    names.collect()
}

async fn load(
    conn: &mut dyn Session,
    models: &[&'static dyn AnyModel],
    found: &[Found],
) -> Result<Vec<Change>, Error> {
    let mut changes = Vec::with_capacity(found.len());
    for (at, model) in models.iter().enumerate() {
        let places = found.iter().filter(|(its, _)| *its == at);
        let places: Vec<_> = places.map(|(_, place)| *place).collect();
        if !places.is_empty() {
            changes.extend(change::load::load(conn, *model, &places).await?);
        }
    }
    let stamped = conn.kind() == Kind::Mysql;
    changes.sort_by_key(|change| (if stamped { change.place.mark } else { 0 }, change.id));
    Ok(changes)
}
