//! Domains over domains: a record holds the type that is at the bottom of them.

#[cfg(feature = "postgres")]
mod a_domain_over_a_domain {
    use crate::support::{Db, Done};
    use diesel::prelude::*;
    use handleref::Outcome;
    use handleref::prelude::*;

    diesel::table! {
        plants (id) {
            id -> Integer,
            name -> Text,
            height -> Nullable<Integer>,
            seen -> Nullable<Array<Integer>>,
            secret -> Integer,
            note -> Nullable<Text>,
            version -> BigInt,
            updated_at -> Timestamp,
            deleted_at -> Nullable<Timestamp>,
        }
    }

    #[derive(
        Debug, Clone, PartialEq, serde::Serialize, Queryable, Selectable, HandleRef, Recorded,
    )]
    #[diesel(table_name = plants)]
    struct Plant {
        id: i32,
        name: String,
        height: Option<i32>,
        seen: Option<Vec<i32>>,
        #[recorded(skip = "0")]
        secret: i32,
        #[recorded(redact)]
        note: Option<String>,
        version: i64,
        updated_at: chrono::NaiveDateTime,
        deleted_at: Option<chrono::NaiveDateTime>,
    }

    #[test]
    fn postgres() -> Done {
        let db = Db::postgres();
        db.execute(
            "CREATE DOMAIN text_of AS VARCHAR(8) NOT NULL;
             CREATE DOMAIN name_of AS text_of DEFAULT 'weed' CHECK (VALUE <> '');
             CREATE DOMAIN short_name AS name_of CHECK (length(VALUE) < 7);
             CREATE DOMAIN positive AS INTEGER CHECK (VALUE > 0);
             CREATE DOMAIN small AS positive NOT NULL CHECK (VALUE < 1000);
             CREATE DOMAIN years AS INTEGER[] CHECK (cardinality(VALUE) < 3);
             CREATE DOMAIN recent_years AS years;
             CREATE DOMAIN big AS BIGINT; CREATE DOMAIN bigger AS big NOT NULL;
             CREATE DOMAIN moment AS TIMESTAMP; CREATE DOMAIN instant AS moment;
             CREATE TABLE plants (id small PRIMARY KEY, name short_name, height positive, seen recent_years,
             secret small DEFAULT 7, note name_of DEFAULT 'a',
             version bigger NOT NULL DEFAULT 1, updated_at instant NOT NULL DEFAULT (statement_timestamp() AT TIME ZONE 'UTC'),
             deleted_at instant)",
        );
        let conn = &mut db.connect::<diesel::PgConnection>();
        let schema = handleref::schema![Plant];
        schema.install(conn)?;
        let report = schema.check(conn)?;
        assert!(report.is_ok(), "{report}");
        assert!(schema.plan(conn)?.is_empty());
        let types: Vec<String> = diesel::dsl::sql::<diesel::sql_types::Array<diesel::sql_types::Text>>(
            "SELECT array_agg(format_type(atttypid, atttypmod)::text ORDER BY attname) FROM pg_attribute \
             WHERE attrelid = to_regclass('plant_records') AND attname IN ('id', 'name', 'note', 'secret', 'seen', 'version')",
        )
        .get_result(conn)?;
        assert_eq!(
            types,
            [
                "integer",
                "character varying(8)",
                "character varying(8)",
                "integer",
                "integer[]",
                "bigint"
            ]
        );

        diesel::insert_into(plants::table)
            .values((
                plants::id.eq(1),
                plants::name.eq("oak"),
                plants::seen.eq(vec![2025]),
            ))
            .execute(conn)?;
        let mut plant: Plant = plants::table
            .find(1)
            .select(Plant::as_select())
            .first(conn)?;
        assert_eq!(plant.save(conn)?, Outcome::Unchanged);
        let before = plant.clone();
        plant.name = "elm".to_owned();
        plant.seen = None;
        plant.height = Some(3);
        assert_eq!(plant.save(conn)?, Outcome::Written);
        diesel::sql_query("UPDATE plants SET height = 4").execute(conn)?;
        plant.reload(conn)?;
        plant.revert(conn, 1)?;
        assert_eq!(
            (&plant.name, &plant.seen, plant.height),
            (&before.name, &before.seen, None)
        );
        plant.hard_delete(conn)?;
        plant = Plant::reinsert(conn, &1)?;
        assert_eq!((plant.name.as_str(), plant.version), ("oak", 6));
        Ok(())
    }
}
