//! Who may do what.

use crate::each_site;
use serde_json::json;

each_site! {
    fn without_a_login_nothing_is_shown(site) {
        for path in ["/users/", "/articles/", "/articles/1/", "/articles/history/", "/log/changes/", "/log/changes/events"] {
            let refused = site.client.get(path).is(401);
            assert_eq!((refused.problem().as_str(), refused.header("www-authenticate")), ("not-logged-in", "Bearer"), "{path}");
        }
        for token in ["", "Bearer", "Bearer x", "Basic eve"] {
            site.client.send("GET", "/articles/", &[("authorization", token)], "").is(401);
        }
        for (name, password) in [("eve", "eve"), ("eve", ""), ("mallory", "mallorymallory"), ("", "")] {
            let given = json!({ "name": name, "password": password });
            let refused = site.client.json("POST", "/login", &given).is(401);
            assert!(!refused.headers.contains_key("set-cookie"), "{refused:?}");
        }
        site.client.json("POST", "/login", &json!({ "name": "eve" })).is(400);
        // What is not behind the login.
        site.client.get("/openapi.json").is(200);
        site.client.get("/nowhere").is(404);
    }

    /// A browser keeps the same token as a cookie.
    fn a_cookie_is_enough_until_the_logout(site) {
        let given = json!({ "name": "rob", "password": "robrob" });
        let reply = site.client.json("POST", "/login", &given).is(200);
        let cookie = reply.header("set-cookie");
        assert!(cookie.contains("; HttpOnly; SameSite=Strict;"), "{cookie}");
        let (cookie, _) = cookie.split_once(';').unwrap();
        let headers = [("cookie", cookie)];
        site.client.send("GET", "/articles/", &headers, "").is(200);
        let ended = site.client.send("POST", "/logout", &headers, "").is(204);
        assert!(ended.header("set-cookie").contains("Max-Age=0"), "{ended:?}");
        site.client.send("GET", "/articles/", &headers, "").is(401);
    }

    fn a_reader_reads_and_comments(site) {
        let (ann, rob) = (site.as_user("ann"), site.as_user("rob"));
        let path = ann.article("one");
        assert_eq!(rob.get(&path).is(200).json()["title"], "ONE");
        let body = json!({ "slug": "two", "title": "Two" });
        rob.json("POST", "/articles/", &body).is(403);
        rob.json("PATCH", &path, &json!({ "title": "Hacked" })).is(403);
        rob.delete(&path).is(403);
        for path in ["/articles/history/1/", "/articles/deleted/", "/log/changes/", "/log/changesets/"] {
            rob.get(path).is(403);
        }
        assert_eq!(rob.get("/articles/").is(200).all("title"), ["ONE"]);

        let comment = rob.comment(1, "first");
        assert_eq!(rob.get("/comments/?article=1").is(200).all("body"), ["first"]);
        // Nobody speaks in the name of another one.
        let forged = json!({ "article_id": 1, "body": "x", "author_id": 4 });
        assert_eq!(rob.json("POST", "/comments/", &forged).is(422).fields(), ["author_id"]);
        ann.json("PUT", &comment, &json!({ "article_id": 1, "body": "x" })).is(403);
        let put = rob.json("PUT", &comment, &json!({ "article_id": 1, "body": "second" })).is(200);
        assert_eq!((put.json()["body"].as_str(), put.header("etag")), (Some("second"), "\"v2\""));
        rob.delete(&comment).is(204);
        rob.send("PATCH", &format!("{comment}restore/"), &[], "").is(404);
    }

    fn an_author_writes_own_articles(site) {
        let (ann, bob, eve) = (site.as_user("ann"), site.as_user("bob"), site.as_user("eve"));
        let path = ann.article("one");
        ann.json("PATCH", &path, &json!({ "title": "Mine" })).is(200);
        bob.json("PATCH", &path, &json!({ "title": "Mine" })).is(403);
        bob.delete(&path).is(403);
        ann.delete("/articles/?slug=one").is(403);
        ann.delete(&path).is(204);
        // She sees what she has deleted; he does not. Only an editor restores it.
        assert_eq!(ann.get("/articles/deleted/").is(200).all("slug"), ["one"]);
        assert_eq!(bob.get("/articles/deleted/").is(200).all("slug"), [""; 0]);
        let restore = format!("{path}restore/");
        assert_eq!(ann.send("PATCH", &restore, &[], "").is(403).problem(), "forbidden");
        bob.send("PATCH", &restore, &[], "").is(404);
        eve.send("PATCH", &restore, &[], "").is(200);
        ann.get(&path).is(200);
    }

    fn a_password_is_in_no_answer(site) {
        let eve = site.as_user("eve");
        let users = eve.get("/users/").is(200);
        assert_eq!(users.all("name"), ["rob", "ann", "bob", "eve"]);
        for path in ["/users/", "/users/4/", "/users/history/4/", "/users/history/4/1/", "/users/history/4/blame/"] {
            let reply = eve.get(path).is(200);
            assert!(!reply.body.contains("argon2") && !reply.body.contains("password"), "{reply:?}");
        }
        assert_eq!(eve.get("/users/?fields=password_hash").is(400).fields(), ["password_hash"]);
        eve.delete("/users/1/").is(403);
    }
}
