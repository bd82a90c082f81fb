//! `doctor`: what is planted is found, and cured by what is printed.

use crate::each_database;
use crate::on_engine;
use crate::program::{Said, piped, screen};
use crate::story::told;
use crate::support::{Db, Engine};
use diesel::RunQueryDsl;
use serde_json::Value;

mod faults;

/// With the index that a cascade needs.
pub fn healthy(db: &Db) {
    told(db);
    db.execute("CREATE INDEX articles_topic ON articles (topic_id)");
}

/// What doctor says for programs.
pub fn doctor(db: &Db) -> (i32, Value) {
    let said = piped(db, &["doctor", "--json"]);
    let answer: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{said:?}"));
    (said.code, answer)
}

/// What is not fine.
pub fn wrong(answer: &Value) -> Vec<Value> {
    let findings = answer["data"]["findings"].as_array().unwrap();
    let wrong = findings.iter().filter(|it| it["severity"] != "ok");
    wrong.cloned().collect()
}

/// Finds this, and nothing else than what is allowed to come with it; gives the finding.
pub fn finds(db: &Db, area: &str, object: &str, text: &str) -> Value {
    let (code, answer) = doctor(db);
    assert_eq!(code, 1, "{answer}");
    let all = wrong(&answer);
    let has =
        |it: &&Value, name: &str, part: &str| it[name].as_str().unwrap_or_default().contains(part);
    let found = all
        .iter()
        .find(|it| has(it, "area", area) && has(it, "object", object) && has(it, "text", text));
    found.unwrap_or_else(|| panic!("{all:#?}")).clone()
}

/// Does what is printed as cures, from the first to the last, until nothing is wrong.
pub fn cured(db: &Db) {
    for _ in 0..3 {
        let (code, answer) = doctor(db);
        if code == 0 {
            break;
        }
        for finding in wrong(&answer) {
            for cure in finding["cures"].as_array().unwrap() {
                follow(db, cure);
            }
        }
    }
    let said = piped(db, &["doctor"]);
    assert_eq!(said.code, 0, "{}", said.out);
}

fn follow(db: &Db, cure: &Value) {
    if let Some(sql) = cure["sql"].as_str() {
        on_engine!(db, conn => {
            diesel::sql_query(sql.trim_end_matches(';')).execute(conn).unwrap_or_else(|it| panic!("{sql}: {it}"));
        });
    }
    if let Some(words) = cure["command"].as_array() {
        let words: Vec<&str> = words.iter().map(|it| it.as_str().unwrap()).collect();
        let Said { code, out, err } = piped(db, &words);
        assert_eq!(code, 0, "{words:?}: {out}{err}");
    }
}

/// What a person has to do is said.
pub fn advised(finding: &Value, text: &str) {
    let cures = finding["cures"].as_array().unwrap();
    let said = cures.iter().filter_map(|it| it["person"].as_str());
    assert!(said.clone().any(|it| it.contains(text)), "{finding}");
}

/// Without the first line, which names the database.
fn plain(text: &str) -> String {
    text.split_once('\n').unwrap().1.to_owned()
}

each_database! {
    fn all_is_fine(db: healthy) {
        let said = piped(db, &["doctor"]);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{}", said.out);
        insta::assert_snapshot!(format!("doctor_{:?}", db.engine), plain(&said.out));
        let (_, answer) = doctor(db);
        assert_eq!((&answer["ok"], &answer["data"]["failures"]), (&Value::Bool(true), &Value::from(0)));
        assert_eq!(piped(db, &["doctor", "--all", "Article"]).code, 0);
        assert_eq!(piped(db, &["doctor", "Artcle"]).code, 2);
    }

    fn a_screen(db: healthy) {
        faults::drop_trigger(db, "update");
        db.execute("UPDATE articles SET title = 'unseen' WHERE id = 7");
        for width in [100, 80, 60] {
            let text = screen(db, width, &["doctor"]);
            insta::assert_snapshot!(format!("doctor_found_{:?}_{width}", db.engine), plain(&text));
        }
    }
}
