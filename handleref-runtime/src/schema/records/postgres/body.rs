//! The bodies of the functions that record.
//!
//! plpgsql keeps the plan of a statement for the session, and a plan that was
//! made for a transition table of one row must not run over 100,000, nor the
//! other way round. So one row takes a statement that looks at one row, and
//! does nothing if there are more; these take a text that is planned each time.
//! (To count first would cost a fifth of what a record costs.)

use super::record::Records;
use super::rows::{NEW, OLD, ONE_NEW, ONE_OLD, ONE_PAIR, PAIRS, Rows};

impl Records<'_, '_> {
    pub(super) fn inserted(&self) -> String {
        let one = self.arrival(ONE_NEW.from, ONE_NEW.when);
        let many = planned(&self.arrival(NEW.from, None), "");
        let start = one_row(&one, "handleref_new");
        if self.version.is_none() {
            return function("", "rows bigint;", &(start + &if_many(&many, "")));
        }
        let first = format!("    first := {};\n", self.next);
        let many = format!("{first}{many}    GET DIAGNOSTICS written = ROW_COUNT;\n");
        // One that was not recorded goes on, or does not meet the condition.
        let goes_on = format!(
            "    IF EXISTS (SELECT FROM {} CROSS JOIN {} WHERE {}) THEN\n  {first}      written := 0;\n    END IF;\n",
            ONE_NEW.from,
            self.last("n", ""),
            self.behind(),
        );
        let body = format!(
            "{start}{}  IF written < rows THEN\n{}  END IF;\n",
            if_many(&many, &goes_on),
            self.going_on(NEW.from)
        );
        function(
            "",
            "rows bigint; written bigint; first bigint; amending text;",
            &body,
        )
    }

    pub(super) fn updated(&self) -> String {
        let moved = format!("NOT {}", self.same("n", "o"));
        let (mut one, mut many) = (self.change(ONE_PAIR), planned(&self.change(PAIRS), ""));
        if self.target.lazy {
            let filter = |rows: Rows| {
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
        let has_moved = |rows: Rows| format!("EXISTS (SELECT FROM {} WHERE {moved})", rows.from);
        many.push_str(&format!(
            "    GET DIAGNOSTICS written = ROW_COUNT;\n    IF written < rows THEN\n  {}    END IF;\n",
            planned(&format!("SELECT {}", has_moved(PAIRS)), " INTO moved"),
        ));
        let arrived = format!("(SELECT n.* FROM {} WHERE {moved}) AS n", PAIRS.from);
        let body = format!(
            "{}{}  IF moved THEN\n{}    first := {};\n{}{}  END IF;\n",
            one_row(&one, "handleref_new"),
            if_many(&many, &format!("    moved := {};\n", has_moved(ONE_PAIR))),
            planned(&self.departure(PAIRS.from, [moved.clone()]), ""),
            self.next,
            planned(&self.arrival(&arrived, None), ""),
            self.going_on(&arrived),
        );
        let amending = " OR current_setting('handleref.amending', true) = TG_RELID::text";
        let variables = "rows bigint; written bigint; first bigint; moved boolean; amending text;";
        function(amending, variables, &body)
    }

    pub(super) fn deleted(&self) -> String {
        let when = || ONE_OLD.when.map(str::to_owned);
        let mut one = self.departure(ONE_OLD.from, when());
        let mut many = planned(&self.departure(OLD.from, None), "");
        if self.target.lazy {
            one = format!("{};\n  {one}", self.baseline(ONE_OLD.from, when()));
            many = planned(&self.baseline(OLD.from, None), "") + &many;
        }
        let body = one_row(&one, "handleref_old") + &if_many(&many, "");
        function("", "rows bigint;", &body)
    }

    pub(super) fn truncated(&self) -> String {
        let from = format!("{} AS o", self.table);
        // A transaction has an id before it gets numbers for records: readers of
        // changes rely on it. Nothing was written yet that would have given it one.
        let mut body = String::from("  PERFORM pg_current_xact_id();\n");
        if self.target.lazy {
            body.push_str(&planned(&self.baseline(&from, None), ""));
        }
        body.push_str(&planned(&self.departure(&from, None), ""));
        function("", "", &body)
    }

    /// The function of a relative's trigger after `event`.
    pub(super) fn relative_changed(&self, event: &str, relative: &str, on: &str) -> String {
        const ONLY_OLD: &str = "(SELECT * FROM handleref_old LIMIT 1)";
        const ONLY_NEW: &str = "(SELECT * FROM handleref_new LIMIT 1)";
        const ALL_OLD: &str = "SELECT * FROM handleref_old";
        const ALL_NEW: &str = "SELECT * FROM handleref_new";
        let (count, one, many, when) = match event {
            "INSERT" => (
                "handleref_new",
                ONLY_NEW.into(),
                ALL_NEW.into(),
                ONE_NEW.when,
            ),
            "DELETE" => (
                "handleref_old",
                ONLY_OLD.into(),
                ALL_OLD.into(),
                ONE_OLD.when,
            ),
            "UPDATE" => (
                "handleref_new",
                format!("{ONLY_OLD} UNION ALL {ONLY_NEW}"),
                format!("{ALL_OLD} UNION ALL {ALL_NEW}"),
                ONE_NEW.when,
            ),
            // Which objects had rows there is not known any more.
            _ => {
                return function(
                    "",
                    "",
                    &planned(&self.relative(relative, on, None, None), ""),
                );
            }
        };
        let one = self.relative(relative, on, Some(&one), when);
        let many = planned(&self.relative(relative, on, Some(&many), None), "");
        function(
            "",
            "rows bigint;",
            &(one_row(&one, count) + &if_many(&many, "")),
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
pub(super) fn protecting() -> String {
    "\nBEGIN\n  -- Made by handleref.\n  IF current_setting('handleref.door', true) = '1' THEN\n    RETURN NULL;\n  END IF;\n  \
     RAISE EXCEPTION 'handleref: % is append-only, % is refused', TG_TABLE_NAME, TG_OP\n    \
     USING HINT = 'Records are only removed by prune and erase.';\nEND\n"
        .into()
}

fn function(unless: &str, variables: &str, body: &str) -> String {
    let declare = match variables.is_empty() {
        true => String::new(),
        false => format!("DECLARE\n  {variables}\n"),
    };
    format!(
        "\n#variable_conflict use_column\n{declare}BEGIN\n  -- Made by handleref.\n  \
         IF current_setting('handleref.paused', true) = '1'{unless} THEN\n    RETURN NULL;\n  END IF;\n{body}  RETURN NULL;\nEND\n"
    )
}

/// Records one row; if that was not it, counts the rows of the transition table.
fn one_row(one: &str, table: &str) -> String {
    format!(
        "  {one};\n  IF FOUND THEN\n    RETURN NULL;\n  END IF;\n  rows := (SELECT count(*) FROM {table});\n"
    )
}

/// What is left to do for many rows, and for one; there may be none.
fn if_many(many: &str, one: &str) -> String {
    let one = match one.is_empty() {
        true => String::new(),
        false => format!("  ELSIF rows = 1 THEN\n{one}"),
    };
    format!("  IF rows > 1 THEN\n{many}{one}  END IF;\n")
}

/// A statement that is planned each time.
pub(super) fn planned(sql: &str, clauses: &str) -> String {
    format!("    EXECUTE {}{clauses};\n", dollar_quoted("sql", sql))
}
