//! Values of the application: enums that are texts, JSON with a type, and prices.

use std::error::Error;

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{Numeric, Text};
use diesel::sqlite::{Sqlite, SqliteValue};
use serde::{Deserialize, Serialize};

macro_rules! text_enum {
    ($(#[doc = $doc:literal])* $name:ident { $($variant:ident = $text:literal),* }) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, FromSqlRow, AsExpression)]
        #[diesel(sql_type = Text)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($variant),* }

        impl<DB> ToSql<Text, DB> for $name
        where
            DB: diesel::backend::Backend,
            str: ToSql<Text, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                match self { $(Self::$variant => $text.to_sql(out)),* }
            }
        }

        impl<DB> FromSql<Text, DB> for $name
        where
            DB: diesel::backend::Backend,
            String: FromSql<Text, DB>,
        {
            fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
                match String::from_sql(value)?.as_str() {
                    $($text => Ok(Self::$variant),)*
                    other => Err(format!("no {}: {other}", stringify!($name)).into()),
                }
            }
        }
    };
}

text_enum! {
    /// What a member may do.
    Role { Reader = "reader", Editor = "editor", Admin = "admin" }
}

text_enum! {
    /// Whether a book can be bought.
    Status { Draft = "draft", OnSale = "on_sale", SoldOut = "sold_out" }
}

/// What a member has chosen; JSON in the database.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, FromSqlRow, AsExpression,
)]
#[diesel(sql_type = Text)]
#[cfg_attr(feature = "postgres", diesel(sql_type = diesel::sql_types::Jsonb))]
pub struct Settings {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub theme: Option<String>,
}

/// Money, in cents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, FromSqlRow, AsExpression)]
#[diesel(sql_type = Numeric)]
pub struct Price(pub i64);

impl Price {
    fn read(text: &str) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let cents: String = part.chars().chain("00".chars()).take(2).collect();
        Ok(Self(whole.parse::<i64>()? * 100 + cents.parse::<i64>()?))
    }
}

impl ToSql<Text, Sqlite> for Settings {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(serde_json::to_string(self)?);
        Ok(IsNull::No)
    }
}

impl FromSql<Text, Sqlite> for Settings {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(serde_json::from_str(
            &<String as FromSql<Text, Sqlite>>::from_sql(value)?,
        )?)
    }
}

impl ToSql<Numeric, Sqlite> for Price {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        // Whole cents below 90 billions are exact.
        out.set_value(format!("{}.{:02}", self.0 / 100, self.0 % 100).parse::<f64>()?);
        Ok(IsNull::No)
    }
}

impl FromSql<Numeric, Sqlite> for Price {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        let value = <f64 as FromSql<diesel::sql_types::Double, Sqlite>>::from_sql(value)?;
        Self::read(&format!("{value:.2}"))
    }
}

#[cfg(feature = "postgres")]
mod on_postgres {
    use super::*;
    use diesel::pg::data_types::PgNumeric;
    use diesel::pg::{Pg, PgValue};
    use diesel::sql_types::Jsonb;
    use std::io::Write as _;

    impl ToSql<Jsonb, Pg> for Settings {
        fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
            out.write_all(&[1])?; // the version of the form
            serde_json::to_writer(out, self)?;
            Ok(IsNull::No)
        }
    }

    impl FromSql<Jsonb, Pg> for Settings {
        fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
            Ok(serde_json::from_slice(&value.as_bytes()[1..])?)
        }
    }

    impl ToSql<Numeric, Pg> for Price {
        fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
            let digit = |number: i64| i16::try_from(number % 10_000);
            let (whole, cents) = (self.0 / 100, self.0 % 100);
            // Digits of base 10,000, the last one behind the point.
            let digits = vec![digit(whole / 10_000)?, digit(whole)?, digit(cents * 100)?];
            let number = PgNumeric::Positive {
                weight: 1,
                scale: 2,
                digits,
            };
            ToSql::<Numeric, Pg>::to_sql(&number, &mut out.reborrow())
        }
    }

    impl FromSql<Numeric, Pg> for Price {
        fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
            let PgNumeric::Positive { weight, digits, .. } = PgNumeric::from_sql(value)? else {
                return Err("no price".into());
            };
            // The digit at the place 0 is that of the ones, the one at -1 has the cents.
            let at = |place: i16| {
                let index = usize::try_from(weight - place).ok();
                i64::from(
                    index
                        .and_then(|index| digits.get(index))
                        .copied()
                        .unwrap_or(0),
                )
            };
            Ok(Self((at(1) * 10_000 + at(0)) * 100 + at(-1) / 100))
        }
    }
}
