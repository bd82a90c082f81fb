//! schemathesis goes by the OpenAPI document, sends what it allows and what it does not, and finds
//! nothing but what `schemathesis_hooks.py` names.

use crate::program::{Folder, command, run};
use crate::site::{Site, postgres, sqlite};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// How many cases there are of an operation, besides those that the document leads to by itself.
const CASES: &str = "60";

#[test]
fn sqlite_async() {
    nothing_is_found(&sqlite());
}

#[test]
fn postgres_async() {
    nothing_is_found(&postgres());
}

fn nothing_is_found(site: &Site) {
    let eve = site.as_user("eve");
    for at in 1..=9 {
        let article = eve.article(&format!("a{at}"));
        let comment = eve.comment(at, "Yes");
        eve.edit(&article, "\"v1\"", "", &json!({ "title": "New" }))
            .is(200);
        if at % 3 == 0 {
            eve.delete(&comment).is(204);
        }
        if at > 6 {
            eve.delete(&article).is(204);
        }
    }
    let given = json!({ "name": "eve", "password": "eveeve" });
    let login = site.client.json("POST", "/login", &given).is(200).json();

    let folder = Folder::new();
    let file = |name: &str| {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/clients")
            .join(name)
    };
    let mut tester = command("st", &folder);
    tester
        .env("SCHEMATHESIS_HOOKS", file("schemathesis_hooks.py"))
        .arg("--config-file")
        .arg(file("schemathesis.toml"))
        .args([
            "run",
            "--no-color",
            "--checks",
            "all",
            "--request-timeout",
            "10",
        ])
        .args(["--max-examples", CASES, "--header"])
        .arg(format!(
            "Authorization: Bearer {}",
            login["token"].as_str().unwrap()
        ))
        .args(["--report", "json", "--report-json-path", "report.json"])
        .arg(format!("http://{}/openapi.json", site.client.0));
    let said = run(&mut tester, &folder, Duration::from_secs(400));
    assert!(said.success, "{}\n{}", said.out, said.err);
    println!("{}", said.out);

    // It can say that of a server that refuses everything, too.
    let report = std::fs::read(folder.path("report.json")).unwrap();
    let report: Value = serde_json::from_slice(&report).unwrap();
    let operations = &report["operations"];
    assert_eq!(operations["tested"], operations["total"]);
    let accepts = |rates: &Value| {
        let phases = rates.as_object().unwrap().values();
        phases
            .map(|it| it["accepted"].as_u64().unwrap())
            .sum::<u64>()
            > 0
    };
    let rates = report["valid_rates"].as_object().unwrap();
    let accepted = rates.iter().filter(|(_, rates)| accepts(rates)).count();
    assert!(accepted > 40, "{accepted} of {operations}");
    assert!(report["test_cases"]["generated"].as_u64().unwrap() > 4000);
}
