//! The schema in which everything lies that recording needs, on PostgreSQL.
//!
//! Triggers name it, since the writer's search path is anyone's. A migration
//! is applied in the schema of every tenant, so there it must not be the name
//! of the schema in which it was written: a plan has the marks below instead.
//! They become the names of here when it is applied, and in a file a statement
//! that asks where it is applied.

use super::diff::Findings;
use super::names::{literal, quoted};

/// Stands for the quoted name of the schema.
pub(super) const HOME: &str = "\"handleref: home\"";
/// The same inside of a text.
pub(super) const HOME_IN_TEXT: &str = "\"handleref: home in a text\"";
/// Stands for the search path of expressions of the user's.
pub(super) const PATH: &str = "\"handleref: path\"";
/// Begins what was read from the catalogue, and names its schema.
pub(super) const AS_IT_WAS: &str = "-- As it was in this schema.\n";

/// Where a plan was made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Home {
    /// The schema.
    pub(super) schema: String,
    /// The search path of expressions of the user's, quoted.
    pub(super) path: String,
    /// The tables that were found in it without a schema.
    pub(super) tables: Vec<String>,
}

/// The search path of expressions of the user's: what is beside the table,
/// what the installer's own path shows, `public`, and temporary tables last.
/// Schemas in which every user may create are left out: a function there with
/// arguments that fit better would be taken, wherever on the path it is.
/// `home` is an expression.
pub(super) fn path_sql(home: &str) -> String {
    format!(
        "(SELECT pg_catalog.string_agg(pg_catalog.quote_ident(name), ', ' ORDER BY at) FROM \
         (SELECT name, pg_catalog.min(at) AS at FROM (SELECT {home}::text AS name, 0::bigint AS at \
         UNION ALL SELECT name::text, at FROM pg_catalog.unnest(pg_catalog.current_schemas(false)) WITH ORDINALITY AS x (name, at) \
         UNION ALL SELECT 'public', 1000000 UNION ALL SELECT 'pg_temp', 2000000) AS every \
         WHERE name IN ({home}, 'pg_temp') OR (name !~ '^pg_temp' AND EXISTS (SELECT FROM pg_catalog.pg_namespace AS n WHERE n.nspname = name \
         AND NOT pg_catalog.has_schema_privilege('public', n.oid, 'CREATE'))) GROUP BY name) AS one)"
    )
}

impl Home {
    /// Where all of these are: the recorded ones share a schema.
    pub(super) fn of(findings: &[Findings]) -> Self {
        let homes = || findings.iter().rev().filter_map(|one| one.home.as_ref());
        let path = homes().map(|home| &home.path).find(|path| !path.is_empty());
        let tables = findings.iter().filter_map(|one| one.at_home.clone());
        Self {
            schema: homes()
                .next()
                .map_or_else(String::new, |home| home.schema.clone()),
            path: path.cloned().unwrap_or_default(),
            tables: tables.collect(),
        }
    }

    /// A statement as it is applied here.
    pub(super) fn settle(&self, statement: &str) -> String {
        if !has_marks(statement) {
            return statement.to_owned();
        }
        let schema = quoted(&self.schema, '"');
        statement
            .replace(HOME_IN_TEXT, &schema.replace('\'', "''"))
            .replace(PATH, &self.path)
            .replace(HOME, &schema)
    }

    /// A statement as a file has it: it follows the schema in which it is applied.
    pub(super) fn follow(statement: &str) -> String {
        if !has_marks(statement) {
            return statement.to_owned();
        }
        // As [`settle`](Self::settle) writes it: with quotes in any case.
        let schema =
            "'\"' || pg_catalog.replace(pg_catalog.current_schema(), '\"', '\"\"') || '\"'";
        let marks = [
            (
                HOME_IN_TEXT,
                format!("pg_catalog.replace({schema}, '''', '''''')"),
            ),
            (PATH, path_sql("pg_catalog.current_schema()")),
            (HOME, schema.to_owned()),
        ];
        let mut text = format!("$handleref_text${statement}$handleref_text$");
        for (mark, value) in marks {
            if statement.contains(mark) {
                text = format!("pg_catalog.replace({text},\n  '{mark}', {value})");
            }
        }
        format!("DO $handleref_file$\nBEGIN\n  EXECUTE {text};\nEND\n$handleref_file$")
    }

    /// What a file begins with: it refuses to work where its tables are not in
    /// the schema in which it is applied. What was read from the catalogue
    /// fits the schema of then alone.
    pub(super) fn guard(&self, statements: &[String]) -> Option<String> {
        if self.tables.is_empty() || statements.is_empty() {
            return None;
        }
        let tables: Vec<String> = self.tables.iter().map(|table| literal(table)).collect();
        let bound = statements.iter().any(|it| it.starts_with(AS_IT_WAS));
        let only = match bound {
            true => format!(
                "  IF pg_catalog.current_schema() IS DISTINCT FROM {0} THEN\n    \
                 RAISE EXCEPTION 'handleref: this takes back what was done in the schema %, and is refused in %', {0}, pg_catalog.current_schema();\n  END IF;\n",
                literal(&self.schema)
            ),
            false => String::new(),
        };
        Some(format!(
            "DO $handleref_file$\nDECLARE\n  here pg_catalog.text := pg_catalog.current_schema();\n  missing pg_catalog.text;\nBEGIN\n{only}  \
             SELECT t INTO missing FROM pg_catalog.unnest(ARRAY[{}]) AS t WHERE NOT EXISTS \
             (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = here AND c.relname = t) LIMIT 1;\n  \
             IF FOUND THEN\n    \
             RAISE EXCEPTION 'handleref: the table % is not in the schema %, in which this is applied', missing, here\n    \
             USING HINT = 'Put the schema of the tables first on the search path.';\n  END IF;\nEND\n$handleref_file$",
            tables.join(", "),
        ))
    }
}

fn has_marks(statement: &str) -> bool {
    [HOME, HOME_IN_TEXT, PATH]
        .iter()
        .any(|mark| statement.contains(mark))
}
