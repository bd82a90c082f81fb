//! What the engines send, by the types that they say.

use super::cells::Cell;
use diesel::deserialize::{self, FromSql};
#[allow(unused_imports)]
use diesel::sql_types::{BigInt, Binary, Bool, Double, Float, Integer, SmallInt, Text};

#[cfg(feature = "sqlite")]
pub(super) fn sqlite(
    value: <diesel::sqlite::Sqlite as diesel::backend::Backend>::RawValue<'_>,
) -> deserialize::Result<Cell> {
    use diesel::sqlite::{Sqlite, SqliteType};
    Ok(match value.value_type() {
        None => Cell::Null,
        Some(SqliteType::Integer | SqliteType::SmallInt | SqliteType::Long) => {
            Cell::Integer(FromSql::<BigInt, Sqlite>::from_sql(value)?)
        }
        Some(SqliteType::Float | SqliteType::Double) => {
            Cell::Real(FromSql::<Double, Sqlite>::from_sql(value)?)
        }
        Some(SqliteType::Text) => Cell::Text(FromSql::<Text, Sqlite>::from_sql(value)?),
        Some(SqliteType::Binary) => Cell::Bytes(FromSql::<Binary, Sqlite>::from_sql(value)?),
    })
}

/// By the numbers of its built-in types, which are fixed. Enumerations, domains
/// and the types of extensions have others, and are sent as texts.
#[cfg(feature = "postgres_backend")]
pub(super) fn postgres(value: diesel::pg::PgValue<'_>) -> deserialize::Result<Cell> {
    use chrono::NaiveDateTime;
    use diesel::pg::Pg;
    use diesel::sql_types::{Oid, Timestamp, Timestamptz};
    const FIRST_OF_USERS: u32 = 16_384;
    Ok(match value.get_oid().get() {
        16 => Cell::Integer(<bool as FromSql<Bool, Pg>>::from_sql(value)?.into()),
        17 => Cell::Bytes(FromSql::<Binary, Pg>::from_sql(value)?),
        20 => Cell::Integer(FromSql::<BigInt, Pg>::from_sql(value)?),
        21 => Cell::Integer(<i16 as FromSql<SmallInt, Pg>>::from_sql(value)?.into()),
        23 => Cell::Integer(<i32 as FromSql<Integer, Pg>>::from_sql(value)?.into()),
        26 => Cell::Integer(<u32 as FromSql<Oid, Pg>>::from_sql(value)?.into()),
        700 => Cell::Real(<f32 as FromSql<Float, Pg>>::from_sql(value)?.into()),
        701 => Cell::Real(FromSql::<Double, Pg>::from_sql(value)?),
        // "char", name, text, json, unknown, char, varchar
        18 | 19 | 25 | 114 | 705 | 1042 | 1043 | FIRST_OF_USERS.. => {
            Cell::Text(FromSql::<Text, Pg>::from_sql(value)?)
        }
        1114 => Cell::Time(<NaiveDateTime as FromSql<Timestamp, Pg>>::from_sql(value)?),
        1184 => Cell::Time(<NaiveDateTime as FromSql<Timestamptz, Pg>>::from_sql(
            value,
        )?),
        oid => return Err(format!("the type {oid} has to be cast").into()),
    })
}

#[cfg(feature = "mysql_backend")]
pub(super) fn mysql(value: diesel::mysql::MysqlValue<'_>) -> deserialize::Result<Cell> {
    use chrono::NaiveDateTime;
    use diesel::mysql::{Mysql, MysqlType as Type};
    use diesel::sql_types::{Datetime, Unsigned};
    Ok(match value.value_type() {
        Type::Tiny
        | Type::UnsignedTiny
        | Type::Short
        | Type::UnsignedShort
        | Type::Long
        | Type::UnsignedLong
        | Type::LongLong => Cell::Integer(FromSql::<BigInt, Mysql>::from_sql(value)?),
        Type::UnsignedLongLong => {
            let number = <u64 as FromSql<Unsigned<BigInt>, Mysql>>::from_sql(value)?;
            Cell::Integer(number.try_into()?)
        }
        // What `SUM` gives, and `MAX` of a sum.
        Type::Numeric => {
            let text = std::str::from_utf8(value.as_bytes())?;
            text.parse()
                .map(Cell::Integer)
                .or_else(|_| text.parse().map(Cell::Real))?
        }
        Type::Float | Type::Double => Cell::Real(FromSql::<Double, Mysql>::from_sql(value)?),
        Type::DateTime | Type::Timestamp | Type::Date => Cell::Time(<NaiveDateTime as FromSql<
            Datetime,
            Mysql,
        >>::from_sql(value)?),
        Type::String | Type::Enum | Type::Set => {
            Cell::Text(FromSql::<Text, Mysql>::from_sql(value)?)
        }
        Type::Blob | Type::Bit => Cell::Bytes(value.as_bytes().to_vec()),
        other => return Err(format!("the type {other:?} has to be cast").into()),
    })
}
