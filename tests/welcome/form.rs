//! A form: a row is shown, changed by somebody, and written at the version that was shown.

use crate::support::recorded::{Paper, papers, papers as tables};
use crate::support::{Db, Done, each_engine};
use diesel::prelude::ExpressionMethods;
use diesel::{AsChangeset, QueryDsl, SelectableHelper};
use handleref::prelude::*;
use handleref::{Error, Outcome};
use std::sync::Barrier;

/// What a browser sends; what is left out stays as it is.
#[derive(Debug, Default, Clone, AsChangeset)]
#[diesel(table_name = papers)]
struct Form {
    title: Option<String>,
    website: Option<Option<String>>,
    secret: Option<Option<String>>,
}

fn titled(title: &str) -> Form {
    Form {
        title: Some(title.to_owned()),
        ..Form::default()
    }
}

macro_rules! insert {
    ($conn:expr, $($id:expr),+) => {{
        $(go!(diesel::insert_into(papers::table)
            .values((papers::id.eq($id), papers::title.eq(format!("paper {}", $id))))
            .execute($conn))?;)+
    }};
}
macro_rules! get {
    ($conn:expr, $id:expr) => {
        go!(papers::table
            .find($id)
            .select(Paper::as_select())
            .first::<Paper>($conn))?
    };
}
macro_rules! records {
    ($conn:expr) => {
        go!(Paper::records().count().get_result::<i64>($conn))?
    };
}
macro_rules! write {
    ($conn:expr, $id:expr, $form:expr, $version:expr) => {
        go!(handleref::update(papers::table.find($id))
            .set($form)
            .expect_version($version)
            .execute($conn))
    };
}

each_engine! {
    /// The five answers, each told apart.
    async fn five_answers(db: tables, conn) {
        insert!(conn, 1, 2);
        assert_eq!(write!(conn, 1, titled("one"), 1)?, Outcome::Written);
        assert_eq!((get!(conn, 1).title.as_str(), get!(conn, 1).version), ("one", 2));
        assert_eq!(write!(conn, 1, titled("one"), 2)?, Outcome::Unchanged);
        // What is the same is no excuse for not knowing the row.
        for title in ["one", "other"] {
            let stale = write!(conn, 1, titled(title), 1).unwrap_err();
            assert!(
                matches!(&stale, Error::Stale { model: "Paper", key, expected: 1, found: 2 } if key == "1"),
                "{stale:?}"
            );
        }
        let mut paper = get!(conn, 1);
        go!(paper.delete(conn))?;
        let deleted = write!(conn, 1, titled("x"), 3).unwrap_err();
        assert!(matches!(&deleted, Error::Deleted { key, .. } if key == "1"), "{deleted:?}");
        let gone = write!(conn, 77, titled("x"), 1).unwrap_err();
        assert!(matches!(&gone, Error::Gone { key, .. } if key == "77"), "{gone:?}");
        assert_eq!(get!(conn, 1).title, "one");
        assert_eq!(get!(conn, 2).version, 1);
        assert_eq!(records!(conn), 4);
    }

    /// A form in which nothing is set writes nothing, and still says what the row is.
    async fn an_empty_form(db: tables, conn) {
        insert!(conn, 1);
        let before = get!(conn, 1);
        assert_eq!(write!(conn, 1, Form::default(), 1)?, Outcome::Unchanged);
        assert!(matches!(write!(conn, 1, Form::default(), 5), Err(Error::Stale { found: 1, .. })));
        assert!(matches!(write!(conn, 2, Form::default(), 5), Err(Error::Gone { .. })));
        assert_eq!(get!(conn, 1), before);
        assert_eq!(records!(conn), 1);
    }

    /// Only what differs in one of the columns is written; nulls and cases count.
    async fn what_differs(db: tables, conn) {
        insert!(conn, 1);
        let mut version = 1_i64;
        let website = |text: Option<&str>| Form { website: Some(text.map(str::to_owned)), ..titled("paper 1") };
        for (form, changes) in [
            (website(None), false),
            (website(Some("x")), true),
            (website(Some("x")), false),
            (website(Some("X")), true),
            (website(Some("X ")), true),
            (website(None), true),
            (titled("Paper 1"), true),
        ] {
            let outcome = write!(conn, 1, form.clone(), version)?;
            let expected = if changes { Outcome::Written } else { Outcome::Unchanged };
            assert_eq!(outcome, expected, "{form:?}");
            version += i64::from(changes);
            assert_eq!(get!(conn, 1).version, version);
        }
        assert_eq!(records!(conn), version);
    }

    /// An expression is a change, and is evaluated once.
    async fn an_expression(db: tables, conn) {
        insert!(conn, 1);
        for version in 1..=3 {
            let more = papers::views.eq(papers::views + 1);
            assert_eq!(write!(conn, 1, (more, papers::title.eq("paper 1")), version)?, Outcome::Written);
        }
        assert_eq!((get!(conn, 1).views, get!(conn, 1).version), (3, 4));
    }

    /// The target says which row by its whole key: a query of many is refused before
    /// anything is sent, and more conditions may follow.
    async fn one_row(db: tables, conn) {
        insert!(conn, 1, 2);
        let many = go!(handleref::update(papers::table.filter(papers::title.ne("x")))
            .set(titled("x")).expect_version(1).execute(conn)).unwrap_err();
        assert!(matches!(many, Error::ManyRows { model: "Paper" }), "{many:?}");
        let all = go!(handleref::update(papers::table).set(titled("x")).expect_version(1).execute(conn)).unwrap_err();
        assert!(matches!(all, Error::ManyRows { .. }), "{all:?}");
        let either = diesel::BoolExpressionMethods::or(papers::id.eq(1), papers::id.eq(2));
        let either = go!(handleref::update(papers::table.filter(either))
            .set(titled("x")).expect_version(1).execute(conn)).unwrap_err();
        assert!(matches!(either, Error::ManyRows { .. }), "{either:?}");
        let others = go!(handleref::update(papers::table.filter(diesel::dsl::not(papers::id.eq(1))))
            .set(titled("x")).expect_version(1).execute(conn)).unwrap_err();
        assert!(matches!(others, Error::ManyRows { .. }), "{others:?}");
        let unlike = go!(handleref::update(papers::table.filter(papers::id.eq(1).ne(true)))
            .set(titled("x")).expect_version(1).execute(conn)).unwrap_err();
        assert!(matches!(unlike, Error::ManyRows { .. }), "{unlike:?}");
        let mine = papers::title.eq("paper 2");
        let foreign = go!(handleref::update(papers::table.find(1)).set(titled("x")).filter(mine)
            .expect_version(1).execute(conn)).unwrap_err();
        assert!(matches!(&foreign, Error::Gone { key, .. } if key == "1"), "{foreign:?}");
        assert_eq!(records!(conn), 2);
        let paper = get!(conn, 2);
        let outcome = go!(handleref::update(&paper).set(titled("two")).filter(mine)
            .expect_version(paper.version).execute(conn))?;
        assert_eq!(outcome, Outcome::Written);
        let refused = write!(conn, 1, papers::version.eq(9), 1).unwrap_err();
        assert!(matches!(refused, Error::ManagedColumn { column: "version", .. }), "{refused:?}");
    }
}

/// Two people save the form that both were shown, round by round: one of them is told.
macro_rules! two_people {
    ($feature:literal $name:ident, $conn:ty) => {
        #[cfg(feature = $feature)]
        #[test]
        fn $name() -> Done {
            use crate::support::go_sync as go;
            use diesel::RunQueryDsl;
            const ROUNDS: i64 = 20;
            let db = Db::$name();
            tables(&db);
            let admin = &mut db.connect::<$conn>();
            insert!(admin, 1);
            let (start, end) = (Barrier::new(2), Barrier::new(2));
            let person = |name: &str| -> Result<i64, Error> {
                let conn = &mut db.connect::<$conn>();
                let mut told = 0;
                for round in 0..ROUNDS {
                    let version = get!(conn, 1).version;
                    start.wait();
                    match write!(conn, 1, titled(&format!("{name} {round}")), version) {
                        Ok(Outcome::Written) => {}
                        Err(Error::Stale {
                            expected, found, ..
                        }) if found == expected + 1 => told += 1,
                        other => panic!("{other:?}"),
                    }
                    end.wait();
                }
                Ok(told)
            };
            let told = std::thread::scope(|scope| {
                let both = [scope.spawn(|| person("one")), scope.spawn(|| person("two"))];
                both.into_iter()
                    .map(|it| it.join().unwrap().unwrap())
                    .sum::<i64>()
            });
            assert_eq!((told, get!(admin, 1).version), (ROUNDS, 1 + ROUNDS));
            Ok(())
        }
    };
}

mod at_the_same_time {
    use super::*;
    two_people!("sqlite" sqlite, diesel::SqliteConnection);
    two_people!("postgres" postgres, diesel::PgConnection);
    two_people!("mysql" mysql, diesel::MysqlConnection);
}
