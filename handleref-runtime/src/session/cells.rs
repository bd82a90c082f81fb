//! Rows of any width, whose cells are read by type.

use crate::engine::row::AnyRow;
use chrono::NaiveDateTime;
use diesel::deserialize;
use diesel::result::{Error, QueryResult};
#[allow(unused_imports)]
use diesel::row::Field;

/// A value, as an engine sent it. No engine sends all of them.
#[allow(dead_code)]
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Bytes(Vec<u8>),
    Time(NaiveDateTime),
}

impl AnyRow<'_> {
    pub(crate) fn count(&self) -> usize {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(row) => row.count(),
            #[cfg(feature = "postgres_backend")]
            Self::Postgres(row) => row.count(),
            #[cfg(feature = "mysql_backend")]
            Self::Mysql(row) => row.count(),
            Self::Never(..) => 0,
        }
    }

    fn value(&self, at: usize) -> deserialize::Result<Cell> {
        // The cell without a value is null.
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(row) => match row.cell(at).as_ref().and_then(|it| it.value()) {
                Some(value) => super::decode::sqlite(value),
                None => Ok(Cell::Null),
            },
            #[cfg(feature = "postgres_backend")]
            Self::Postgres(row) => match row.cell(at).as_ref().and_then(|it| it.value()) {
                Some(value) => super::decode::postgres(value),
                None => Ok(Cell::Null),
            },
            #[cfg(feature = "mysql_backend")]
            Self::Mysql(row) => match row.cell(at).as_ref().and_then(|it| it.value()) {
                Some(value) => super::decode::mysql(value),
                None => Ok(Cell::Null),
            },
            Self::Never(..) => Ok(Cell::Null),
        }
    }
}

/// A type that a cell is read as. What is not of that type is an error.
pub(crate) trait FromCell: Sized {
    /// Reads a value.
    fn read(cell: Cell) -> Result<Self, Cell>;
}

impl FromCell for i64 {
    fn read(cell: Cell) -> Result<Self, Cell> {
        match cell {
            Cell::Integer(number) => Ok(number),
            other => Err(other),
        }
    }
}

/// A count.
impl FromCell for usize {
    fn read(cell: Cell) -> Result<Self, Cell> {
        match cell {
            Cell::Integer(number) => number.try_into().map_err(|_| cell),
            other => Err(other),
        }
    }
}

/// A truth: not every engine has a type for it.
impl FromCell for bool {
    fn read(cell: Cell) -> Result<Self, Cell> {
        match cell {
            Cell::Integer(number) => Ok(number != 0),
            other => Err(other),
        }
    }
}

impl FromCell for String {
    fn read(cell: Cell) -> Result<Self, Cell> {
        match cell {
            Cell::Text(text) => Ok(text),
            // What MySQL calls binary may be a text, such as that of a catalogue.
            Cell::Bytes(bytes) => {
                Self::from_utf8(bytes).map_err(|wrong| Cell::Bytes(wrong.into_bytes()))
            }
            other => Err(other),
        }
    }
}

/// In UTC; SQLite has it as a text.
impl FromCell for NaiveDateTime {
    fn read(cell: Cell) -> Result<Self, Cell> {
        match cell {
            Cell::Time(time) => Ok(time),
            Cell::Text(text) => crate::sql::parse_time(&text).ok_or(Cell::Text(text)),
            other => Err(other),
        }
    }
}

impl<T: FromCell> FromCell for Option<T> {
    fn read(cell: Cell) -> Result<Self, Cell> {
        match cell {
            Cell::Null => Ok(None),
            other => T::read(other).map(Some),
        }
    }
}

/// The first cells of a row.
#[derive(Debug)]
#[doc(hidden)]
pub struct Head(Vec<Cell>);

impl Head {
    pub(crate) fn of(row: &AnyRow<'_>, width: usize) -> QueryResult<Self> {
        let cell = |at| {
            row.value(at).map_err(|error| {
                let message = format!("column {} of a result: {error}", at + 1);
                Error::DeserializationError(message.into())
            })
        };
        (0..width).map(cell).collect::<QueryResult<_>>().map(Self)
    }

    /// What they are; all of them.
    pub(crate) fn read<T: FromCells>(self) -> QueryResult<T> {
        T::from_cells(self)
    }
}

/// The cells of a row, without so many at its beginning.
pub(crate) fn cells_after(row: &AnyRow<'_>, first: usize) -> QueryResult<Vec<Cell>> {
    let Head(mut cells) = Head::of(row, row.count())?;
    Ok(cells.split_off(first.min(cells.len())))
}

/// The names of the columns of a row.
pub(crate) fn names(row: &AnyRow<'_>) -> Vec<String> {
    let name = |at: usize| match row {
        #[cfg(feature = "sqlite")]
        AnyRow::Sqlite(row) => row
            .cell(at)
            .and_then(|it| it.field_name().map(str::to_owned)),
        #[cfg(feature = "postgres_backend")]
        AnyRow::Postgres(row) => row
            .cell(at)
            .and_then(|it| it.field_name().map(str::to_owned)),
        #[cfg(feature = "mysql_backend")]
        AnyRow::Mysql(row) => row
            .cell(at)
            .and_then(|it| it.field_name().map(str::to_owned)),
        AnyRow::Never(..) => None,
    };
    (0..row.count())
        .map(|at| name(at).unwrap_or_default())
        .collect()
}

/// What a row of a known width is read as.
pub(crate) trait FromCells: Sized + Send {
    /// Reads a row.
    fn from_cells(row: Head) -> QueryResult<Self>;
}

fn cell<T: FromCell>(at: usize, value: Cell) -> QueryResult<T> {
    let wrong = |what: &str| {
        let wanted = std::any::type_name::<T>();
        let message = format!("column {} of a result is no {wanted}: {what}", at + 1);
        Error::DeserializationError(message.into())
    };
    T::read(value).map_err(|cell| {
        // Without the value, which may be a secret.
        wrong(match cell {
            Cell::Null => "it is null",
            Cell::Integer(_) => "it is an integer",
            Cell::Real(_) => "it is a number with a fraction",
            Cell::Text(_) => "it is another text",
            Cell::Bytes(_) => "it is binary",
            Cell::Time(_) => "it is a time",
        })
    })
}

fn width(found: usize, wanted: usize) -> Error {
    let message = format!("a result has {found} columns instead of {wanted}");
    Error::DeserializationError(message.into())
}

macro_rules! tuples {
    ($($len:literal: $($cell:ident $at:tt)+;)*) => { $(
        impl<$($cell: FromCell + Send),+> FromCells for ($($cell,)+) {
            #[allow(non_snake_case)]
            fn from_cells(Head(cells): Head) -> QueryResult<Self> {
                let cells: [Cell; $len] = cells
                    .try_into()
                    .map_err(|cells: Vec<_>| width(cells.len(), $len))?;
                let [$($cell),+] = cells;
                Ok(($(cell($at, $cell)?,)+))
            }
        }
    )* };
}
tuples! {
    1: A 0;
    2: A 0 B 1;
    3: A 0 B 1 C 2;
    4: A 0 B 1 C 2 D 3;
    5: A 0 B 1 C 2 D 3 E 4;
    6: A 0 B 1 C 2 D 3 E 4 F 5;
    7: A 0 B 1 C 2 D 3 E 4 F 5 G 6;
    8: A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7;
    9: A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8;
    10: A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9;
}

/// As many as there are.
impl<T: FromCell + Send> FromCells for Vec<T> {
    fn from_cells(Head(cells): Head) -> QueryResult<Self> {
        let cells = cells.into_iter().enumerate();
        cells.map(|(at, value)| cell(at, value)).collect()
    }
}
