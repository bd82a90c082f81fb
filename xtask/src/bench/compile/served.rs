//! Servers of ten models, of which one is edited: what HTTP costs whoever works on a program.
//!
//! An edit is compiled as `cargo build` does it, incrementally, so other models need not be compiled anew.

use std::fmt::Write as _;

use anyhow::Result;

use super::clock::{Cost, median};
use super::models::{OWN, models, names};
use super::package::{Package, Packages};
use super::programs::{Kind, MODELS};
use crate::bench::report::{cores, time};

/// What a crate does with its models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Program {
    /// Models, what clients may send, the schema: what the others are compared with.
    Types,
    /// The same, and an insert, an update, a delete and a list for each in plain Diesel.
    ByHand,
    /// The same as the first, and each model with all routes.
    Http,
}

impl Program {
    const ALL: [Program; 3] = [Program::Types, Program::ByHand, Program::Http];

    /// For people.
    fn label(self) -> &'static str {
        match self {
            Program::Types => "models, inputs and the schema",
            Program::ByHand => "the same; insert, update, delete and list in plain Diesel",
            Program::Http => "the same as the first; all routes and the log",
        }
    }

    /// For names of crates.
    fn name(self) -> &'static str {
        match self {
            Program::Types => "types",
            Program::ByHand => "by_hand",
            Program::Http => "http",
        }
    }

    fn package(self, kind: Kind) -> Package {
        let mut features = match kind {
            Kind::Synchronous => vec!["r2d2"],
            Kind::Asynchronous => vec!["async", "deadpool"],
        };
        if self == Program::Http {
            features.push("axum");
        }
        Package {
            name: format!("{}_{}", kind.name(), self.name()),
            source: self.source(kind),
            features,
        }
    }

    fn source(self, kind: Kind) -> String {
        let names = names(MODELS);
        let derives = ", serde::Serialize, handleref::HandleRef, handleref::Recorded";
        let models = models(&names, derives);
        let inputs: String = names.iter().map(|name| inputs(name)).collect();
        let list: Vec<_> = names.iter().map(|name| format!("Model{name}")).collect();
        let schema = format!(
            "pub fn schema() -> handleref::schema::Schema {{\n    handleref::schema![{}]\n}}\n",
            list.join(", ")
        );
        let imports = kind.imports();
        let uses = match self {
            Program::Types => String::new(),
            Program::ByHand => by_hand(kind, &names),
            Program::Http => http(kind, &names),
        };
        format!(
            "#![allow(unused_imports)]\n{imports}pub use diesel::result::Error;\n{models}{inputs}{schema}{uses}"
        )
    }
}

/// What clients may send of a model.
fn inputs(name: &str) -> String {
    let fields = |optional: bool| {
        let field = |(name, rust): &(&str, &str)| match (optional, rust.starts_with("Option")) {
            (false, _) => format!("    pub {name}: {rust},\n"),
            (true, false) => format!("    pub {name}: Option<{rust}>,\n"),
            (true, true) => format!("    #[serde(default)]\n    pub {name}: Option<{rust}>,\n"),
        };
        OWN.iter().map(field).collect::<String>()
    };
    format!(
        "#[derive(serde::Deserialize, diesel::Insertable)]\n#[diesel(table_name = models_{name})]\n\
         pub struct New{name} {{\n{}}}\n\
         #[derive(serde::Deserialize, diesel::AsChangeset)]\n#[diesel(table_name = models_{name})]\n\
         pub struct Edit{name} {{\n{}}}\n",
        fields(false),
        fields(true)
    )
}

fn by_hand(kind: Kind, names: &[String]) -> String {
    let function = |name: &String| {
        let parameters = "conn: &'a mut Conn, new: NewNAME, edit: EditNAME, id: i32";
        kind.function(
            &format!("work_{name}"),
            &parameters.replace("NAME", name),
            &BY_HAND.replace("NAME", name),
        )
    };
    names.iter().map(function).collect()
}

const BY_HAND: &str = "    diesel::insert_into(models_NAME::table).values(new).execute(conn).wait?;
    diesel::update(models_NAME::table.find(id)).set(edit).execute(conn).wait?;
    diesel::delete(models_NAME::table.find(id)).execute(conn).wait?;
    let _rows: Vec<ModelNAME> = models_NAME::table
        .filter(models_NAME::name.eq(\"a\"))
        .order(models_NAME::title)
        .select(ModelNAME::as_select())
        .load(conn).wait?;
";

fn http(kind: Kind, names: &[String]) -> String {
    let pool = match kind {
        Kind::Synchronous => "diesel::r2d2::Pool<diesel::r2d2::ConnectionManager<Conn>>",
        Kind::Asynchronous => "diesel_async::pooled_connection::deadpool::Pool<Conn>",
    };
    let each =
        |write: &dyn Fn(&str) -> String| names.iter().map(|it| write(it)).collect::<String>();
    let resources = each(&|name| RESOURCE.replace("NAME", name));
    let served = each(&|name| format!("{name}.served(), "));
    let routers = each(&|name| format!("\n        .merge({name}.router(\"/{name}\"))"));
    format!(
        "pub fn router(pool: {pool}) -> Result<axum::Router, handleref::Error> {{
    let api = handleref::http::Api::new(pool, schema().registry());
{resources}    let log = handleref::http::Log::of([{served}]);
    Ok(axum::Router::new()
        .merge(log.router(\"/log\")){routers})
}}
"
    )
}

const RESOURCE: &str = "    let NAME = api
        .resource::<ModelNAME>(handleref::http::SingleRows)?
        .create::<NewNAME>()
        .update::<EditNAME>()
        .filter(\"name\", |name: String| models_NAME::name.eq(name))
        .filter(\"id__in\", |ids: Vec<i32>| models_NAME::id.eq_any(ids))
        .order(\"title\", models_NAME::title, |row| row.title.clone());
";

/// The crate after an edit of its first model: it has a column more.
fn edited(source: &str) -> String {
    let table = source.replacen(
        "version -> BigInt,",
        "extra -> Integer, version -> BigInt,",
        1,
    );
    table.replacen("pub version: i64,", "pub extra: i32, pub version: i64,", 1)
}

const ALL: usize = Kind::ALL.len() * Program::ALL.len();

/// The crates; the base of each kind is the first of it.
fn programs() -> [(Kind, Program); ALL] {
    std::array::from_fn(|at| {
        let program = Program::ALL[at % Program::ALL.len()];
        (Kind::ALL[at / Program::ALL.len()], program)
    })
}

/// The crates.
pub(super) fn packages() -> Vec<Package> {
    programs()
        .map(|(kind, program)| program.package(kind))
        .into()
}

/// Edits a model of each crate and back, in turns, and draws the table.
pub(super) fn measure(packages: &Packages, list: &[Package], rounds: usize) -> Result<String> {
    for package in list {
        packages.edit(&package.name, &package.source)?;
    }
    let mut samples = vec![Vec::new(); list.len()];
    for round in 0..rounds {
        for at in 0..list.len() {
            let at = (at + round) % list.len();
            let Package { name, source, .. } = &list[at];
            let there = packages.edit(name, &edited(source))?;
            let back = packages.edit(name, source)?;
            for cost in [there, back] {
                let (wall, processor) = (time(cost.wall), time(cost.processor));
                eprintln!("{name}: {wall}, processors {processor}");
                samples[at].push(cost);
            }
        }
    }
    Ok(table(&samples))
}

/// Draws the table of what was measured of each program.
fn table(samples: &[Vec<Cost>]) -> String {
    let mut text = format!(
        "Crates of {MODELS} models with 12 columns each, after an edit of one of them, incrementally (debug, {} cores):\n\n\
         | connection | program | build | processors | ratio |\n| --- | --- | ---: | ---: | ---: |\n",
        cores()
    );
    for (at, (kind, program)) in programs().into_iter().enumerate() {
        let base = &samples[at - at % Program::ALL.len()];
        let (label, ratio) = match program == Program::ALL[0] {
            true => (kind.label(), String::new()),
            false => ("", format!("{:.2}", ratio(&samples[at], base))),
        };
        let of = |part: fn(&Cost) -> f64| time(median(samples[at].iter().map(part).collect()));
        let _ = writeln!(
            text,
            "| {label} | {} | {} | {} | {ratio} |",
            program.label(),
            of(|cost| cost.wall),
            of(|cost| cost.processor)
        );
    }
    text
}

/// The processors' time beside that of the base in the same round.
fn ratio(samples: &[Cost], base: &[Cost]) -> f64 {
    let pairs = samples.iter().zip(base);
    median(
        pairs
            .map(|(cost, base)| cost.processor / base.processor)
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_is_of_one_model() {
        let source = Program::Http.source(Kind::Synchronous);
        let edited = edited(&source);
        assert_eq!(edited.matches("extra").count(), 2);
        assert_eq!(edited.matches("pub struct").count(), 3 * MODELS);
    }

    #[test]
    fn every_model_is_served() {
        for kind in Kind::ALL {
            let source = Program::Http.source(kind);
            for word in [".create::<New", ".served()", ".router(\"/"] {
                assert!(source.matches(word).count() >= MODELS, "{word}");
            }
            assert!(!Program::Types.source(kind).contains("http"));
            assert!(!Program::ByHand.source(kind).contains("http"));
        }
    }

    #[test]
    fn a_ratio_is_that_of_one_round() {
        let cost = |processor: f64| Cost {
            wall: processor,
            processor,
        };
        let base = vec![cost(2.0), cost(18.0), cost(3.0)];
        // While the second one lasted, everything took nine times as long.
        let served = vec![cost(3.0), cost(27.0), cost(6.0)];
        let other = vec![cost(2.0)];
        let text = table(&[
            base.clone(),
            base,
            served,
            other.clone(),
            other.clone(),
            other,
        ]);
        assert!(
            text.contains("all routes and the log | 6.00 s | 6.00 s | 1.50 |\n"),
            "{text}"
        );
    }
}
