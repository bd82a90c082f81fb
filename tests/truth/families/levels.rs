//! How many tables a restore climbs: as many as it says, and then an error.

use crate::support::{Db, each_engine};
use chrono::NaiveDateTime;
use diesel::prelude::ExpressionMethods;
use diesel::{Identifiable, QueryDsl, Queryable, Selectable, SelectableHelper};
use handleref::prelude::*;
use handleref::{Error, Outcome};

macro_rules! levels {
    ($($table:ident $model:ident [$($parent:ident)?];)*) => {
        $(
            diesel::table! {
                $table (id) {
                    id -> Integer,
                    up_id -> Integer,
                    deleted_at -> Nullable<Timestamp>,
                }
            }
            #[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, HandleRef)]
            #[diesel(table_name = $table)]
            $(#[handleref(parent($parent, foreign_key = up_id))])?
            pub struct $model {
                pub id: i32,
                pub up_id: i32,
                pub deleted_at: Option<NaiveDateTime>,
            }
        )*
        const TABLES: &[&str] = &[$(stringify!($table)),*];
    };
}
levels! {
    level_a LevelA []; level_b LevelB [LevelA]; level_c LevelC [LevelB]; level_d LevelD [LevelC];
    level_e LevelE [LevelD]; level_f LevelF [LevelE]; level_g LevelG [LevelF]; level_h LevelH [LevelG];
    level_i LevelI [LevelH]; level_j LevelJ [LevelI]; level_k LevelK [LevelJ];
    level_l LevelL [LevelK]; level_m LevelM [LevelL]; level_n LevelN [LevelM];
    level_o LevelO [LevelN]; level_p LevelP [LevelO]; level_q LevelQ [LevelP];
    level_r LevelR [LevelQ];
}

/// One deleted row in each table, below that of the table before.
fn deleted(db: &Db) {
    for table in TABLES {
        db.create(&format!(
            "CREATE TABLE {table} (id {{KEY}} PRIMARY KEY, up_id INTEGER NOT NULL, deleted_at {{TIME}})"
        ));
        db.create(&format!(
            "INSERT INTO {table} (id, up_id, deleted_at) VALUES (1, 1, '2020-01-01 00:00:00')"
        ));
    }
}

each_engine! {
    /// Sixteen tables above are restored; of seventeen none is.
    async fn over_many_tables(db: deleted, conn) {
        let mut deep: LevelR = go!(level_r::table.find(1).select(LevelR::as_select()).first(conn))?;
        let refused = go!(deep.restore_with_parents(conn));
        assert!(matches!(refused, Err(Error::TooDeep { model: "LevelB", levels: 16 })), "{refused:?}");
        let refused = go!(handleref::restore(level_r::table.filter(level_r::id.eq(1))).with_parents().execute(conn));
        assert!(matches!(refused, Err(Error::TooDeep { .. })), "{refused:?}");
        assert_eq!(go!(LevelR::undeleted().count().get_result::<i64>(conn))?, 0);
        assert_eq!(go!(LevelC::undeleted().count().get_result::<i64>(conn))?, 0);
        let mut row: LevelQ = go!(level_q::table.find(1).select(LevelQ::as_select()).first(conn))?;
        assert_eq!(go!(row.restore_with_parents(conn))?, Outcome::Written);
        assert_eq!(go!(LevelA::undeleted().count().get_result::<i64>(conn))?, 1);
        assert_eq!(go!(LevelJ::undeleted().count().get_result::<i64>(conn))?, 1);
        assert_eq!(go!(deep.restore(conn))?, Outcome::Written);
    }
}
