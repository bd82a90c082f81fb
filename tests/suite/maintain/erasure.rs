//! Values that must not be in any record.

use super::filled;
use super::pets::{FormerPet, FormerPetRecords, Pet, changed_model, former_pets, pets};
use crate::support::recorded::{Label, Paper, PaperRecords, labels, papers};
use crate::support::{Engine, each_engine};
use diesel::prelude::ExpressionMethods;
use diesel::{QueryDsl, SelectableHelper};
use handleref::changeset::{ObjectRef, current_changeset, undo_plan};
use handleref::history::{Conflict, Revert};
use handleref::maintain::Unerasable;
use handleref::maintain::{EventKind, Maintain, events};
use handleref::prelude::*;
use handleref::{Changeset, Error, Operation, Outcome, in_changeset_async};

each_engine! {
    /// The values are gone from every record and from the row; all else stays.
    async fn erase(db: filled, conn) {
        go!(diesel::update(papers::table.find(1)).set(papers::website.eq("w1")).execute(conn))?;
        go!(diesel::update(papers::table.find(1)).set((papers::website.eq("w2"), papers::title.eq("name"))).execute(conn))?;
        go!(diesel::update(papers::table.find(2)).set(papers::website.eq("w3")).execute(conn))?;
        let erased = go!(Paper::erase(1).column(papers::website).execute(conn))?;
        assert_eq!((erased.records, erased.live_row), (3, false));
        let of = |id: i32| Paper::history_of(id).order(PaperRecords::RECORD_ID).select((PaperRecords::VERSION, papers::title, papers::website, papers::secret));
        type Row = (i64, String, Option<String>, Option<String>);
        let shown = |rows: Vec<Row>| rows.into_iter().map(|(version, title, website, _)| format!("{version} {title} {website:?}")).collect::<Vec<_>>();
        // The last one says that there was an erasure.
        assert_eq!(shown(go!(of(1).load::<Row>(conn))?), ["1 old 1 None", "2 old 1 None", "3 name None", "3 name None"]);
        let last = Paper::history_of(1).order(PaperRecords::RECORD_ID.desc()).select(PaperRecords::OPERATION);
        assert_eq!(go!(last.first::<Operation>(conn))?, Operation::Erase);
        assert_eq!(shown(go!(of(2).load::<Row>(conn))?), ["1 old 2 None", "2 old 2 Some(\"w3\")"]);

        let erase = || Paper::erase(1).column(papers::website).column(papers::secret).column_with(papers::title, "'it''s'").live_row();
        let erased = go!(erase().execute(conn))?;
        assert_eq!((erased.records, erased.live_row), (5, true));
        let versions = ["1", "2", "3", "3", "4", "4"].map(|version| format!("{version} it's None"));
        assert_eq!(shown(go!(of(1).load::<Row>(conn))?), versions);
        let live: Paper = go!(papers::table.find(1).select(Paper::as_select()).first(conn))?;
        assert_eq!((live.version, live.title.as_str(), live.website, live.secret), (4, "it's", None, None));
        // A second time there is nothing to change in the row.
        assert!(!go!(erase().execute(conn))?.live_row);

        // A row without a record: its baseline does not keep the value either.
        let erased = go!(Paper::erase(9).column_with(papers::title, "'gone'").live_row().execute(conn))?;
        assert_eq!((erased.records, erased.live_row), (2, true));
        assert_eq!(shown(go!(of(9).load::<Row>(conn))?), ["1 gone None", "2 gone None", "2 gone None"]);

        let event = go!(events().limit(1).load(conn))?.pop().unwrap();
        assert_eq!((&event.kind, event.affected), (&EventKind::Erase, Some(2)));
        assert_eq!((&event.detail["model"], &event.detail["key"], &event.detail["columns"][0]), (&"Paper".into(), &"9".into(), &"title".into()));
        assert!(!event.to_string().contains("old 9"), "{event}");
        let refused = go!(Paper::erase(1).column_with(papers::version, "0").execute(conn));
        assert!(matches!(refused, Err(Error::ManagedColumn { column: "version", .. })), "{refused:?}");
        let refused = go!(Paper::erase(1).property("nothing").execute(conn));
        assert!(matches!(refused, Err(Error::NoField { .. })), "{refused:?}");
        assert!(go!(diesel::sql_query("UPDATE paper_records SET title = 'x'").execute(conn)).is_err());

        // Records never had what is skipped: they keep what stands for it.
        go!(Paper::erase(2).column_with(papers::views, "7").live_row().execute(conn))?;
        assert_eq!(go!(papers::table.find(2).select(papers::views).first::<i32>(conn))?, 7);
        let views = go!(Paper::history_of(2).select(papers::views).load::<i32>(conn))?;
        assert!(views.iter().all(|views| *views == 0), "{views:?}");
        // So there is nothing of it to take out.
        let past = go!(Paper::redact_past().dry_run(conn))?;
        assert_eq!((past.redacted, past.columns.join(" ").as_str()), (0, "secret views"));
    }

    /// Whatever the record table has can be erased: what is redacted, skipped or
    /// no field at all by now, and a former property.
    async fn what_the_model_has_no_longer(db: changed_model, conn) {
        assert_eq!(held!(conn, 1), ["n1 p1 b1 c1 n1", "m1 p1 b1 c1 m1"]);
        let erase = || Pet::erase(1).column(pets::phone).named("called").live_row();
        let erased = go!(erase().named("chip").column_with(pets::breed, "'x'").execute(conn))?;
        assert_eq!((erased.records, erased.live_row), (3, true));
        assert_eq!(erased.columns, ["phone", "called", "chip", "breed"]);
        // A skipped column has in records what stands for it. The last ones are the row's change and the erasure.
        assert_eq!(held!(conn, 1), ["n1 - any - -", "m1 - any - -", "m1 - any - -", "m1 - any - -"]);
        type Live = (Option<String>, Option<String>, String, Option<String>, Option<String>);
        let live = || pets::table.find(1).select((pets::name, pets::phone, pets::breed, pets::chip, pets::vet));
        let (name, phone, breed, chip, vet): Live = go!(live().first(conn))?;
        assert_eq!((name.as_deref(), phone, breed.as_str(), chip, vet.as_deref()), (Some("m1"), None, "x", None, Some("v1")));
        assert_eq!(held!(conn, 2), ["n2 p2 b2 c2 n2", "m2 p2 b2 c2 m2"]);

        // Everything, with a value for what cannot be null, in the records or in the row.
        let refused = go!(Pet::erase(2).everything().live_row().execute(conn));
        let Err(Error::CannotErase { columns, reason: Unerasable::NeedsValue, .. }) = &refused else { panic!("{refused:?}") };
        assert_eq!(*columns, ["breed", "shelf"]);
        assert!(refused.unwrap_err().to_string().contains("`breed`, `shelf` of Pet cannot be null"));
        let everything = || Pet::erase(2).everything().named_with("shelf", "shelf");
        let refused = go!(everything().column_with(pets::name, "nowhere").execute(conn));
        assert!(matches!(refused, Err(Error::Database(_))), "{refused:?}");
        assert_eq!(held!(conn, 2), ["n2 p2 b2 c2 n2", "m2 p2 b2 c2 m2"]);
        let erased = go!(everything().execute(conn))?;
        let mut columns = erased.columns.clone();
        columns.sort();
        assert_eq!((columns.join(" ").as_str(), erased.live_row), ("breed called chip name phone shelf", false));
        assert_eq!(held!(conn, 2), ["- - any - -", "- - any - -", "- - any - -"]);
        let erased = go!(everything().column_with(pets::breed, "'y'").live_row().execute(conn))?;
        assert!(erased.live_row && erased.records > 3);
        let (name, phone, breed, chip, vet): Live = go!(pets::table.find(2).select((pets::name, pets::phone, pets::breed, pets::chip, pets::vet)).first(conn))?;
        assert_eq!((name, phone, breed.as_str(), chip, vet.as_deref()), (None, None, "y", None, Some("v2")));
        // They load as the model.
        let rows: Vec<Pet> = go!(Pet::history_of(2).load(conn))?;
        assert!(rows.iter().all(|pet| pet.name.is_none() && pet.breed == "any"), "{rows:?}");
    }

    /// What cannot be erased is refused by name, and nothing is written.
    async fn refusals(db: changed_model, conn) {
        // A column of the table that is no field of the model is in no record.
        for name in ["vet", "nothing"] {
            let refused = go!(Pet::erase(1).column(pets::phone).named(name).execute(conn));
            assert!(matches!(&refused, Err(Error::NoField { field, .. }) if field == name), "{refused:?}");
        }
        let refused = go!(Pet::erase(1).column(pets::vet).column(pets::phone).execute(conn));
        assert!(matches!(&refused, Err(Error::NoField { field, .. }) if field == "vet"), "{refused:?}");
        for name in ["record_id", "record_operation", "record_changeset"] {
            let refused = go!(Pet::erase(1).column(pets::phone).named_with(name, "1").execute(conn));
            assert!(matches!(&refused, Err(Error::ManagedColumn { column, .. }) if *column == name), "{refused:?}");
        }
        let keys = [Pet::erase(1).named("id"), Pet::erase(1).column_with(pets::id, "0")];
        for erase in keys {
            let refused = go!(erase.execute(conn));
            assert!(matches!(&refused, Err(Error::CannotErase { reason: Unerasable::IsKey, .. })), "{refused:?}");
            assert!(refused.unwrap_err().to_string().starts_with("`id` of Pet is the key"));
        }
        assert_eq!(held!(conn, 1), ["n1 p1 b1 c1 n1", "m1 p1 b1 c1 m1"]);
    }

    /// A changed key is a delete and an insert. The former ones are found, and
    /// their records are erased where it is said.
    async fn a_changed_key(db: filled, conn) {
        for (from, to) in [(1, 101), (101, 201), (2, 102)] {
            go!(diesel::update(papers::table.find(from)).set(papers::website.eq(format!("w{from}"))).execute(conn))?;
            go!(diesel::update(papers::table.find(from)).set(papers::id.eq(to)).execute(conn))?;
        }
        assert_eq!(go!(Paper::former_keys(conn, &201))?, [101, 1]);
        assert_eq!(go!(Paper::former_keys(conn, &102))?, [2]);
        assert!(go!(Paper::former_keys(conn, &3))?.is_empty());
        // Several rows by one statement, and a key of two columns.
        go!(diesel::update(labels::table.filter(labels::label.eq("z"))).set(labels::paper_id.eq(labels::paper_id + 1000)).execute(conn))?;
        let former = go!(Label::former_keys(conn, &(1007, "z".to_owned())))?;
        assert!(former.contains(&(7, "z".to_owned())), "{former:?}");

        let websites = || Paper::records().filter(papers::website.is_not_null()).order(PaperRecords::RECORD_ID).select(papers::id);
        assert_eq!(go!(websites().load::<i32>(conn))?, [1, 1, 101, 101, 101, 201, 2, 2, 102]);
        let erase = || Paper::erase(201).column(papers::website).live_row().also(101).also(1);
        let hold = go!(Paper::hold(conn, &1, "case 12"))?;
        let refused = go!(erase().execute(conn));
        assert!(matches!(&refused, Err(Error::Held { key, .. }) if key == "1"), "{refused:?}");
        assert_eq!(go!(websites().load::<i32>(conn))?.len(), 9);
        go!(handleref::maintain::release(conn, hold))?;
        let erased = go!(erase().execute(conn))?;
        assert!(erased.live_row && erased.records > 6, "{erased:?}");
        assert_eq!(go!(websites().load::<i32>(conn))?, [2, 2, 102]);
        let keys = go!(events().limit(3).load(conn))?.into_iter().map(|event| event.detail["key"].to_string());
        assert_eq!(keys.collect::<Vec<_>>(), ["\"1\"", "\"101\"", "\"201\""]);
    }

    /// What was erased does not come back as null: a revert and an undo say so,
    /// and leave the row's value alone.
    async fn no_way_back(db: filled, conn) {
        let set = |website: &str| diesel::update(papers::table.find(1)).set(papers::website.eq(website.to_owned()));
        let load = || papers::table.find(1).select(Paper::as_select());
        go!(diesel::update(papers::table.find(1)).set((papers::website.eq("w1"), papers::title.eq("one"))).execute(conn))?;
        go!(set("w2").execute(conn))?;
        go!(Paper::erase(1).column(papers::website).execute(conn))?;
        let made = go!(in_changeset_async(conn, Changeset::by("ann"), async |conn| {
            go!(set("w3").execute(conn))?;
            Ok::<_, Error>(go!(current_changeset(conn))?.unwrap())
        }))?;
        go!(set("w4").execute(conn))?;
        go!(set("w3").execute(conn))?;
        let mut paper: Paper = go!(load().first(conn))?;
        let lost = Conflict::Erased { field: "website", gone: false };
        for version in [1, 2, 3] {
            let plan = go!(paper.revert_plan(conn, version))?;
            assert_eq!(plan.blockers().collect::<Vec<_>>(), [&lost], "{plan}");
            let refused = go!(paper.revert(conn, Revert::fields().field(papers::website, version)));
            assert!(matches!(&refused, Err(Error::Revert { conflicts, .. }) if *conflicts == [lost.clone()]), "{refused:?}");
        }
        assert_eq!(go!(load().first::<Paper>(conn))?, paper);
        // Without the field, and to what was written after the erasure.
        go!(paper.revert(conn, Revert::version(1).without(papers::website)))?;
        assert_eq!((paper.title.as_str(), paper.website.as_deref()), ("old 1", Some("w3")));
        assert_eq!(go!(paper.revert(conn, Revert::version(1).without_named("website")))?, Outcome::Unchanged);
        go!(paper.revert(conn, 5))?;
        assert_eq!((paper.title.as_str(), paper.website.as_deref()), ("one", Some("w4")));
        go!(paper.revert(conn, 6))?;
        let refused = go!(paper.revert_plan(conn, Revert::version(1).without_named("nothing")));
        assert!(matches!(refused, Err(Error::NoField { .. })), "{refused:?}");

        // Before the changeset the website is not known any more.
        let plan = go!(undo_plan::<Paper>(made).load(conn))?;
        assert_eq!(plan.conflicts.iter().map(|it| &it.conflict).collect::<Vec<_>>(), [&lost], "{plan}");
        assert!(matches!(go!(plan.apply(conn)), Err(Error::Undo { .. })));
        let object = ObjectRef::new::<Paper>(&1);
        let kept = go!(undo_plan::<Paper>(made).resolve(&object, "website", "w3").load(conn))?;
        assert!(kept.steps.is_empty() && kept.conflicts.is_empty(), "{kept}");
        let said = go!(undo_plan::<Paper>(made).resolve(&object, "website", "w0").load(conn))?;
        go!(said.apply(conn))?;
        assert_eq!(go!(load().first::<Paper>(conn))?.website.as_deref(), Some("w0"));

        // A row that is gone comes back with what is left.
        go!(diesel::delete(papers::table.find(1)).execute(conn))?;
        assert!(go!(Paper::reinsert_plan(conn, &1))?.conflicts.is_empty());
        go!(Paper::erase(1).column(papers::website).execute(conn))?;
        let plan = go!(Paper::reinsert_plan(conn, &1))?;
        assert_eq!(plan.conflicts, [Conflict::Erased { field: "website", gone: true }]);
        assert!(plan.to_string().contains("note: the values of `website` were erased"), "{plan}");
        go!(plan.apply(conn))?;
        let back: Paper = go!(load().first(conn))?;
        assert_eq!((back.title.as_str(), &back.website), ("one", &None));

        // What an event says is not as if it said nothing because it cannot be read.
        let broken = "UPDATE handleref_events SET detail = REPLACE(detail, '\"columns\"', '\"colums\"')";
        go!(diesel::sql_query(broken).execute(conn))?;
        let refused = go!(back.revert_plan(conn, 1)).unwrap_err();
        assert!(refused.to_string().contains("an event of an erasure cannot be read"), "{refused}");
    }

    /// The record of a change that is not committed yet cannot be seen, so an
    /// erasure waits for it.
    async fn waits_for_writers(db: filled, conn) {
        let other = &mut connect!(db);
        let patience = match db.engine {
            Engine::Sqlite => "PRAGMA busy_timeout = 1",
            Engine::Postgres => "SET lock_timeout = '50ms'",
            Engine::Mysql => "SET innodb_lock_wait_timeout = 1",
        };
        go!(diesel::sql_query(patience).execute(other))?;
        go!(diesel::update(papers::table.find(1)).set(papers::website.eq("w1")).execute(conn))?;
        go!(diesel::sql_query("BEGIN").execute(conn))?;
        go!(diesel::update(papers::table.find(1)).set(papers::website.eq("w2")).execute(conn))?;
        let refused = go!(Paper::erase(1).column(papers::website).execute(other));
        assert!(refused.as_ref().is_err_and(Error::is_retryable), "{refused:?}");
        go!(diesel::sql_query("COMMIT").execute(conn))?;
        go!(Paper::erase(1).column(papers::website).execute(other))?;
        let left = Paper::records().filter(papers::website.is_not_null()).select(papers::id);
        assert!(go!(left.load::<i32>(conn))?.is_empty());
    }
}
