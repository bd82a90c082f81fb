//! Values that must not be in any record.

use super::filled;
use crate::support::each_engine;
use crate::support::recorded::{Paper, PaperRecords, papers};
use diesel::prelude::ExpressionMethods;
use diesel::{QueryDsl, SelectableHelper};
use handleref::prelude::*;
use handleref::record::maintain::{EventKind, Maintain, events};
use handleref::{Error, Operation};

diesel::table! {
    pets {
        id -> Integer,
        name -> Nullable<Text>,
        chip -> Nullable<Text>,
    }
}

#[derive(Debug, diesel::Queryable, diesel::Selectable, handleref::Recorded)]
#[allow(dead_code)]
struct Pet {
    id: i32,
    name: Option<String>,
}

fn pets_table(db: &crate::support::Db) {
    db.create("CREATE TABLE pets (id {KEY} PRIMARY KEY, name {TEXT}, chip {TEXT})");
    db.install(&handleref::schema![Pet]);
}

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
    }

    /// A column of the table that is no field of the model is in no record.
    async fn a_column_without_a_field(db: pets_table, conn) {
        go!(diesel::insert_into(pets::table).values((pets::id.eq(1), pets::chip.eq("x"))).execute(conn))?;
        let refused = go!(Pet::erase(1).column(pets::chip).execute(conn));
        assert!(matches!(&refused, Err(Error::NoField { field, .. }) if field == "chip"), "{refused:?}");
        let erased = go!(Pet::erase(1).column(pets::name).execute(conn))?;
        assert_eq!(erased.records, 1);
    }
}
