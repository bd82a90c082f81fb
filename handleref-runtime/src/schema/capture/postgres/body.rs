//! The bodies of the functions that record.
//!
//! plpgsql keeps the plan of a statement for the session, and a plan that was
//! made for a transition table of one row must not run over 100,000, nor the
//! other way round. So one row takes a statement that looks at one row, and
//! does nothing if there are more; these take a text that is planned each time.
//! (To count first would cost a fifth of what a record costs.)

use super::plain;
use super::record::Records;
use super::rows::{NEW, OLD, ONE_NEW, ONE_OLD, ONE_PAIR, PAIRS, Rows};
use crate::context::Switch;
use crate::schema::capture::RecordTarget;
use crate::schema::capture::support::SWITCHES;
use crate::sql::Raw;

impl Records<'_, '_> {
    pub(super) fn inserted(&self) -> String {
        let one = self.insert_records(ONE_NEW.from, ONE_NEW.when);
        let many = planned(&self.insert_records(NEW.from, None), "");
        let start = one_row(&one, &counted("handleref_new"), RETURN);
        if self.version.is_none() {
            return self.function("", "rows bigint;", &(start + &if_many(&many, "")));
        }
        let first = format!("    first := {};\n", self.next);
        let many = format!("{first}{many}    GET DIAGNOSTICS written = ROW_COUNT;\n");
        // One that was not recorded goes on, or does not meet the condition.
        let goes_on = format!(
            "    IF EXISTS (SELECT FROM {} CROSS JOIN {} WHERE {}) THEN\n  {first}      written := 0;\n    END IF;\n",
            ONE_NEW.from,
            self.last("n", ""),
            self.below_high_water(),
        );
        let body = format!(
            "{start}{}  IF written OPERATOR(pg_catalog.<) rows THEN\n{}  END IF;\n",
            if_many(&many, &goes_on),
            self.going_on(NEW.from)
        );
        self.function(
            "",
            "rows bigint; written bigint; first bigint; amending pg_catalog.text; marked bigint;",
            &body,
        )
    }

    pub(super) fn updated(&self) -> String {
        let moved = format!("NOT {}", self.same("n", "o"));
        let (mut one, mut many) = (self.change(ONE_PAIR), planned(&self.change(PAIRS), ""));
        if self.target.lazy {
            let filter = |rows: Rows<'_>| {
                let when = rows.when.map(str::to_owned);
                std::iter::once(format!("({moved} OR {})", self.changed())).chain(when)
            };
            one = format!(
                "{};\n  {one}",
                self.baseline(ONE_PAIR.from, filter(ONE_PAIR))
            );
            many = planned(&self.baseline(PAIRS.from, filter(PAIRS)), "") + &many;
        }
        // Those that were not recorded are as they were, or have another key.
        let has_moved =
            |rows: Rows<'_>| format!("EXISTS (SELECT FROM {} WHERE {moved})", rows.from);
        many.push_str(&format!(
            "    GET DIAGNOSTICS written = ROW_COUNT;\n    IF written OPERATOR(pg_catalog.<) rows THEN\n  {}    END IF;\n",
            planned(&format!("SELECT {}", has_moved(PAIRS)), " INTO moved"),
        ));
        let inserted = format!("(SELECT n.* FROM {} WHERE {moved}) AS n", PAIRS.from);
        let plans = plain::plans(self.target);
        let leave = if plans { plain::LEAVE } else { RETURN };
        let mut body = format!(
            "{}  olds := (SELECT pg_catalog.count(*) FROM handleref_old);\n  IF olds OPERATOR(pg_catalog.<>) rows THEN\n{}    {leave};\n  END IF;\n{}  IF moved THEN\n{}  END IF;\n",
            one_row(&one, &counted("handleref_new"), leave),
            self.updated_by_key(),
            if_many(&many, &format!("    moved := {};\n", has_moved(ONE_PAIR))),
            self.replaced(PAIRS.from, &moved, &inserted),
        );
        let amending = "pg_catalog.current_setting('handleref.amending', true) OPERATOR(pg_catalog.=) TG_RELID::pg_catalog.text";
        let amending = match self.target.support.is_owned() {
            false => format!(" OR {amending}"),
            true => format!(
                " OR ({amending} AND EXISTS (SELECT FROM {} AS s WHERE {}))",
                self.target.inside_support(SWITCHES),
                self.target.noted(AMENDING)
            ),
        };
        let mut variables = "rows bigint; olds bigint; written bigint; first bigint; moved boolean; amending pg_catalog.text; marked bigint;".to_owned();
        if plain::is_recorded(self.target) {
            let compare = match plans {
                true => plain::with_settings(&body),
                false => body,
            };
            body = self.plain() + &compare;
            variables.push_str(" noted pg_catalog.text; saved pg_catalog.text[];");
        }
        self.function(&amending, &variables, &body)
    }

    /// Rows that left their key, and rows that came to one.
    fn replaced(&self, from: &str, gone: &str, inserted: &str) -> String {
        format!(
            "{}    first := {};\n{}{}",
            planned(&self.delete_records(from, [gone.to_owned()]), ""),
            self.next,
            planned(&self.insert_records(inserted, None), ""),
            self.going_on(inserted),
        )
    }

    /// Rows that moved to another partition may be fewer than they were, because
    /// a trigger there has dropped some of them. Then only keys tell which.
    fn updated_by_key(&self) -> String {
        let same = self.same("n", "o");
        let pairs = Rows {
            from: &format!("handleref_old AS o JOIN handleref_new AS n ON {same}"),
            when: None,
        };
        let without = |table: &str| format!("NOT EXISTS (SELECT FROM {table} WHERE {same})");
        let gone = without("handleref_new AS n");
        let inserted = without("handleref_old AS o");
        let inserted = format!("(SELECT n.* FROM handleref_new AS n WHERE {inserted}) AS n");
        let baseline = match self.target.lazy {
            true => planned(&self.baseline(OLD.from, None), ""),
            false => String::new(),
        };
        format!(
            "{baseline}{}{}",
            planned(&self.change(pairs), ""),
            self.replaced(OLD.from, &gone, &inserted)
        )
    }

    pub(super) fn deleted(&self) -> String {
        let when = || ONE_OLD.when.map(str::to_owned);
        let mut one = self.delete_records(ONE_OLD.from, when());
        let mut many = planned(&self.delete_records(OLD.from, None), "");
        if self.target.lazy {
            one = format!("{};\n  {one}", self.baseline(ONE_OLD.from, when()));
            many = planned(&self.baseline(OLD.from, None), "") + &many;
        }
        let body = one_row(&one, &counted("handleref_old"), RETURN) + &if_many(&many, "");
        self.function("", "rows bigint;", &body)
    }

    pub(super) fn truncated(&self) -> String {
        let from = format!("{} AS o", self.table);
        // A transaction has an id before it gets numbers for records: readers of
        // changes rely on it. Nothing was written yet that would have given it one.
        let mut body = String::from("  PERFORM pg_catalog.pg_current_xact_id();\n");
        if self.target.lazy {
            body.push_str(&planned(&self.baseline(&from, None), ""));
        }
        body.push_str(&planned(&self.delete_records(&from, None), ""));
        self.function("", "", &body)
    }

    /// The function of a relative's trigger after `event`.
    pub(super) fn relative_changed(&self, event: &str, relative: &str, on: &str) -> String {
        const ONLY_OLD: &str = "(SELECT * FROM handleref_old LIMIT 1)";
        const ONLY_NEW: &str = "(SELECT * FROM handleref_new LIMIT 1)";
        const ALL_OLD: &str = "SELECT * FROM handleref_old";
        const ALL_NEW: &str = "SELECT * FROM handleref_new";
        let (count, one, many, when) = match event {
            "INSERT" => (
                counted("handleref_new"),
                ONLY_NEW.into(),
                ALL_NEW.into(),
                ONE_NEW.when,
            ),
            "DELETE" => (
                counted("handleref_old"),
                ONLY_OLD.into(),
                ALL_OLD.into(),
                ONE_OLD.when,
            ),
            // One that moves to another partition may be dropped on its way.
            "UPDATE" => (
                format!(
                    "greatest({}, {})",
                    counted("handleref_old"),
                    counted("handleref_new")
                ),
                format!("{ONLY_OLD} UNION ALL {ONLY_NEW}"),
                format!("{ALL_OLD} UNION ALL {ALL_NEW}"),
                ONE_PAIR.when,
            ),
            // Which objects had rows there is not known any more.
            _ => {
                return self.function(
                    "",
                    "",
                    &planned(&self.relative(relative, on, None, None), ""),
                );
            }
        };
        let one = self.relative(relative, on, Some(&one), when);
        let many = planned(&self.relative(relative, on, Some(&many), None), "");
        self.function(
            "",
            "rows bigint;",
            &(one_row(&one, &count, RETURN) + &if_many(&many, "")),
        )
    }
}

/// `text` between dollar signs.
pub(super) fn dollar_quoted(tag: &str, text: &str) -> String {
    let mut tag = format!("${tag}$");
    while text.contains(&tag) {
        tag.insert(1, 'x');
    }
    format!("{tag}{text}{tag}")
}

/// Refuses to change records.
pub(super) fn protecting(target: &RecordTarget<'_>) -> String {
    format!(
        "\nBEGIN\n  -- Made by handleref.\n  IF {} THEN\n    RETURN NULL;\n  END IF;\n  \
         RAISE EXCEPTION 'handleref: % is append-only, % is refused', TG_TABLE_NAME, TG_OP\n    \
         USING HINT = 'Records are only removed by prune and erase.';\nEND\n",
        is_on(target, Switch::Door)
    )
}

/// Whether a switch is on: for this schema, by one of ours, or for all of them,
/// by a person. With an owner, only what one of the owner's functions has noted.
fn is_on(target: &RecordTarget<'_>, switch: Switch) -> String {
    let ours = switch.setting(Raw::of_plan(target.list()));
    let ours = format!("pg_catalog.current_setting({ours}, true) OPERATOR(pg_catalog.=) '1'");
    if target.support.is_owned() {
        let switches = target.inside_support(SWITCHES);
        let noted = target.noted(&format!("'{}'", switch.name()));
        return format!("({ours} AND EXISTS (SELECT FROM {switches} AS s WHERE {noted}))");
    }
    let all = switch.setting_of_all();
    format!("{ours} OR pg_catalog.current_setting({all}, true) OPERATOR(pg_catalog.=) '1'")
}

/// What marks the versions that a trigger raises itself, in `handleref_switches`.
pub(super) const AMENDING: &str = "pg_catalog.concat('amending ', TG_RELID)";

/// Wakes those that listen, once in a transaction: the server sends one of
/// several notifications that are the same.
pub(super) fn notifying() -> String {
    use crate::facts::CHANNEL;
    format!(
        "\nBEGIN\n  -- Made by handleref.\n  PERFORM pg_catalog.pg_notify('{CHANNEL}', '');\n  RETURN NULL;\nEND\n"
    )
}

impl Records<'_, '_> {
    fn function(&self, unless: &str, variables: &str, body: &str) -> String {
        let declare = match variables.is_empty() {
            true => String::new(),
            false => format!("DECLARE\n  {variables}\n"),
        };
        let paused = is_on(self.target, Switch::Paused);
        format!(
            "\n#variable_conflict use_column\n{declare}BEGIN\n  -- Made by handleref.\n  \
             IF {paused}{unless} THEN\n    RETURN NULL;\n  END IF;\n{body}  RETURN NULL;\nEND\n"
        )
    }
}

/// Records one row and leaves; if that was not it, counts the rows of the statement.
fn one_row(one: &str, count: &str, leave: &str) -> String {
    format!("  {one};\n  IF FOUND THEN\n    {leave};\n  END IF;\n  rows := {count};\n")
}

/// Leaves a function that is made of one block.
const RETURN: &str = "RETURN NULL";

/// How many rows a table has.
fn counted(table: &str) -> String {
    format!("(SELECT pg_catalog.count(*) FROM {table})")
}

/// What is left to do for many rows, and for one; there may be none.
fn if_many(many: &str, one: &str) -> String {
    let one = match one.is_empty() {
        true => String::new(),
        false => format!("  ELSIF rows OPERATOR(pg_catalog.=) 1 THEN\n{one}"),
    };
    format!("  IF rows OPERATOR(pg_catalog.>) 1 THEN\n{many}{one}  END IF;\n")
}

/// A statement that is planned each time.
pub(super) fn planned(sql: &str, clauses: &str) -> String {
    format!(
        "    EXECUTE {}{clauses};\n",
        dollar_quoted("handleref_sql", sql)
    )
}
