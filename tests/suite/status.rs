//! Soft delete by a status column.

use crate::support::ddl::statuses;
use crate::support::each_engine;
use chrono::NaiveDateTime;
use diesel::deserialize::{FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::prelude::ExpressionMethods;
use diesel::serialize::{Output, ToSql};
use diesel::sql_types::Text;
use diesel::{Identifiable, QueryDsl, Queryable, Selectable, SelectableHelper};
use handleref::prelude::*;
use handleref::{Error, Outcome};
diesel::table! {
    orgs (id) {
        id -> Integer,
        name -> Text,
        status -> Nullable<Text>,
        created -> Timestamp,
        updated -> Timestamp,
    }
}
diesel::table! {
    jobs (id) {
        id -> Integer,
        state -> Text,
        rev -> Integer,
        deleted_at -> Nullable<Timestamp>,
    }
}

/// The seed's shape: a status text that may be blank or null, no version.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(table_name = orgs)]
pub struct Org {
    pub id: i32,
    pub name: String,
    #[handleref(status)]
    pub status: Option<String>,
    pub created: NaiveDateTime,
    pub updated: NaiveDateTime,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub enum State {
    Queued,
    Running,
    Dropped,
}

impl<DB> ToSql<Text, DB> for State
where
    DB: diesel::backend::Backend,
    str: ToSql<Text, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> diesel::serialize::Result {
        let name = match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Dropped => "dropped",
        };
        name.to_sql(out)
    }
}

impl<DB> FromSql<Text, DB> for State
where
    DB: diesel::backend::Backend,
    String: FromSql<Text, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
        match String::from_sql(bytes)?.as_str() {
            "queued" => Ok(Self::Queued),
            "running" => Ok(Self::Running),
            "dropped" => Ok(Self::Dropped),
            other => Err(format!("no such state: {other}").into()),
        }
    }
}

/// Roles by attribute: an enum that says what is deleted, and when beside it.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(table_name = jobs)]
pub struct Job {
    pub id: i32,
    #[handleref(status(deleted = State::Dropped, live = State::Queued))]
    pub state: State,
    #[handleref(version)]
    #[diesel(column_name = rev)]
    pub revision: i32,
    pub deleted_at: Option<NaiveDateTime>,
}

each_engine! {
    /// Everything but the deleted value is live: blank, null and unknown too.
    async fn a_status_text(db: statuses, conn) {
        for (id, status) in [(1, Some("ok")), (2, Some("pending")), (3, Some("")), (4, None), (5, Some("deleted"))] {
            go!(diesel::insert_into(orgs::table)
                .values((orgs::id.eq(id), orgs::name.eq("o"), orgs::status.eq(status)))
                .execute(conn))?;
        }
        macro_rules! live {
            () => {{
                let ids: Vec<i32> = go!(Org::undeleted().select(orgs::id).order(orgs::id).load(conn))?;
                ids
            }};
        }
        assert_eq!(live!(), [1, 2, 3, 4]);
        let deleted: Vec<i32> = go!(Org::deleted().select(orgs::id).load(conn))?;
        assert_eq!(deleted, [5]);
        assert_eq!(go!(handleref::delete(orgs::table.filter(orgs::id.ge(3))).execute(conn))?, 2);
        assert_eq!(live!(), [1, 2]);
        assert_eq!(go!(handleref::restore(orgs::table.find(4)).execute(conn))?, 1);
        let mut org: Org = go!(orgs::table.find(4).select(Org::as_select()).first(conn))?;
        assert_eq!(org.status.as_deref(), Some("ok"));
        assert!(org.updated >= org.created);
        // The status is the application's otherwise, and saved with the rest.
        org.status = Some("pending".to_owned());
        assert_eq!(go!(org.save(conn))?, Outcome::Written);
        assert_eq!(go!(org.save(conn))?, Outcome::Unchanged);
        org.status = Some("deleted".to_owned());
        assert!(matches!(go!(org.save(conn)), Err(Error::Deleted { .. })));
        go!(org.reload(conn))?;
        assert_eq!(go!(org.delete(conn))?, Outcome::Written);
        assert_eq!(org.status.as_deref(), Some("deleted"));
        assert_eq!(go!(org.delete(conn))?, Outcome::Unchanged);
    }

    /// A Rust enum, `deleted_at` stamped beside it, a renamed 32-bit version.
    async fn a_status_enum(db: statuses, conn) {
        for (id, state) in [(1, State::Running), (2, State::Dropped)] {
            go!(diesel::insert_into(jobs::table).values((jobs::id.eq(id), jobs::state.eq(state))).execute(conn))?;
        }
        let mut job: Job = go!(Job::undeleted().select(Job::as_select()).first(conn))?;
        assert_eq!((job.id, job.revision), (1, 1));
        assert_eq!(go!(job.delete(conn))?, Outcome::Written);
        assert_eq!((job.state, job.revision), (State::Dropped, 2));
        assert!(job.deleted_at.is_some());
        assert_eq!(job, go!(jobs::table.find(1).select(Job::as_select()).first::<Job>(conn))?);
        assert_eq!(go!(job.restore(conn))?, Outcome::Written);
        assert_eq!((job.state, job.revision, job.deleted_at), (State::Queued, 3, None));
        let since: Vec<i32> = go!(Job::since(2).select(jobs::id).load(conn))?;
        assert_eq!(since, [1]);
        assert_eq!(go!(handleref::delete(jobs::table).execute(conn))?, 1);
    }
}
