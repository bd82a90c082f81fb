//! What is read and written, and what is said on the command line.

use crate::api::Objects;
use crate::models::Network;
use crate::schema::networks;
use crate::{Pair, args, generate, sync};
use diesel::prelude::*;
use std::path::Path;

/// Written files read back equal, to the letter of every timestamp.
#[test]
fn files_read_back_equal() {
    let (pair, mut source, mut mirror) = Pair::new(&Objects::default());
    let (one, two) = (pair.dir.join("one"), pair.dir.join("two"));
    let objects = generate::objects(60, 7);
    objects.write(&one).unwrap();
    let read = Objects::read(&one, |notice| panic!("{notice}")).unwrap();
    assert_eq!(read, objects);
    read.write(&two).unwrap();
    for tag in ["org", "fac", "net", "ix", "ixlan", "netfac", "netixlan"] {
        let text = |dir: &Path| std::fs::read_to_string(dir.join(format!("{tag}-0.json"))).unwrap();
        assert_eq!(text(&one), text(&two));
    }
    // And through both databases.
    read.store(&mut source).unwrap();
    sync().pull(&mut source, &mut mirror).unwrap();
    let nets = networks::table
        .select(Network::as_select())
        .order(networks::id)
        .load(&mut mirror)
        .unwrap();
    assert_eq!(nets, objects.net);
}

/// Timestamps as the API writes them; unknown and missing fields; a part of
/// the data.
#[test]
fn other_peoples_files() {
    let (pair, mut source, mut mirror) = Pair::new(&Objects::default());
    let write = |name: &str, text: &str| std::fs::write(pair.dir.join(name), text).unwrap();
    let object = |fields: &str, updated: &str| {
        format!(
            r#"{{{fields}, "created": "2020-01-01T00:00:00Z", "updated": "{updated}", "status": "ok", "x": [{{}}]}}"#
        )
    };
    let read = |notices: &mut Vec<String>| Objects::read(&pair.dir, |notice| notices.push(notice));
    assert!(
        read(&mut vec![])
            .unwrap_err()
            .to_string()
            .starts_with("there are no objects in ")
    );

    let org = object(
        r#""id": 1, "name": "A", "notes": null"#,
        "2020-01-01T00:00:00.500000Z",
    );
    let net = |id, org| {
        object(
            &format!(r#""id": {id}, "org_id": {org}, "asn": 4200000001, "name": """#),
            "2021-02-03T04:05:06.000007Z",
        )
    };
    write(
        "org.json",
        &format!(r#"{{"data": [{org}], "meta": {{"generated": 1}}}}"#),
    );
    write(
        "net-0.json",
        &format!(
            r#"{{"meta": {{}}, "data": [{}, {}]}}"#,
            net(7, 1),
            net(8, 2)
        ),
    );
    let mut notices = vec![];
    let objects = read(&mut notices).unwrap();
    assert_eq!(
        (objects.len(), objects.net[0].id, objects.net[0].asn),
        (2, 7, 4_200_000_001)
    );
    assert_eq!(notices.len(), 6, "{notices:?}");
    assert!(notices[0].starts_with("no fac-0.json and no fac.json in "));
    assert_eq!(
        notices[5],
        "1 net left out, because what they belong to is not there"
    );
    objects.store(&mut source).unwrap();
    sync().pull(&mut source, &mut mirror).unwrap();
    let net: Network = networks::table
        .select(Network::as_select())
        .first(&mut mirror)
        .unwrap();
    assert!(
        serde_json::to_string(&net)
            .unwrap()
            .contains(r#""updated":"2021-02-03T04:05:06.000007Z""#)
    );
    let org = serde_json::to_string(&objects.org).unwrap();
    assert!(
        org.contains(r#""created":"2020-01-01T00:00:00Z","updated":"2020-01-01T00:00:00.500000Z""#),
        "{org}"
    );

    write(
        "fac.json",
        r#"{"data": [{"id": 1, "created": "yesterday"}]}"#,
    );
    let error = read(&mut vec![]).unwrap_err().to_string();
    assert!(
        error.contains("fac.json: `yesterday` is not a moment in RFC 3339"),
        "{error}"
    );
}

/// The committed set is complete and has rows of every status.
#[test]
fn the_small_set() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/peeringdb/data");
    let objects = Objects::read(&dir, |notice| panic!("{notice}")).unwrap();
    assert_eq!(objects, generate::objects(8, 1));
    for status in ["ok", "pending", "deleted"] {
        assert!(
            objects.netfac.iter().any(|link| link.status == status),
            "{status}"
        );
    }
}

#[test]
fn arguments() {
    let read = |args: &[&str]| args::Args::read(args.iter().map(Into::into));
    let args = read(&["--generate", "7", "--rounds", "2", "--mirror", "m.sqlite"]).unwrap();
    assert_eq!(
        (args.data, args.rounds, args.mirror),
        (args::Data::Generated(7), 2, Some("m.sqlite".into()))
    );
    for (args, sentence) in [
        (
            &["--rounds"][..],
            "`--rounds` needs a value behind it; see --help",
        ),
        (
            &["--rounds", "-1"],
            "`--rounds -1`: this is no number that `--rounds` can be",
        ),
        (
            &["--data", "a", "--generate", "1"],
            "`--data` and `--generate` both say where the data comes from; give one",
        ),
        (&["x"], "`x` is unknown; see --help"),
    ] {
        assert_eq!(read(args).unwrap_err(), sentence);
    }
}
