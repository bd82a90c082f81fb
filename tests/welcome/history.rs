//! A page of history: who did what, when and why, and what differs; newest first.

use crate::support::each_engine;
use crate::support::recorded::{Paper, PaperRecords, papers, papers as tables};
use diesel::prelude::{ExpressionMethods, JoinOnDsl, NullableExpressionMethods};
use diesel::{QueryDsl, SelectableHelper};
use handleref::changeset::handleref_changesets;
use handleref::history::RecordNo;
use handleref::prelude::*;
use handleref::{Changeset, Error, Operation, Record, in_changeset_async};
use serde_json::json;

handleref::allow_records_to_appear_in_same_query!(
    handleref_changesets::table,
    papers::table,
    PaperRecords
);

macro_rules! by {
    ($conn:expr, $who:expr, $why:expr, $update:expr) => {{
        let update = $update;
        go!(in_changeset_async(
            $conn,
            Changeset::by($who).comment($why),
            async |inner| {
                go!(update.execute(inner))?;
                Ok::<_, Error>(())
            }
        ))?;
    }};
}

macro_rules! story {
    ($conn:expr) => {{
        by!(
            $conn,
            "ann",
            "new",
            diesel::insert_into(papers::table).values((papers::id.eq(1), papers::title.eq("one")))
        );
        by!(
            $conn,
            "bob",
            "typo",
            handleref::update(papers::table.find(1))
                .set((papers::title.eq("One"), papers::website.eq("w")))
        );
        go!(handleref::update(papers::table.find(1))
            .set(papers::secret.eq("s"))
            .execute($conn))?;
        by!($conn, 7, "bin", handleref::delete(papers::table.find(1)));
    }};
}

each_engine! {
    async fn newest_first(db: tables, conn) {
        story!(conn);
        let paper = go!(papers::table.find(1).select(Paper::as_select()).first::<Paper>(conn))?;
        let page = go!(paper.log().load(conn))?;
        let lines: Vec<_> = page.entries.iter()
            .map(|it| (it.version, it.operation, it.actor().map(|who| who.to_string()), it.comment()))
            .collect();
        assert_eq!(lines, [
            (4, Operation::SoftDelete, Some("7".to_owned()), Some("bin")),
            (3, Operation::Update, None, None),
            (2, Operation::Update, Some("bob".to_owned()), Some("typo")),
            (1, Operation::Insert, Some("ann".to_owned()), Some("new")),
        ]);
        assert!(page.next.is_none() && page.entries.iter().all(|it| it.is_known));
        let typo = &page.entries[2];
        let title = typo.get(papers::title).unwrap();
        assert_eq!((&title.old, &title.new), (&json!("one"), &json!("One")));
        assert_eq!(typo.changes.len(), 2);
        assert_eq!(typo.row().unwrap().website.as_deref(), Some("w"));
        // Of a redacted field no more than that it changed.
        let secret = &page.entries[1].changes[0];
        assert!(secret.redacted && secret.new.is_null());
        let text = typo.to_string();
        assert!(text.contains("by bob: typo\n  title: \"one\" -> \"One\"\n  website: null -> \"w\""), "{text}");
        let value = serde_json::to_value(&page)?;
        assert_eq!(value["entries"][3]["changeset"]["actor"], json!("ann"));
    }

    /// Page by page it is the same, and each page knows what its last entry changed.
    async fn pages(db: tables, conn) {
        story!(conn);
        let whole = go!(Paper::log_of(1).load(conn))?;
        let mut entries = Vec::new();
        let mut next = Some(RecordNo(i64::MAX));
        while let Some(before) = next {
            let page = go!(Paper::log_of(1).before(before).limit(1).load(conn))?;
            assert_eq!(page.entries.len(), 1);
            entries.extend(page.entries);
            next = page.next;
        }
        assert_eq!(serde_json::to_value(&entries)?, serde_json::to_value(&whole.entries)?);
    }

    /// Of a row that is gone, and of one that never was.
    async fn of_a_key(db: tables, conn) {
        story!(conn);
        let paper = go!(papers::table.find(1).select(Paper::as_select()).first::<Paper>(conn))?;
        let first = go!(paper.history().first_record().whole().get_result::<Record<Paper>>(conn))?;
        assert_eq!(go!(first.instance(conn))?, Some(paper.clone()));
        go!(paper.hard_delete(conn))?;
        assert_eq!(go!(first.instance(conn))?, None);
        let page = go!(Paper::log_of(1).limit(2).load(conn))?;
        assert_eq!((page.entries[0].operation, page.entries[0].changes.len()), (Operation::Delete, 0));
        assert_eq!(page.next, Some(page.entries[1].record));
        assert!(go!(Paper::log_of(5).load(conn))?.entries.is_empty());
    }

    /// The table of changesets in a join of the program's own.
    async fn joined(db: tables, conn) {
        story!(conn);
        let who = go!(Paper::records()
            .left_join(handleref_changesets::table.on(PaperRecords::CHANGESET.eq(handleref_changesets::id.nullable())))
            .order(PaperRecords::RECORD_ID)
            .select((PaperRecords::VERSION, handleref_changesets::actor.nullable()))
            .load::<(i64, Option<String>)>(conn))?;
        let who: Vec<_> = who.iter().map(|(version, actor)| (*version, actor.as_deref())).collect();
        assert_eq!(who, [(1, Some("ann")), (2, Some("bob")), (3, None), (4, Some("7"))]);
    }
}
