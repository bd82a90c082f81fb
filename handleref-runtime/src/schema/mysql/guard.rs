//! The guard: the trigger that raises the version where a writer does not.

use super::{Mysql, collated};
use super::{create_trigger, is_his, same_text};
use crate::schema::capture::mysql as records;
use crate::schema::capture::support::SWITCHES;
use crate::schema::dialect::{Dialect, State, Target, Trigger, amends, guard_condition};
use crate::schema::names::{guard_name, squeezed};

pub(super) fn guard(dialect: &Mysql, target: &Target<'_>) -> Option<Trigger> {
    let roles = target.wanted.roles;
    let guard_condition = guard_condition(dialect, roles)?;
    let name = guard_name(dialect, &target.wanted.table.table);
    let same = |(column, sql_type): &(String, String)| {
        let column = dialect.quote(column);
        match collated(sql_type) {
            true => format!("CAST(NEW.{column} AS BINARY) <=> CAST(OLD.{column} AS BINARY)"),
            false => format!("NEW.{column} <=> OLD.{column}"),
        }
    };
    // MariaDB sets a column with ON UPDATE before the trigger runs, so it
    // would make every update a change.
    let by_itself = |column: &str| {
        let live = target.live.column(column);
        live.is_some_and(|live| live.automatic)
    };
    // What the library itself writes seldom changes alone. It is compared after
    // the rest, since the server resolves all of an expression anew for each row.
    let ours = |column: &str| {
        let times = [roles.created_at, roles.updated_at, roles.deleted_at];
        let mut times = times.into_iter().flatten();
        roles.version.is_some_and(|(name, _)| name == column)
            || times.any(|(name, _)| name == column)
    };
    let same = |which: &dyn Fn(&str, &str) -> bool| {
        let columns = target.columns.iter();
        let columns = columns.filter(|(column, sql_type)| {
            !by_itself(column) && which(column.as_str(), sql_type.as_str())
        });
        let same: Vec<String> = columns.map(same).collect();
        match same.is_empty() {
            true => "TRUE".to_owned(),
            false => same.join("\n      AND "),
        }
    };
    let same_ours = same(&|column, _| ours(column));
    let assign = |(column, value)| format!("NEW.{column} = {value}");
    let assign = amends(dialect, target.wanted)
        .into_iter()
        .map(assign)
        .collect::<Vec<_>>()
        .join(", ");
    // A version that a record may follow looks at more, and begins with the same.
    let moved = records::moved(dialect, &target.wanted.key);
    let stays = records::stays(dialect, &target.wanted.key);
    let rest = same(&|column, _| !ours(column));
    let plain = format!(
        "BEGIN\n  IF {guard_condition} THEN\n    IF NOT (\n      {rest}\n    ) THEN\n      SET {assign};\n    \
         ELSEIF NOT (\n      {same_ours}\n    ) THEN\n      SET {assign};\n    END IF;\n  END IF;\nEND"
    );
    // What compares as the engine compares keys has been compared.
    let is_key = |column: &str| target.wanted.key.contains(&column);
    let rest = same(&|column, sql_type| !ours(column) && (collated(sql_type) || !is_key(column)));
    let longer = format!(
        "BEGIN\n  IF {guard_condition} OR {moved} THEN\n    IF {stays} AND NOT (\n      {rest}\n    ) THEN\n      SET {assign};\n    \
         ELSEIF NOT (\n      {stays}\n      AND {same_ours}\n    ) THEN\n      IF {guard_condition} THEN\n        SET {assign};\n      END IF;\n"
    );
    let owner = target.owner.as_ref();
    let switches = target.live.schema.as_ref().map(|_| target.home.as_str());
    let switches = owner.map(|_| dialect.qualified(switches, SWITCHES));
    let rekeyed = records::rekeyed(dialect, target.wanted, switches.as_deref());
    let recorded = rekeyed.is_some();
    let body = rekeyed.map_or(plain, |rekeyed| {
        format!("{longer}{rekeyed}\n    END IF;\n  END IF;\nEND")
    });
    let (trigger, table) = (target.sibling(dialect, &name), target.table(dialect));
    let stored = format!("BEFORE UPDATE {body}");
    let found = target
        .live
        .triggers
        .iter()
        .find(|trigger| trigger.name == name);
    let state = match found {
        None => State::Missing,
        Some(found) if same_text(&found.definition, &stored) && is_his(found, owner) => {
            State::Right
        }
        // Another program records the table; this one does not.
        Some(found)
            if !recorded
                && squeezed(&found.definition)
                    .starts_with(&squeezed(&format!("BEFORE UPDATE {longer}"))) =>
        {
            State::Right
        }
        Some(found) => State::Altered(vec![found.restore.clone()]),
    };
    Some(Trigger {
        name,
        on: None,
        create: vec![format!(
            "{} {trigger} BEFORE UPDATE ON {table} FOR EACH ROW\n{body}",
            create_trigger(target.live, owner)
        )],
        drop: vec![format!("DROP TRIGGER IF EXISTS {trigger}")],
        state,
        other: false,
    })
}
