//! Personal data in what changesets say.

use super::*;
use crate::support::each_engine;
use handleref::changeset::{Actor, erase_changesets_by};
use handleref::changesets;
use handleref::maintain::{EventKind, events};

each_engine! {
    /// Parts of one, or of those of an actor, go; the changesets and all others stay.
    async fn erased(_db: tables, conn) {
        let mut made = Vec::new();
        let metas = [
            Changeset::by("ann@example.org").comment("for Ann").correlation("r-1").metadata(&"ip 1")?,
            Changeset::by("ann@example.org").comment("again for Ann").metadata(&"ip 2")?,
            Changeset::by("ANN@example.org").comment("another one"),
            Changeset::by(7).comment("seven"),
            Changeset::by("7").comment("not seven"),
        ];
        for (id, meta) in (1..).zip(metas) {
            made.push(go!(in_changeset_async(conn, meta, async |conn| {
                book!(conn, id);
                Ok::<_, Error>(go!(current_changeset(conn))?.unwrap())
            }))?);
        }
        let said = |found: Vec<Changeset>| {
            let text = |it: Option<String>| it.unwrap_or("-".into());
            let said = found.into_iter().rev().map(|it| {
                let actor = it.actor.map(|it| it.to_string());
                format!("{} {} {} {}", text(actor), text(it.comment), text(it.correlation), text(it.metadata.map(|it| it.to_string())))
            });
            said.collect::<Vec<_>>()
        };
        let before = said(go!(changesets().load(conn))?);
        assert_eq!(before[0], "ann@example.org for Ann r-1 \"ip 1\"");

        assert_eq!(go!(made[0].erase().comment().metadata().execute(conn))?, 1);
        let erased = go!(erase_changesets_by("ann@example.org").actor_with(1234).correlation().execute(conn))?;
        assert_eq!(erased, 2);
        assert_eq!(go!(erase_changesets_by(7).actor().execute(conn))?, 1);
        let after = said(go!(changesets().load(conn))?);
        assert_eq!(after[..2], ["1234 - - -", "1234 again for Ann - \"ip 2\""]);
        assert_eq!(after[2], before[2]);
        assert_eq!((after[3].as_str(), &after[4]), ("- seven - -", &before[4]));
        let by = go!(changesets().by(1234).load(conn))?;
        assert!(by.len() == 2 && by.iter().all(|it| it.actor == Some(Actor::Number(1234))), "{by:?}");
        // Their records are theirs.
        let of = Book::records().filter(BookRecords::CHANGESET.eq(made[0].0)).select(BookRecords::OPERATION);
        assert_eq!(go!(of.load::<Operation>(conn))?, [Operation::Insert]);

        assert_eq!(go!(erase_changesets_by("nobody").comment().execute(conn))?, 0);
        let told = go!(events().load(conn))?;
        let told: Vec<_> = told.iter().filter(|event| event.kind == EventKind::Erase).collect();
        assert_eq!(told.len(), 4);
        assert_eq!(told[3].detail["fields"].to_string(), "[\"comment\",\"metadata\"]");
        assert_eq!((&told[3].detail["changeset"], &told[2].detail["changesets"]), (&made[0].0.into(), &2.into()));
        assert!(told.iter().all(|event| !event.to_string().to_lowercase().contains("ann@")), "{told:?}");

        let refused = go!(ChangesetNo(i64::MAX).erase().comment().execute(conn));
        assert!(matches!(refused, Err(Error::NoChangeset { .. })), "{refused:?}");
        let refused = go!(made[1].erase().comment().actor_with("x".repeat(192)).execute(conn));
        assert!(matches!(refused, Err(Error::NotStorable { .. })), "{refused:?}");
        assert_eq!(said(go!(changesets().load(conn))?), after);
    }
}
