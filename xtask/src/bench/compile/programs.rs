//! Programs of ten models: the same work in plain Diesel and with handleref, on a synchronous and
//! on an asynchronous connection of SQLite.

use super::models::{models, names};
use super::package::Package;

/// How many models a program has.
pub(super) const MODELS: usize = 10;

/// The connection that a program uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Synchronous,
    Asynchronous,
}

impl Kind {
    pub(super) const ALL: [Kind; 2] = [Kind::Synchronous, Kind::Asynchronous];

    /// For people.
    pub(super) fn label(self) -> &'static str {
        match self {
            Kind::Synchronous => "`SqliteConnection`",
            Kind::Asynchronous => "`SyncConnectionWrapper<SqliteConnection>`",
        }
    }

    /// For names of crates.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Synchronous => "sync",
            Kind::Asynchronous => "async",
        }
    }

    /// What every program imports.
    pub(super) fn imports(self) -> &'static str {
        match self {
            Kind::Synchronous => {
                "use diesel::prelude::*;\n\
                 pub type Conn = SqliteConnection;\n\
                 pub type Done<'a> = Result<(), Error>;\n"
            }
            // What a web server does with a handler: the future is erased, and has to be `Send`.
            Kind::Asynchronous => {
                "use diesel::prelude::{ExpressionMethods, Insertable, QueryDsl, SelectableHelper};\n\
                 use diesel_async::RunQueryDsl;\n\
                 pub type Conn = diesel_async::sync_connection_wrapper::SyncConnectionWrapper<diesel::SqliteConnection>;\n\
                 pub type Done<'a> = std::pin::Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;\n"
            }
        }
    }

    /// A function; `.wait` in its body is where the asynchronous one waits.
    pub(super) fn function(self, name: &str, parameters: &str, body: &str) -> String {
        let (open, close, wait) = match self {
            Kind::Synchronous => ("", "", ""),
            Kind::Asynchronous => ("Box::pin(async move {\n", "})\n", ".await"),
        };
        let body = body.replace(".wait", wait);
        format!(
            "pub fn {name}<'a>({parameters}) -> Done<'a> {{\n{open}{body}    Ok(())\n{close}}}\n"
        )
    }
}

/// What a program does with its models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Program {
    /// Inserts, updates, selects and deletes in plain Diesel: what the others are compared with.
    Plain,
    /// The same, with both derives, which nobody uses.
    Derived,
    /// The methods of a row instead.
    Verbs,
    /// Changes since a cursor, carried out in another database by plain Diesel.
    Changes,
    /// A mirror.
    Mirror,
}

impl Program {
    /// The first one is the base.
    pub(super) const ALL: [Program; 5] = [
        Program::Plain,
        Program::Derived,
        Program::Verbs,
        Program::Changes,
        Program::Mirror,
    ];

    /// For people.
    pub(super) fn label(self) -> &'static str {
        match self {
            Program::Plain => "insert, update, select, delete in plain Diesel",
            Program::Derived => "the same, and both derives",
            Program::Verbs => "`save`, `delete`, `restore`, `diff`, `revert`",
            Program::Changes => "`changes` in a loop, applied by plain Diesel",
            Program::Mirror => "`Mirror::pull`, `Mirror::verify`",
        }
    }

    /// For names of crates.
    pub(super) fn name(self) -> &'static str {
        match self {
            Program::Plain => "plain",
            Program::Derived => "derived",
            Program::Verbs => "verbs",
            Program::Changes => "changes",
            Program::Mirror => "mirror",
        }
    }

    /// The derives beside Diesel's.
    fn derives(self) -> &'static str {
        match self {
            Program::Plain => "",
            Program::Derived => ", handleref::HandleRef, handleref::Recorded",
            _ => ", serde::Serialize, handleref::HandleRef, handleref::Recorded",
        }
    }

    /// The crate.
    pub(super) fn package(self, kind: Kind) -> Package {
        let mut features = Vec::new();
        if self == Program::Mirror {
            features.push("mirror");
        }
        if kind == Kind::Asynchronous {
            features.push("async");
        }
        Package {
            name: format!("{}_{}", kind.name(), self.name()),
            source: self.source(kind),
            features,
        }
    }

    fn source(self, kind: Kind) -> String {
        let names = names(MODELS);
        let error = match self {
            Program::Plain | Program::Derived => "pub use diesel::result::Error;\n",
            _ => "use handleref::prelude::*;\npub use handleref::Error;\n",
        };
        let uses = match self {
            Program::Plain | Program::Derived => each(kind, &names, "work", PLAIN),
            Program::Verbs => each(kind, &names, "work", VERBS),
            Program::Changes => each(kind, &names, "apply", APPLY) + &changes(kind, &names),
            Program::Mirror => mirror(kind, &names),
        };
        let imports = kind.imports();
        let models = models(&names, self.derives());
        format!("#![allow(unused_imports)]\n{imports}{error}{models}{uses}")
    }
}

/// A function for each model.
fn each(kind: Kind, names: &[String], verb: &str, (parameters, body): (&str, &str)) -> String {
    let function = |name: &String| {
        kind.function(
            &format!("{verb}_{name}"),
            &parameters.replace("NAME", name),
            &body.replace("NAME", name),
        )
    };
    names.iter().map(function).collect()
}

const PLAIN: (&str, &str) = (
    "conn: &'a mut Conn, mut row: ModelNAME",
    "    diesel::insert_into(models_NAME::table).values(&row).execute(conn).wait?;
    row.title.push('!');
    diesel::update(models_NAME::table.find(row.id)).set(&row).execute(conn).wait?;
    let row: ModelNAME = models_NAME::table
        .filter(models_NAME::name.eq(&row.name))
        .select(ModelNAME::as_select())
        .first(conn).wait?;
    diesel::delete(models_NAME::table.find(row.id)).execute(conn).wait?;
",
);

const VERBS: (&str, &str) = (
    "conn: &'a mut Conn, mut row: ModelNAME",
    "    row.title.push('!');
    row.save(conn).wait?;
    row.delete(conn).wait?;
    row.restore(conn).wait?;
    let diff = row.diff(conn, 1, handleref::history::Now).wait?;
    if !diff.changed_fields().is_empty() {
        row.revert(conn, 1).wait?;
    }
",
);

const APPLY: (&str, &str) = (
    "conn: &'a mut Conn, operation: handleref::Operation, row: &'a ModelNAME",
    "    match operation {
        handleref::Operation::Insert => {
            diesel::insert_into(models_NAME::table).values(row).execute(conn).wait?;
        }
        handleref::Operation::Delete => {
            diesel::delete(models_NAME::table.find(row.id)).execute(conn).wait?;
        }
        _ => {
            diesel::update(models_NAME::table.find(row.id)).set(row).execute(conn).wait?;
        }
    }
",
);

/// All models as a tuple of tuples: a single one takes eight at most.
fn tuple(names: &[String]) -> String {
    let tuple = |names: &[String]| {
        let list: Vec<_> = names.iter().map(|name| format!("Model{name}")).collect();
        format!("({})", list.join(", "))
    };
    let list: Vec<_> = names.chunks(5).map(tuple).collect();
    format!("({})", list.join(", "))
}

fn changes(kind: Kind, names: &[String]) -> String {
    let apply = |name: &String| {
        format!(
            "            if let Some(row) = change.row::<Model{name}>() {{\n                \
             apply_{name}(target, change.operation, row).wait?;\n            }}\n"
        )
    };
    let body = format!(
        "    let mut cursor = handleref::Cursor::beginning();
    loop {{
        let batch = handleref::changes::<{}>().since(&cursor).load(source).wait?;
        for change in &batch.changes {{
{}        }}
        cursor = batch.cursor;
        if !batch.more {{
            break;
        }}
    }}
",
        tuple(names),
        names.iter().map(apply).collect::<String>()
    );
    kind.function("work", BOTH, &body)
}

const BOTH: &str = "source: &'a mut Conn, target: &'a mut Conn";

fn mirror(kind: Kind, names: &[String]) -> String {
    let body = format!(
        "    let mirror = handleref::mirror::Mirror::<{}>::new(\"copy\");
    mirror.pull(source, target).wait?;
    mirror.verify(source, target).wait?;
",
        tuple(names)
    );
    kind.function("work", BOTH, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_asynchronous_program_waits() {
        for program in Program::ALL {
            let waits = |kind| program.package(kind).source.matches(".await").count();
            assert_eq!(waits(Kind::Synchronous), 0, "{program:?}");
            assert!(waits(Kind::Asynchronous) > 1, "{program:?}");
            assert!(!program.source(Kind::Asynchronous).contains(".wait?"));
        }
    }

    #[test]
    fn every_model_is_used() {
        for program in Program::ALL {
            let source = program.source(Kind::Synchronous);
            let uses = source.split("pub fn ").skip(1).collect::<String>();
            for name in names(MODELS) {
                assert!(uses.contains(&format!("Model{name}")), "{program:?}");
            }
        }
    }

    #[test]
    fn features_are_those_that_a_program_needs() {
        let features = |program: Program, kind| program.package(kind).features.join(",");
        assert_eq!(features(Program::Verbs, Kind::Synchronous), "");
        assert_eq!(
            features(Program::Mirror, Kind::Asynchronous),
            "mirror,async"
        );
    }
}
