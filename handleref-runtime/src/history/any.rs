//! Recorded models, as they are known without their types.

use super::model::{Recall, Recorded};
use super::query::{Loaded, OwnKey, each};
use super::value::{Fields, Json};
pub(crate) use crate::any::{AnyInstance, AnyKey, AnyModel, Boxed, Keyed, Metadata, Rows, Subject};
use crate::any::{Keys, Parent};
use crate::engine::row::AnyRow;
use crate::engine::{Engine, Typed};
use crate::facts::{Capture, Recording};
use crate::hooks::HookError;
use crate::key::Key;
use crate::row::columns::Form;
use crate::session::Session;
use crate::sql::Sql;
use diesel::result::QueryResult;
use serde_json::Value;
use std::any::Any;
use std::marker::PhantomData;
use std::sync::Arc;

impl<M: Fields<Json>> AnyInstance for M {
    fn any(&self) -> &(dyn Any + Send + Sync) {
        self
    }
    fn fields(&self) -> &'static [&'static str] {
        M::FIELDS
    }
    fn values(&self) -> Vec<Value> {
        Fields::<Json>::values(self)
    }
    fn key(&self) -> String {
        self.record_key().text()
    }
    fn version(&self) -> Option<i64> {
        self.recorded_version()
    }
    fn validate(&self) -> Result<(), HookError> {
        Recorded::validate(self)
    }
}

impl AnyKey {
    pub(crate) fn new<M: Recall<DB>, DB: Engine>(key: M::RecordKey) -> Self {
        Self {
            text: key.text(),
            condition: DB::typed(Box::new(OwnKey::<M, DB>::new(key.clone(), Form::Equals))),
            values: DB::typed(Box::new(OwnKey::<M, DB>::new(key, Form::Values))),
        }
    }
}

/// The keys of the model `M` on the engine `DB`.
struct TypedKeys<M, DB>(PhantomData<fn() -> (M, DB)>);

impl<M: Recall<DB>, DB: Engine> Keys for TypedKeys<M, DB> {
    fn read(&self, text: &str) -> Option<AnyKey> {
        M::RecordKey::parse(text).map(AnyKey::new::<M, DB>)
    }
}

impl Keyed {
    pub(crate) fn of<M: Recall<DB>, DB: Engine>() -> Self {
        Self {
            subject: Subject::of::<M>(),
            keys: &TypedKeys::<M, DB>(PhantomData),
        }
    }
}

/// Reads a row without so many columns at its beginning.
type ReadRow = fn(&AnyRow<'_>, usize) -> QueryResult<Arc<dyn AnyInstance>>;

fn collect<'a>(
    conn: &'a mut dyn Session,
    (width, columns): (usize, Sql<'a>),
    selection: Typed<'a>,
    from: Sql<'a>,
    (read, hides): (ReadRow, Option<Recording>),
) -> Boxed<'a, Rows> {
    Box::pin(async move {
        let mut rows = Vec::new();
        let mut take = |head, row: &AnyRow<'_>| {
            let row = read(row, width)?;
            let row: Arc<dyn AnyInstance> = match hides {
                Some(recording) => Arc::new(Masked { row, recording }),
                None => row,
            };
            rows.push((head, row));
            Ok(())
        };
        each(conn, (width, columns), selection, from, &mut take).await?;
        Ok(rows)
    })
}

/// A row whose redacted and skipped fields are null, whatever it holds.
struct Masked {
    row: Arc<dyn AnyInstance>,
    recording: Recording,
}

impl AnyInstance for Masked {
    fn any(&self) -> &(dyn Any + Send + Sync) {
        self.row.any()
    }
    fn fields(&self) -> &'static [&'static str] {
        self.row.fields()
    }
    fn values(&self) -> Vec<Value> {
        let mut values = self.row.values();
        for (value, column) in values.iter_mut().zip(self.recording.columns) {
            if column.capture != Capture::Value {
                *value = Value::Null;
            }
        }
        values
    }
    fn key(&self) -> String {
        self.row.key()
    }
    fn version(&self) -> Option<i64> {
        self.row.version()
    }
    fn validate(&self) -> Result<(), HookError> {
        self.row.validate()
    }
}

/// The model `M` on the engine `DB`; for a registry with [masked](Masked) rows.
struct TypedModel<M, DB, const MASKED: bool = false>(PhantomData<fn() -> (M, DB)>);

impl<M, DB, const MASKED: bool> AnyModel for TypedModel<M, DB, MASKED>
where
    DB: Engine,
    M: Recall<DB> + Loaded<DB> + Fields<Json>,
{
    fn facts(&self) -> Metadata {
        Metadata::of::<M>()
    }

    fn load<'a>(
        &self,
        conn: &'a mut dyn Session,
        columns: (usize, Sql<'a>),
        from: Sql<'a>,
    ) -> Boxed<'a, Rows> {
        fn read<M, DB>(row: &AnyRow<'_>, first: usize) -> QueryResult<Arc<dyn AnyInstance>>
        where
            DB: Engine,
            M: Loaded<DB> + Fields<Json>,
        {
            Ok(Arc::new(M::read_row(row, first)?))
        }
        let hides = MASKED.then_some(M::RECORDING);
        collect(conn, columns, M::selection(), from, (read::<M, DB>, hides))
    }

    fn keyed(&self) -> Keyed {
        Keyed::of::<M, DB>()
    }

    fn key_of(&self, row: &dyn AnyInstance) -> Option<AnyKey> {
        let row = row.any().downcast_ref::<M>()?;
        Some(AnyKey::new::<M, DB>(row.record_key()))
    }

    fn clean(&self, at: usize, text: Option<&str>) -> Result<Value, String> {
        M::clean(at, text)
    }

    fn parents(&self) -> Vec<Parent> {
        M::recalled_parents()
    }
}

/// A model without its type.
pub(crate) fn any<M, DB>() -> &'static dyn AnyModel
where
    DB: Engine,
    M: Recall<DB> + Loaded<DB> + Fields<Json>,
{
    &TypedModel::<M, DB>(PhantomData)
}

/// The same for a registry.
pub(crate) fn masked<M, DB>() -> &'static dyn AnyModel
where
    DB: Engine,
    M: Recall<DB> + Loaded<DB> + Fields<Json>,
{
    &TypedModel::<M, DB, true>(PhantomData)
}
