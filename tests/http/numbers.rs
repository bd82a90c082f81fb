//! Integers that JavaScript rounds.

use crate::each_site;
use crate::models::Options;
use serde_json::{Value, json};

/// One more than what a double holds for certain.
const GREAT: i64 = 9_007_199_254_740_993;

each_site! {
    fn as_they_are(site) {
        let made = site.json("POST", "/api/tags/", &json!({"name": "t", "weight": GREAT})).is(201);
        assert!(made.body.contains("9007199254740993"), "{made:?}");
        site.json("PATCH", "/api/tags/t/", &json!({"weight": "7"})).is(422);
    }

    fn as_text(site, Options { texts: true, ..Options::default() }) {
        let great = GREAT.to_string();
        let tag = |weight: &str| json!({"name": "t", "weight": weight});
        let made = site.json("POST", "/api/tags/", &tag(&great)).is(201);
        assert_eq!(made.json(), tag(&great));
        // Numbers are taken, too.
        let patched = site.json("PATCH", "/api/tags/t/", &json!({"weight": -GREAT})).is(200);
        assert_eq!(patched.json(), tag("-9007199254740993"));
        site.json("PATCH", "/api/tags/t/", &json!({"weight": i64::MAX.to_string()})).is(200);
        for wrong in [json!("7.5"), json!("+7"), json!("07"), json!(""), json!("x"), json!("9223372036854775808"), json!(7.5), Value::Null] {
            let refused = site.json("PATCH", "/api/tags/t/", &json!({"weight": wrong})).is(422);
            assert_eq!(refused.fields(), ["weight"]);
        }
        let greatest = i64::MAX.to_string();
        let now = site.get("/api/tags/t/").is(200).json();
        assert_eq!(now, tag(&greatest));
        assert_eq!(site.get("/api/tags/").is(200).json(), json!([now]));
        // In everything else that comes out, too.
        let history = site.get("/api/tags/history/t/").is(200).json();
        assert_eq!(history[0]["values"], now);
        assert_eq!(history[2]["values"]["weight"], great);
        assert!(history[0]["version"].is_number());
        let diff = site.get("/api/tags/history/t/diff/?from=v1&to=v2").is(200).json();
        let change = &diff["changes"][0];
        assert_eq!((&change["old"], &change["new"]), (&json!(great), &json!("-9007199254740993")));
        let plan = site.get("/api/tags/history/t/revert/?to=v1").is(200).json();
        assert_eq!(plan["changes"][0]["new"], great);
        let changes = site.get("/log/changes/").is(200).json();
        let last = changes["changes"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(last["row"], now);
        let no = last["changeset"].as_i64().unwrap();
        let set = site.get(&format!("/log/changesets/{no}/")).is(200).json();
        assert_eq!(set["changes"][0]["values"][0]["new"], greatest);
        let plan = site.get(&format!("/log/changesets/{no}/undo/")).is(200).json();
        assert_eq!(plan["steps"][0]["changes"][0]["old"], greatest, "{plan}");
        // A stale undo names values in its conflicts.
        site.json("PATCH", "/api/tags/t/", &json!({"weight": "5"})).is(200);
        let plan = site.get(&format!("/log/changesets/{no}/undo/")).is(200);
        assert!(plan.body.contains(&format!("\"{greatest}\"")) && !plan.body.contains(&format!(":{greatest}")), "{plan:?}");
        #[cfg(feature = "openapi")]
        {
            let document = site.get("/openapi.json").is(200).json();
            let schemas = &document["components"]["schemas"];
            for name in ["Tag", "NewTag", "EditTag"] {
                let weight = &schemas[name]["properties"]["weight"];
                assert_eq!(weight["pattern"], "^(0|-?[1-9][0-9]{0,18})$", "{name}");
            }
        }
    }
}
