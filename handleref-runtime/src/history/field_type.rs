//! What is known of the fields of recorded models: which refer to other models,
//! and how texts become their values.

use super::model::Recorded;
use super::value::{Fields, Json};
use crate::error::Error;
use serde_json::Value;
use std::any::TypeId;
use std::fmt;

/// A field of a recorded model; also of one whose values are not recorded.
///
/// ```text
/// let topic = FieldType::for_field::<Article>("topic_id")?;
/// assert_eq!(topic.related(), Some("Topic"));
/// assert_eq!(topic.clean_value(Some("7"))?, json!(7));
/// ```
#[derive(Clone, Copy, serde::Serialize)]
#[non_exhaustive]
pub struct FieldType {
    /// The name of the model's struct.
    pub model: &'static str,
    /// The name of the struct's field; of a link, the name of the link model.
    pub field: &'static str,
    /// The column's SQL name; a link has none, and it is empty.
    pub column: &'static str,
    /// Whether it refers to another model, and to which.
    pub kind: FieldKind,
    #[serde(skip)]
    clean: Clean,
}

type Clean = fn(&FieldType, Option<&str>) -> Result<Value, String>;

/// Whether a field refers to another model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FieldKind {
    /// It does not.
    Value,
    /// It is the foreign key to a model, or one column of it.
    ForeignKey {
        /// The model's name.
        to: &'static str,
    },
    /// It stands for the rows of another model that a link joins to a row
    /// (many-to-many).
    Link {
        /// The other model's name.
        to: &'static str,
        /// The link model's name.
        through: &'static str,
    },
}

impl FieldType {
    /// The field of `M` with this name, or with this column.
    ///
    /// ```text
    /// FieldType::for_field::<Article>("title")?;
    /// ```
    ///
    /// Links are not among the fields of one model; see [`field_types`].
    ///
    /// # Errors
    /// [`Error::NoField`] if there is none.
    pub fn for_field<M>(name: &str) -> Result<Self, Error>
    where
        M: Recorded + Fields<Json>,
    {
        let fields: Vec<_> = own::<M>().collect();
        find::<M>(&fields, name).copied()
    }

    /// Whether the field is a foreign key, or one column of it.
    #[doc(alias = "is_fk")]
    pub const fn is_foreign_key(&self) -> bool {
        matches!(self.kind, FieldKind::ForeignKey { .. })
    }

    /// Whether the field stands for a link (many-to-many).
    #[doc(alias = "is_m2m")]
    pub const fn is_link(&self) -> bool {
        matches!(self.kind, FieldKind::Link { .. })
    }

    /// The name of the model that the field refers to.
    #[doc(alias = "rel_content_type")]
    pub const fn related(&self) -> Option<&'static str> {
        match self.kind {
            FieldKind::Value => None,
            FieldKind::ForeignKey { to } | FieldKind::Link { to, .. } => Some(to),
        }
    }

    /// Reads a text as a value of the field; `None` is null, and an empty text
    /// is not.
    ///
    /// The field's type is read by `FromStr` or by `serde::Deserialize` (from
    /// the text, or from JSON in it); bytes are hexadecimal digits. The value
    /// is what serde makes of the type.
    ///
    /// ```text
    /// let views = FieldType::for_field::<Article>("views")?;
    /// assert_eq!(views.clean_value(Some("17"))?, json!(17));
    /// assert!(views.clean_value(Some("many")).is_err());
    /// ```
    ///
    /// # Errors
    /// [`CleanError`] if the text is no value of the field's type, if that type
    /// cannot be read from text, if it has no null, and for every link.
    pub fn clean_value(&self, text: Option<&str>) -> Result<Value, CleanError> {
        (self.clean)(self, text).map_err(|message| CleanError {
            model: self.model,
            field: self.field,
            text: text.map(str::to_owned),
            message,
        })
    }

    fn parts(&self) -> (&str, &str, &str, FieldKind) {
        (self.model, self.field, self.column, self.kind)
    }
}

impl PartialEq for FieldType {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}
impl Eq for FieldType {}

impl fmt::Debug for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FieldType")
            .field("model", &self.model)
            .field("field", &self.field)
            .field("column", &self.column)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// A text that is no value of a field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is no value of `{field}` of {model}: {message}", quoted_or_null(.text))]
#[non_exhaustive]
pub struct CleanError {
    /// The name of the model's struct.
    pub model: &'static str,
    /// The name of the struct's field.
    pub field: &'static str,
    /// The text; `None` is null.
    pub text: Option<String>,
    /// What is wrong with it.
    pub message: String,
}

fn quoted_or_null(text: &Option<String>) -> String {
    let text = text.as_ref();
    text.map_or_else(|| "null".to_owned(), |text| format!("{text:?}"))
}

/// The fields of several models; see [`field_types`].
#[derive(Debug, Clone, Default)]
pub struct FieldTypes {
    fields: Vec<FieldType>,
    models: Vec<TypeId>,
}

/// The fields of `Models`, and the links between them: one recorded model or a
/// tuple of up to eight, which may be tuples themselves.
///
/// ```text
/// let types = field_types::<(Topic, Article, ArticleTag, Tag)>();
/// let link = types.for_field::<Article>("ArticleTag")?;
/// assert_eq!(link.related(), Some("Tag"));
/// ```
///
/// A model with two references that are its primary key is a link, or one
/// with `#[recorded(link)]`. It has its two foreign keys; in addition the first
/// of the two models has a field of the kind [`FieldKind::Link`] with the name
/// of the link.
pub fn field_types<Models: ModelList>() -> FieldTypes {
    let mut types = FieldTypes::default();
    Models::add_to(&mut types);
    types
}

impl FieldTypes {
    /// All of them, in the order of the models.
    pub fn iter(&self) -> std::slice::Iter<'_, FieldType> {
        self.fields.iter()
    }

    /// The field of `M` with this name, or with this column; also a link.
    ///
    /// ```text
    /// types.for_field::<Article>("title")?;
    /// ```
    ///
    /// # Errors
    /// [`Error::NoField`] if there is none, or if `M` is not among the models.
    pub fn for_field<M: Recorded>(&self, name: &str) -> Result<&FieldType, Error> {
        find::<M>(&self.fields, name)
    }

    /// The fields of `M` and its links; and, if `related`, also the foreign
    /// keys and the links of the other models that refer to `M`.
    ///
    /// ```text
    /// // `Topic.id`, `Topic.name`, and `Article.topic_id`
    /// types.get_by_model::<Topic>(true);
    /// ```
    pub fn get_by_model<M: Recorded>(&self, related: bool) -> Vec<&FieldType> {
        let name = M::RECORDED_NAME;
        let own = self.iter().filter(|it| it.model == name);
        let refers = |it: &&FieldType| it.model != name && it.related() == Some(name);
        let others = self.iter().filter(|it| related && refers(it));
        own.chain(others).collect()
    }

    fn add<M: Recorded + Fields<Json>>(&mut self) {
        if self.models.contains(&TypeId::of::<M>()) {
            return;
        }
        self.models.push(TypeId::of::<M>());
        self.fields.extend(own::<M>());
        self.fields.extend(link::<M>());
    }
}

/// One recorded model, or a tuple of models.
#[diagnostic::on_unimplemented(
    message = "the fields of `{Self}` are not known",
    note = "name one model that derives `Recorded`, with fields that implement `serde::Serialize`, or a tuple of up to eight of them: `field_types::<(Topic, Article)>()`"
)]
pub trait ModelList {
    /// Adds the fields of each model.
    #[doc(hidden)]
    fn add_to(types: &mut FieldTypes);
}

impl<M: Recorded + Fields<Json>> ModelList for M {
    fn add_to(types: &mut FieldTypes) {
        types.add::<M>();
    }
}

macro_rules! tuples {
    ($($($model:ident)+;)*) => { $(
        impl<$($model: ModelList),+> ModelList for ($($model,)+) {
            fn add_to(types: &mut FieldTypes) {
                $( $model::add_to(types); )+
            }
        }
    )* };
}
tuples! {
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
    A B C D E F G;
    A B C D E F G H;
}

/// The fields of a model's struct.
fn own<M: Recorded + Fields<Json>>() -> impl Iterator<Item = FieldType> {
    let columns = M::RECORDING.columns.iter();
    columns.zip(M::FIELDS).map(|(column, field)| FieldType {
        model: M::RECORDED_NAME,
        field,
        column: column.name,
        kind: kind::<M>(column.name),
        clean: clean::<M>,
    })
}

/// Of several references, the one with the fewest columns says most.
fn kind<M: Recorded>(column: &str) -> FieldKind {
    let references = M::RECORDING.references.iter();
    references
        .filter(|reference| reference.columns.contains(&column))
        .min_by_key(|reference| reference.columns.len())
        .map_or(FieldKind::Value, |reference| FieldKind::ForeignKey {
            to: reference.model,
        })
}

/// What a link is to the first of its two models.
fn link<M: Recorded>() -> Option<FieldType> {
    let through = M::RECORDED_NAME;
    match M::RECORDING.references {
        [owner, other] if M::RECORDING.link => Some(FieldType {
            model: owner.model,
            field: through,
            column: "",
            kind: FieldKind::Link {
                to: other.model,
                through,
            },
            clean: |_, _| Err("a link is rows of the link model, not a value".into()),
        }),
        _ => None,
    }
}

fn clean<M: Recorded + Fields<Json>>(
    field: &FieldType,
    text: Option<&str>,
) -> Result<Value, String> {
    let at = M::FIELDS.iter().position(|it| *it == field.field);
    // A place that no field has.
    M::clean(at.unwrap_or(usize::MAX), text)
}

/// A field of `M`; the name of the struct's field goes before that of a column.
fn find<'a, M: Recorded>(fields: &'a [FieldType], name: &str) -> Result<&'a FieldType, Error> {
    let model = M::RECORDED_NAME;
    let of_model = || fields.iter().filter(|it| it.model == model);
    of_model()
        .find(|it| it.field == name)
        .or_else(|| of_model().find(|it| it.column == name && !it.is_link()))
        .ok_or_else(|| Error::NoField {
            model,
            field: name.to_owned(),
        })
}
