//! Old values of fields that are redacted or skipped by now.

use super::pets::{FormerPet, FormerPetRecords, Pet, changed_model, former_pets};
use crate::support::each_engine;
use diesel::QueryDsl;
use handleref::Error;
use handleref::maintain::Unerasable;
use handleref::maintain::{EventKind, Maintain, events, release};
use handleref::prelude::*;

each_engine! {
    /// `check` says that they are there, and they are taken out of all records
    /// but those that are held.
    async fn redact_past(db: changed_model, conn) {
        let schema = handleref::schema![Pet];
        let report = go!(schema.check(conn))?;
        assert!(report.is_ok(), "{report}");
        let said = |name: &str, how: &str| format!("pets: records hold values of `{name}` from before it was {how}; `Pet::redact_past()` takes them out");
        for text in [said("phone", "redacted"), said("breed", "skipped")] {
            assert!(report.uncovered().contains(&text), "{text} in {:?}", report.uncovered());
        }
        let hold = go!(Pet::hold(conn, &2, "case 12"))?;
        let first = (held!(conn, 1), held!(conn, 2));
        let dry = go!(Pet::redact_past().dry_run(conn))?;
        assert_eq!((dry.looked_at, dry.redacted, dry.held), (4, 2, 2));
        assert_eq!(dry.columns, ["phone", "breed"]);
        assert_eq!((held!(conn, 1), held!(conn, 2)), first);
        assert_eq!(go!(Pet::redact_past().batch(1).execute(conn))?, dry);
        assert_eq!(held!(conn, 1), ["n1 - any c1 n1", "m1 - any c1 m1"]);
        assert_eq!(held!(conn, 2), first.1);
        let event = go!(events().of::<Pet>().limit(1).load(conn))?.pop().unwrap();
        assert_eq!((&event.kind, event.affected, &event.detail["held"]), (&EventKind::Redact, Some(2), &2.into()));
        assert!(!event.to_string().contains("p1"), "{event}");
        assert!(go!(schema.check(conn))?.uncovered().contains(&said("phone", "redacted")));

        assert!(go!(release(conn, hold))?);
        let rest = go!(Pet::redact_past().execute(conn))?;
        assert_eq!((rest.looked_at, rest.redacted, rest.held), (4, 2, 0));
        assert_eq!(held!(conn, 2), ["n2 - any c2 n2", "m2 - any c2 m2"]);
        assert!(go!(schema.check(conn))?.uncovered().iter().all(|text| !text.contains("redact_past")));
        assert_eq!(go!(Pet::redact_past().execute(conn))?.redacted, 0);

        // A column without a field, where it is said.
        let hold = go!(Pet::hold_all(conn, "case 13"))?;
        let all = go!(Pet::redact_past().named("chip").execute(conn))?;
        assert_eq!((all.redacted, all.held), (0, 4));
        go!(release(conn, hold))?;
        for (name, why) in [("name", Unerasable::IsRecorded), ("id", Unerasable::IsKey), ("shelf", Unerasable::NeedsValue)] {
            let refused = go!(Pet::redact_past().named("chip").named(name).execute(conn));
            assert!(matches!(&refused, Err(Error::CannotErase { columns, reason, .. }) if columns == &[name] && *reason == why), "{refused:?}");
        }
        let refused = go!(Pet::redact_past().named("vet").execute(conn));
        assert!(matches!(refused, Err(Error::NoField { .. })), "{refused:?}");
        let refused = go!(Pet::redact_past().named("recorded_at").execute(conn));
        assert!(matches!(refused, Err(Error::ManagedColumn { .. })), "{refused:?}");
        assert_eq!(held!(conn, 1), ["n1 - any c1 n1", "m1 - any c1 m1"]);
        let named = go!(Pet::redact_past().named("chip").named("called").named_with("shelf", "7").execute(conn))?;
        assert_eq!(named.redacted, 4);
        assert_eq!(held!(conn, 1), ["n1 - any - -", "m1 - any - -"]);
        // The door is shut again.
        assert!(go!(diesel::sql_query("UPDATE pet_records SET name = 'x'").execute(conn)).is_err());
    }
}
