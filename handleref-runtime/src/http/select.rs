//! Which rows are meant, in which order, and from where on.

use super::call::Call;
use super::problem::Problem;
use super::routes::Endpoint;
use super::server::Order;
use crate::any::{AnyInstance, AnyKey, AnyModel};
use crate::engine::Kind;
use crate::model::lives_sql;
use crate::sql::{Raw, Sql, fnv1a, literal_sql, quoted, raw};
use crate::time::{Instant, clamp_storable};
use chrono::{DateTime, NaiveDateTime, Utc};
use serde_json::Value;

/// Which rows, by their life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Live,
    Deleted,
    All,
}

impl Which {
    pub(super) fn of(endpoint: Endpoint) -> Self {
        match endpoint {
            Endpoint::ListDeleted | Endpoint::ReadDeleted | Endpoint::BulkRestore => Self::Deleted,
            Endpoint::ListAll | Endpoint::ReadAny => Self::All,
            _ => Self::Live,
        }
    }

    pub(super) fn has(self, is_deleted: bool) -> bool {
        match self {
            Self::Live => !is_deleted,
            Self::Deleted => is_deleted,
            Self::All => true,
        }
    }
}

/// The condition of the rows that a request is about.
///
/// # Errors
/// 400 if a parameter cannot be read.
pub(super) fn condition(call: &Call, kind: Kind, which: Which) -> Result<Sql<'static>, Problem> {
    let roles = call.server.model.roles();
    let lives = lives_sql(kind, roles, "");
    let mut all = match which {
        Which::Live => Sql::new("").made(lives),
        Which::Deleted => Sql::new("").made(raw!("NOT ({lives})", lives)),
        Which::All => Sql::new("1 = 1"),
    };
    for filter in &call.server.filters {
        let mut either = Sql::new(" AND (");
        let mut any = false;
        for text in call.query.all(filter.name) {
            let Some(part) = (filter.read)(text) else {
                let detail = format!("`{}` must be {}", filter.name, filter.expected);
                let what = format!("must be {}", filter.expected);
                return Err(Problem::bad_request(detail).field(filter.name, what));
            };
            either = either.sql(if any { " OR (" } else { "(" });
            either = either.fragment(part).sql(")");
            any = true;
        }
        if any {
            all = all.append(either.sql(")"));
        }
    }
    for (name, after) in [("since", true), ("until", false)] {
        if let Some(text) = call.query.one(name) {
            all = all
                .sql(" AND (")
                .append(bound(call, kind, name, text, after)?);
            all = all.sql(")");
        }
    }
    Ok(all)
}

pub(super) fn unknown(name: &str) -> Problem {
    let detail = format!("there is no `{name}` here, or not for this user");
    Problem::bad_request(detail).field(name, "is not known")
}

/// A version, `v12`, or an instant: RFC 3339, or Unix seconds.
pub(super) enum Bound {
    Version(i64),
    Time(NaiveDateTime),
}

/// What `since`, `until` and `as_of` take.
pub(super) fn moment(name: &str, text: &str) -> Result<Bound, Problem> {
    let version = text.strip_prefix('v').and_then(|text| text.parse().ok());
    let seconds = || text.parse::<f64>().ok().filter(|it| it.is_finite());
    let instant = || DateTime::parse_from_rfc3339(text).ok();
    if let Some(version) = version {
        return Ok(Bound::Version(version));
    }
    if let Some(seconds) = seconds() {
        let instant = crate::time::Unix(seconds).to_utc();
        return Ok(Bound::Time(clamp_storable(instant)));
    }
    match instant() {
        Some(instant) => Ok(Bound::Time(clamp_storable(instant.naive_utc()))),
        None => {
            let what = "must be an instant of RFC 3339 such as 2026-11-25T10:00:00Z, Unix seconds, or a version such as v12";
            Err(Problem::bad_request(format!("`{name}` {what}")).field(name, what))
        }
    }
}

fn bound(
    call: &Call,
    kind: Kind,
    name: &str,
    text: &str,
    after: bool,
) -> Result<Sql<'static>, Problem> {
    let roles = call.server.model.roles();
    let lacks = |what: &str| {
        let detail = format!("rows of this model have no {what} that `{name}` could be about");
        Problem::bad_request(detail).field(name, format!("rows have no {what}"))
    };
    match moment(name, text)? {
        Bound::Version(version) => {
            let (column, _) = roles.version.ok_or_else(|| lacks("version"))?;
            let sql = Sql::new("").name(column);
            Ok(sql.sql(if after { " > " } else { " <= " }).bind(version))
        }
        Bound::Time(instant) => {
            let columns = [roles.created_at, roles.updated_at].into_iter().flatten();
            let tests: Vec<Raw> = columns
                .map(|(column, time)| {
                    let column = quoted(kind, column);
                    let instant = literal_sql(kind, time, instant);
                    raw!("{column} > {instant}", column, instant)
                })
                .collect();
            if tests.is_empty() {
                return Err(lacks("time"));
            }
            let tests = Raw::join(tests, " OR ");
            // A time that is null is after nothing.
            Ok(match after {
                true => Sql::once(tests),
                false => Sql::once(raw!("({tests}) IS NOT TRUE", tests)),
            })
        }
    }
}

/// The instant of `as_of`.
///
/// # Errors
/// 400 if it cannot be read or has not come yet.
pub(super) fn as_of(call: &Call) -> Result<Option<DateTime<Utc>>, Problem> {
    let Some(text) = call.query.one("as_of") else {
        return Ok(None);
    };
    let Bound::Time(instant) = moment("as_of", text)? else {
        let what = "must be an instant; a version is at /history/{key}/{version}/";
        return Err(Problem::bad_request(format!("`as_of` {what}")).field("as_of", what));
    };
    let instant = instant.and_utc();
    if instant > Utc::now() {
        let what = "has not come yet";
        return Err(Problem::bad_request(format!("`as_of` {what}")).field("as_of", what));
    }
    Ok(Some(instant))
}

/// One column of an order.
struct By<'a> {
    order: &'a Order,
    falling: bool,
    /// Whether there may be nulls, which come last.
    nulls: bool,
}

/// In which order rows come, and behind which one a page begins.
pub(super) struct Paging<'a> {
    call: &'a Call,
    by: Vec<By<'a>>,
    after: Option<(Vec<Value>, AnyKey)>,
}

impl<'a> Paging<'a> {
    /// # Errors
    /// 400 if the order is not known, or the cursor is of another list.
    pub(super) fn of(call: &'a Call, on: &dyn AnyModel) -> Result<Self, Problem> {
        let mut by = Vec::new();
        let names = call.query.one("order").unwrap_or_default();
        for name in names.split(',').filter(|name| !name.is_empty()) {
            let plain = name.strip_prefix('-').unwrap_or(name);
            let found = call.server.orders.iter().find(|it| it.name == plain);
            let order = found.filter(|_| !call.is_hidden(plain));
            let order = order.ok_or_else(|| unknown(plain))?;
            by.push(By {
                order,
                falling: name.starts_with('-'),
                nulls: call.server.model.is_nullable(order.column),
            });
        }
        let mut paging = Self {
            call,
            by,
            after: None,
        };
        if let Some(text) = call.query.one("cursor") {
            let read = paging.read(on, text);
            paging.after = Some(read.ok_or_else(|| {
                let what = "is not one of this list with these filters and this order";
                Problem::bad_request(format!("`cursor` {what}")).field("cursor", what)
            })?);
        }
        Ok(paging)
    }

    /// What a cursor must be of.
    fn fingerprint(&self) -> u32 {
        let endpoint = self.call.endpoint;
        let model = self.call.server.model.name();
        fnv1a(&format!(
            "{model} {endpoint:?} {}",
            self.call.query.fingerprint()
        ))
    }

    /// The cursor behind a row.
    pub(super) fn cursor(&self, row: &dyn AnyInstance) -> Option<String> {
        let values = self.by.iter().map(|by| (by.order.value)(row));
        let values = values.collect::<Option<Vec<Value>>>()?;
        let text = serde_json::to_string(&(self.fingerprint(), values, row.key())).ok()?;
        let text = format!("{:08x}{text}", fnv1a(&text));
        Some(text.bytes().map(|byte| format!("{byte:02x}")).collect())
    }

    fn read(&self, on: &dyn AnyModel, cursor: &str) -> Option<(Vec<Value>, AnyKey)> {
        let digits = cursor.as_bytes().chunks(2);
        let bytes = digits.map(|pair| {
            let text = std::str::from_utf8(pair).ok().filter(|it| it.len() == 2)?;
            u8::from_str_radix(text, 16).ok()
        });
        let text = String::from_utf8(bytes.collect::<Option<Vec<u8>>>()?).ok()?;
        let (sum, text) = text.split_at_checked(8)?;
        if sum != format!("{:08x}", fnv1a(text)) {
            return None;
        }
        let (fingerprint, values, key): (u32, Vec<Value>, String) =
            serde_json::from_str(text).ok()?;
        let is_of_this = fingerprint == self.fingerprint() && values.len() == self.by.len();
        Some((values, on.key(&key).filter(|_| is_of_this)?))
    }

    /// Adds the condition of the rows behind the cursor, the order and the limit.
    ///
    /// # Errors
    /// 400 if a value of the cursor is not of its column.
    pub(super) fn write<'s>(
        &'s self,
        kind: Kind,
        mut sql: Sql<'s>,
        rows: u32,
    ) -> Result<Sql<'s>, Problem> {
        if let Some((values, key)) = &self.after {
            sql = sql.sql(" AND (");
            for (at, by) in self.by.iter().enumerate() {
                if by.ends_with(&values[at]) {
                    continue;
                }
                sql = self.equal(kind, sql.sql("("), &values[..at])?;
                sql = by.beyond(kind, sql, &values[at])?.sql(") OR ");
            }
            sql = self.equal(kind, sql.sql("("), values)?;
            let names = self.key(kind);
            sql = sql.made(raw!("({}) > (", [Raw::join(names, ", ")]));
            sql = sql.typed(&key.values).sql(")))");
        }
        let mut all = Vec::new();
        for by in &self.by {
            let column = quoted(kind, by.order.column);
            if by.nulls {
                all.push(raw!("{column} IS NULL", column));
            }
            all.push(match by.falling {
                true => raw!("{column} DESC", column),
                false => column,
            });
        }
        all.extend(self.key(kind));
        let order = raw!(" ORDER BY {} LIMIT ", [Raw::join(all, ", ")]);
        Ok(sql.made(order).bind(i64::from(rows)))
    }

    fn key(&self, kind: Kind) -> Vec<Raw> {
        let names = self.call.server.model.key().iter();
        names.map(|name| quoted(kind, name)).collect()
    }

    /// `a = 1 AND b = 2 AND `
    fn equal<'s>(
        &self,
        kind: Kind,
        mut sql: Sql<'s>,
        values: &[Value],
    ) -> Result<Sql<'s>, Problem> {
        for (by, value) in self.by.iter().zip(values) {
            let column = quoted(kind, by.order.column);
            sql = match value.is_null() {
                true => sql.made(raw!("{column} IS NULL", column)),
                false => by.bound(sql.made(raw!("{column} = ", column)), value)?,
            };
            sql = sql.sql(" AND ");
        }
        Ok(sql)
    }
}

impl By<'_> {
    /// Whether nothing comes behind this value but what equals it.
    fn ends_with(&self, value: &Value) -> bool {
        value.is_null()
    }

    /// What comes behind a value that is not null.
    fn beyond<'s>(&self, kind: Kind, sql: Sql<'s>, value: &Value) -> Result<Sql<'s>, Problem> {
        let column = quoted(kind, self.order.column);
        let than = if self.falling { "<" } else { ">" };
        let sql = sql.sql("(").made(raw!("{column} {than} ", column, than));
        let sql = self.bound(sql, value)?;
        Ok(match self.nulls {
            true => sql.made(raw!(" OR {column} IS NULL)", column)),
            false => sql.sql(")"),
        })
    }

    fn bound<'s>(&self, sql: Sql<'s>, value: &Value) -> Result<Sql<'s>, Problem> {
        let bound = (self.order.bind)(value.clone());
        let bound =
            bound.ok_or_else(|| Problem::bad_request("`cursor` is not one of this list"))?;
        Ok(sql.fragment(bound))
    }
}
