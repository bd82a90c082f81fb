//! Recorded models: every change of a row, by whatever path it came, is a row
//! of a record table.
//!
//! ```text
//! Article::records().order(ArticleRecords::RECORD_ID.desc())
//!     .whole().load(conn)?;                                      // what happened when, and the rows
//! article.history().select(Article::as_select()).load(conn)?;    // the states of one row
//! articles::table.inner_join(topics::table)
//!     .as_of::<(Article, Topic)>(yesterday).load(conn)?;         // any query, in the past
//! ```

pub(crate) mod any;
pub(crate) mod as_of;
pub(crate) mod blame;
mod calendar;
pub(crate) mod change;
mod columns;
mod condition;
mod declared;
pub(crate) mod diff;
mod field_type;
pub(crate) mod fields;
mod gone;
mod last;
mod mirrored;
pub(crate) mod model;
pub(crate) mod models;
pub(crate) mod moment;
mod neighbour;
pub(crate) mod object;
pub(crate) mod of_key;
pub(crate) mod operation;
mod over;
pub(crate) mod previous;
pub(crate) mod query;
mod records_dsl;
mod resample;
mod row;
pub(crate) mod stored;
pub(crate) mod stored_type;
pub(crate) mod subject;
pub(crate) mod tables;
pub(crate) mod value;
mod window;

pub(crate) use crate::any::AnyModel;
pub use crate::facts;
pub use as_of::{AsOf, AsOfDsl, Past};
pub use blame::Blame;
pub use calendar::Calendar;
pub use change::Change;
#[doc(hidden)]
pub use change::Place;
#[doc(hidden)]
pub use columns::{MayBeNull, NullableType};
pub use columns::{
    Property, RecordChangeset, RecordId, RecordOperation, RecordRedacted, RecordVersion, RecordedAt,
};
pub use diff::{Diff, FieldChange, FieldHistory, Now, Side, VersionChange};
pub use field_type::{CleanError, FieldKind, FieldType, FieldTypes, ModelList, field_types};
#[doc(hidden)]
pub use fields::Metadata;
pub use gone::{GoneDsl, IsGone};
pub use last::latest_record;
pub use mirrored::Mirrored;
pub use model::{LiveName, Recall, RecordSource, Recorded, Records};
#[doc(hidden)]
pub use models::Model;
pub use models::{Models, Registered};
pub use moment::{ChangesetNo, Moment, RecordNo, VersionNo};
pub use neighbour::{FirstRecord, Following, LastRecord, Neighbour, Neighbours, Previous};
pub use object::{ObjectOf, ObjectRef};
pub use of_key::OfKey;
pub use operation::Operation;
pub use over::OverRecords;
pub use query::Loaded;
pub use records_dsl::{CreatedIn, RecordsDsl, Whole};
pub use resample::{Every, LastIn, Resample, ZeroLength};
pub use row::{Record, RecordSql};
pub use value::{FieldValue, Fields, Json, PropertyValue};
pub use window::{Window, Within};
