//! What `--skip` and `--take` say.

use super::Args;
use crate::changeset::{ChangesetNo, Undo};
use crate::history::ObjectRef;
use crate::manage::failure::Failure;
use crate::manage::object::Target;
use crate::registry::{Registered, Registry};
use crate::session::Session;

/// What is asked for, with all answers.
pub(super) fn request(
    args: &Args,
    registry: &Registry,
    conn: &dyn Session,
) -> Result<Undo<Registered>, Failure> {
    let mut undo = registry
        .undo_plan(ChangesetNo(args.changeset))
        .meta(args.signed.meta());
    for text in &args.skip {
        undo = undo.without(&object(registry, conn, text)?);
    }
    for text in &args.take {
        let (object, field, value) = take(registry, conn, text)?;
        undo = match value {
            Some(value) => undo.resolve(&object, field, value),
            None => undo.overwrite(&object, field),
        };
    }
    Ok(undo)
}

fn object(registry: &Registry, conn: &dyn Session, text: &str) -> Result<ObjectRef, Failure> {
    let found = Target::of([text]).find(registry)?;
    Ok(found.model.object(conn.kind(), &found.key)?)
}

/// `art12.title=Bye`: the key may have points and equals signs of its own, so what stands
/// between the last point and an equals sign must be a field of the model.
fn take<'t>(
    registry: &Registry,
    conn: &dyn Session,
    text: &'t str,
) -> Result<(ObjectRef, &'t str, Option<&'t str>), Failure> {
    let signs = text.match_indices('=');
    let ends = signs.map(|(at, _)| (at, Some(&text[at + 1..])));
    let mut first = None;
    for (end, value) in ends.chain([(text.len(), None)]) {
        let Some((target, field)) = text[..end].rsplit_once('.') else {
            continue;
        };
        match Target::of([target]).find(registry) {
            Ok(found) if found.model.fields().any(|it| it.name == field) => {
                let object = found.model.object(conn.kind(), &found.key)?;
                return Ok((object, field, value));
            }
            Ok(found) => {
                let fields: Vec<&str> = found.model.fields().map(|it| it.name).collect();
                let model = found.model.name();
                let failure = Failure::usage(format!("{model} has no field `{field}`"));
                first.get_or_insert(failure.cure(format!("one of: {}", fields.join(", "))));
            }
            Err(failure) => {
                first.get_or_insert(failure);
            }
        }
    }
    Err(first.unwrap_or_else(|| {
        Failure::usage(format!("`{text}` names no field of a row")).cure("--take art12.title")
    }))
}
