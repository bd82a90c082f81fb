//! A request that writes: one changeset, whatever is in it.

use super::bulk::{self, Goal};
use super::call::Call;
use super::change;
use super::failure::Refused;
use super::problem::Problem;
use super::read::key;
use super::revert;
use super::routes::Endpoint;
use crate::any::AnyKey;
use crate::changeset::Open;
use crate::engine::Typed;
use crate::history::ChangesetNo;
use crate::session::Session;
use axum::response::Response;

/// What is to be written, as far as the request alone says it.
enum Wanted {
    Insert(Typed<'static>),
    Row(AnyKey),
    Rows(Goal),
    Revert,
}

pub(super) async fn write(call: &Call, conn: &mut dyn Session) -> Result<Response, Refused> {
    // What is refused anyway opens no transaction.
    let wanted = match call.endpoint {
        Endpoint::Create => Wanted::Insert(change::insert(call)?),
        Endpoint::BulkDelete | Endpoint::BulkRestore => Wanted::Rows(bulk::goal(call, conn)?),
        Endpoint::Revert => Wanted::Revert,
        _ => Wanted::Row(key(call, conn)?),
    };
    let mut open = Open::begin(conn, &call.meta()).await?;
    let changeset = open.changeset();
    let result = written(call, open.conn(), changeset, &wanted).await;
    let (response, _) = open.end(result).await?;
    Ok(response)
}

async fn written(
    call: &Call,
    conn: &mut dyn Session,
    changeset: ChangesetNo,
    wanted: &Wanted,
) -> Result<Response, Refused> {
    match (wanted, call.endpoint) {
        (Wanted::Insert(insert), _) => change::create(call, conn, changeset, insert).await,
        (Wanted::Rows(goal), _) => bulk::change(call, conn, *goal, changeset).await,
        (Wanted::Revert, _) => revert::apply(call, conn).await,
        (Wanted::Row(key), Endpoint::Replace | Endpoint::Update) => {
            change::update(call, conn, key).await
        }
        (Wanted::Row(key), Endpoint::Delete) => change::delete(call, conn, key).await,
        (Wanted::Row(key), Endpoint::Restore) => change::restore(call, conn, key).await,
        (Wanted::Row(_), _) => Err(Problem::internal().into()),
    }
}
