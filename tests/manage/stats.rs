//! `stats`.

use crate::each_database;
use crate::program::{masked, piped, screen};
use crate::story::told;

/// Without what is another date on every day, or size on every engine.
fn stable(text: &str) -> String {
    let text = masked(text);
    let lines = text
        .lines()
        .map(|line| match line.split_once(" d) · oldest record ") {
            Some(_) => "since .. (30 d) · oldest record .. · holds 0",
            None => line,
        });
    lines.collect::<Vec<_>>().join("\n")
}

each_database! {
    fn a_blog(db: told) {
        for width in [100, 80, 60] {
            let screen = stable(&screen(db, width, &["stats"]));
            // Sizes are those of the engine.
            match width {
                60 => insta::assert_snapshot!("stats_60", screen),
                _ if cfg!(feature = "sqlite") && matches!(db.engine, crate::support::Engine::Sqlite) => {
                    insta::assert_snapshot!(format!("stats_{width}"), screen);
                }
                _ => assert!(screen.contains("BYTES") && screen.contains(" kB"), "{screen}"),
            }
        }
        let said = piped(db, &["stats", "Article", "--since", "2d", "--json"]);
        assert_eq!(said.code, 0, "{}", said.out);
        let answer: serde_json::Value = serde_json::from_str(&said.out).unwrap();
        let models = answer["data"]["models"].as_array().unwrap();
        assert_eq!(models.len(), 1);
        let article = &models[0];
        assert_eq!((&article["rows"], &article["deleted"], &article["records"]), (&3.into(), &1.into(), &11.into()));
        let days = article["days"].as_array().unwrap();
        let sum: i64 = days.iter().map(|it| it["records"].as_i64().unwrap()).sum();
        assert_eq!(sum, 11);
        let writers = answer["data"]["writers"].as_array().unwrap();
        let of = |name: &str| writers.iter().find(|it| it["actor"] == name).unwrap()["records"].clone();
        assert_eq!((of("import"), of("ann"), of("bob")), (4.into(), 4.into(), 2.into()));
        let outside = writers.iter().find(|it| it["in_changesets"] == false).unwrap();
        assert_eq!(outside["records"], 1);
    }
}
