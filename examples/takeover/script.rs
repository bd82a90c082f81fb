//! The takeover, step by step. After each step the application's own queries run as before, and the
//! history says what happened.

use std::fs;
use std::path::{Path, PathBuf};

use diesel::prelude::*;
use diesel_migrations::{FileBasedMigrations, MigrationHarness as _};
use handleref::changeset::undo_plan;
use handleref::history::{Now, latest_record};
use handleref::prelude::*;
use handleref::{Changeset, Error, Operation, Outcome, changesets, in_changeset};

use super::values::{Price, Settings};
use super::{Conn, Done, MIGRATIONS, after, before, id, later, open};

/// Takes the application over in two tenants, whose names begin with `prefix`. `migrations` is an
/// empty folder.
pub fn run(place: &str, prefix: &str, migrations: &Path) -> Done {
    let conn = &mut open(place, &format!("{prefix}_one"))?;
    copy_migrations(migrations)?;

    println!("1. The application as it is");
    migrate(conn, migrations)?;
    day(conn, 2)?;

    println!("2. Derive, and look at the plan");
    let first = plan(conn, migrations)?;
    day(conn, 3)?; // nothing has happened yet

    println!("3. Migrate");
    migrate(conn, migrations)?;
    day(conn, 4)?; // the old program is still running: its writes are recorded
    recorded_from_the_first_write(conn)?;

    println!("4. Backfill");
    backfill(conn)?;
    simplify(conn, migrations)?;
    day(conn, 5)?;

    println!("5. The new program");
    save_and_undo(conn)?;
    orders_and_lines(conn)?;
    links_and_json(conn)?;
    day(conn, 6)?;

    println!("6. A column goes");
    drop_a_column(conn, migrations)?;
    day(conn, 7)?;

    println!("7. A second tenant");
    let two = &mut open(place, &format!("{prefix}_two"))?;
    second_tenant(two, conn, migrations)?;
    day(two, 8)?;

    println!("8. Back again");
    roll_back(conn, migrations, &first)?;
    day(conn, 9)?;
    Ok(())
}

/// What the application does every day: its own queries, with its own models.
fn day(conn: &mut Conn, order: i32) -> Done {
    let titles: Vec<String> = before::shelf(conn, "Rust")?
        .into_iter()
        .map(|(title, _)| title)
        .collect();
    assert_eq!(titles, ["Lifetimes", "Ownership"]);
    assert_eq!(
        before::written_by(conn, "Grace")?,
        ["Lifetimes", "Ownership"]
    );
    assert_eq!(
        before::member(conn, "ann@example.org")?.email,
        "ann@example.org"
    );

    let bob = before::member(conn, "bob@example.org")?;
    let spent = before::spent(conn, "bob@example.org")?;
    before::order(conn, order, &bob, "Lifetimes")?;
    assert_eq!(
        before::spent(conn, "bob@example.org")?,
        Price(spent.0 + 1900)
    );

    let price = Price(2950 + i64::from(order));
    assert_eq!(before::reprice(conn, "Ownership", price)?, 1);
    assert!(before::shelf(conn, "Rust")?.contains(&("Ownership".to_owned(), price)));
    println!("   its own queries run");
    Ok(())
}

fn ownership() -> Done<super::Id> {
    id("0b000000-0000-4000-8000-000000000001")
}

/// The plan is SQL; written into the folder of the application's migrations, it can be reviewed.
fn plan(conn: &mut Conn, migrations: &Path) -> Done<Vec<String>> {
    let plan = after::schema().plan(conn)?;
    assert!(plan.problems().is_empty(), "{:?}", plan.problems());
    let folder = plan.write_migration(migrations, "handleref")?;
    println!("   {} statements: {}", plan.up().len(), named(folder));
    Ok(plan.up().to_vec())
}

/// A row that is changed before the backfill gets its baseline from the trigger.
fn recorded_from_the_first_write(conn: &mut Conn) -> Done {
    let history = after::Book::history_of(ownership()?).order(after::BookRecords::RECORD_ID);
    let records = history.whole().load(conn)?;
    let kinds: Vec<Operation> = records.iter().map(|record| record.operation).collect();
    assert_eq!(kinds, [Operation::Baseline, Operation::Update]);
    assert_eq!(
        (records[0].row.price, records[1].row.price),
        (Price(2953), Price(2954))
    );
    // What all rows were is not known before the backfill, so it is not answered.
    let all = after::books::table
        .count()
        .as_of::<after::Book>(latest_record(conn)?);
    assert!(all.get_result::<i64>(conn).is_err());
    Ok(())
}

/// How the rows were when recording began, of all models.
fn backfill(conn: &mut Conn) -> Done {
    for (model, progress) in after::schema().backfill().execute(conn)? {
        println!("   {model}: {progress}");
    }
    Ok(())
}

/// When every row has a baseline, the triggers need not look for them.
fn simplify(conn: &mut Conn, migrations: &Path) -> Done {
    let plan = after::schema().plan(conn)?;
    println!(
        "   {} statements: {}",
        plan.up().len(),
        named(plan.write_migration(migrations, "filled")?)
    );
    migrate(conn, migrations)?;
    let report = after::schema().check(conn)?;
    assert!(report.is_ok(), "{report}");
    let all = after::books::table
        .count()
        .as_of::<after::Book>(latest_record(conn)?);
    assert_eq!(all.get_result::<i64>(conn)?, 3);
    Ok(())
}

fn save_and_undo(conn: &mut Conn) -> Done {
    let mut book = after::book(conn, "Triggers")?;
    let mut copy = book.clone();
    let ann = Changeset::by("ann").comment("now on sale");
    in_changeset(conn, ann, |conn| {
        book.status = super::values::Status::OnSale;
        book.price = Price(1995);
        book.save(conn)
    })?;
    copy.price = Price(1);
    assert!(matches!(copy.save(conn), Err(Error::Stale { .. })));

    let changeset = &changesets().by("ann").load(conn)?[0];
    let changes = changeset.changes::<after::Book>().load(conn)?.to_string();
    assert!(
        changes.contains("status: \"draft\" -> \"on_sale\""),
        "{changes}"
    );
    println!("   {changeset}");
    undo_plan::<after::Book>(changeset.no)
        .load(conn)?
        .apply(conn)?;
    assert_eq!(after::book(conn, "Triggers")?.price, Price(2495));
    Ok(())
}

/// An order goes with its lines, and comes back with them.
fn orders_and_lines(conn: &mut Conn) -> Done {
    let mut order: after::Order = after::orders::table
        .find(1)
        .select(after::Order::as_select())
        .first(conn)?;
    assert_eq!(order.delete(conn)?, Outcome::Written);
    assert_eq!(
        after::OrderLine::deleted()
            .count()
            .get_result::<i64>(conn)?,
        2
    );
    // Nothing filters a query unasked: the application's own sum has these lines still.
    order.restore(conn)?;
    assert_eq!(
        after::OrderLine::deleted()
            .count()
            .get_result::<i64>(conn)?,
        0
    );
    let line = after::OrderLine::history_of((1, 2)).order(after::OrderLineRecords::RECORD_ID);
    let kinds: Vec<Operation> = line.select(after::OrderLineRecords::OPERATION).load(conn)?;
    assert_eq!(
        kinds,
        [
            Operation::Baseline,
            Operation::SoftDelete,
            Operation::Restore
        ]
    );
    Ok(())
}

fn links_and_json(conn: &mut Conn) -> Done {
    let triggers = after::book(conn, "Triggers")?.id;
    let light = Settings {
        theme: Some("light".to_owned()),
    };
    let meta = Changeset::by("bob");
    in_changeset(conn, meta, |conn| {
        use after::book_authors::dsl;
        diesel::insert_into(dsl::book_authors)
            .values((dsl::book_id.eq(triggers), dsl::author_id.eq(1)))
            .execute(conn)?;
        before::choose(conn, "ann@example.org", &light)?; // a query of the old program
        Ok::<_, Error>(())
    })?;
    let changeset = &changesets().by("bob").load(conn)?[0];
    let changes =
        changeset.changes::<(after::Member, after::Book, after::BookAuthor, after::Author)>();
    let changes = changes.load(conn)?.to_string();
    assert!(changes.contains("+ Author 1"), "{changes}");
    assert!(
        changes.contains("{\"theme\":\"dark\"} -> {\"theme\":\"light\"}"),
        "{changes}"
    );

    let ann: after::Member = after::members::table
        .filter(after::members::email.eq("ann@example.org"))
        .select(after::Member::as_select())
        .first(conn)?;
    assert_eq!(ann.diff(conn, 1, Now)?.changed_fields(), ["settings"]);
    Ok(())
}

/// The triggers name the column, so it is dropped in the plan that makes them anew.
fn drop_a_column(conn: &mut Conn, migrations: &Path) -> Done {
    let plan = later::schema().plan(conn)?;
    println!(
        "   {} statements: {}",
        plan.up().len(),
        named(plan.write_migration(migrations, "no_blurb")?)
    );
    migrate(conn, migrations)?;
    let report = later::schema().check(conn)?;
    assert!(report.is_ok(), "{report}");
    assert!(
        before::books::table
            .select(before::books::blurb)
            .load::<Option<String>>(conn)
            .is_err()
    );

    let mut book = later::book(conn, "Ownership")?;
    book.price = Price(100);
    book.save(conn)?;
    // The past keeps what the table has lost.
    let first = after::Book::history_of(ownership()?)
        .order(after::BookRecords::RECORD_ID)
        .select(after::books::blurb);
    assert_eq!(
        first.first::<Option<String>>(conn)?.as_deref(),
        Some("Who owns what")
    );
    Ok(())
}

/// A tenant that has rows: the migration, the backfill, and then the other migrations.
fn second_tenant(two: &mut Conn, one: &mut Conn, migrations: &Path) -> Done {
    let source = FileBasedMigrations::from_path(migrations)?;
    for _ in ["its own tables", "its own rows", "handleref"] {
        two.run_next_migration(source.clone())?;
    }
    backfill(two)?;
    migrate(two, migrations)?;
    let report = later::schema().check(two)?;
    assert!(report.is_ok(), "{report}");

    let records = |conn: &mut Conn| later::Book::records().count().get_result::<i64>(conn);
    let before = (records(one)?, records(two)?);
    before::reprice(two, "Lifetimes", Price(1900 + 1))?;
    before::reprice(two, "Lifetimes", Price(1900))?;
    assert_eq!((records(one)?, records(two)?), (before.0, before.1 + 2));
    Ok(())
}

/// Each migration has its way back. The history goes, the rows stay.
fn roll_back(conn: &mut Conn, migrations: &Path, first: &[String]) -> Done {
    let source = FileBasedMigrations::from_path(migrations)?;
    conn.revert_last_migration(source.clone())?; // the column is there again, and empty
    let blurbs = before::books::table.select(before::books::blurb);
    assert!(
        blurbs
            .load::<Option<String>>(conn)?
            .iter()
            .all(Option::is_none)
    );
    assert!(after::schema().check(conn)?.is_ok());

    conn.revert_last_migration(source.clone())?;
    conn.revert_last_migration(source)?;
    assert_eq!(
        after::schema().plan(conn)?.up(),
        first,
        "as on the first day"
    );
    Ok(())
}

/// Runs what is new, as `diesel migration run` does.
fn migrate(conn: &mut Conn, migrations: &Path) -> Done {
    let ran = conn.run_pending_migrations(FileBasedMigrations::from_path(migrations)?)?;
    println!("   {} migrations", ran.len());
    Ok(())
}

/// The application's own migrations, to which those of the takeover will be added.
fn copy_migrations(to: &Path) -> Done {
    let from = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples/takeover/migrations")
        .join(MIGRATIONS);
    for migration in fs::read_dir(from)? {
        let migration = migration?;
        let folder = to.join(migration.file_name());
        fs::create_dir_all(&folder)?;
        for file in ["up.sql", "down.sql"] {
            fs::copy(migration.path().join(file), folder.join(file))?;
        }
    }
    Ok(())
}

fn named(folder: Option<PathBuf>) -> String {
    folder
        .and_then(|folder| Some(folder.file_name()?.to_string_lossy().into_owned()))
        .unwrap_or_else(|| "nothing to do".to_owned())
}
