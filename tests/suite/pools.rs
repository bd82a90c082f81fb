//! Pooled connections.

use crate::support::ddl::notes as note_table;
use crate::support::models::{Note, notes};
use crate::support::{Db, Done};
use diesel::prelude::ExpressionMethods;
use diesel::r2d2::{ConnectionManager, Pool};
use diesel::{QueryDsl, RunQueryDsl, SelectableHelper};
use handleref::Outcome;
use handleref::prelude::*;

macro_rules! pooled {
    ($name:ident, $conn:ty) => {
        #[test]
        fn $name() -> Done {
            let db = Db::$name();
            note_table(&db);
            let pool = Pool::builder()
                .max_size(2)
                .build(ConnectionManager::<$conn>::new(&db.url))?;
            let mut conn = pool.get()?;
            diesel::insert_into(notes::table)
                .values((notes::id.eq(1), notes::title.eq("a")))
                .execute(&mut conn)?;
            let mut note: Note = notes::table
                .find(1)
                .select(Note::as_select())
                .first(&mut conn)?;
            note.title = "b".to_owned();
            assert_eq!(note.save(&mut conn)?, Outcome::Written);
            assert_eq!(note.delete(&mut *conn)?, Outcome::Written);
            let conn: &mut $conn = &mut conn;
            assert_eq!(note.restore(conn)?, Outcome::Written);
            Ok(())
        }
    };
}

mod r2d2 {
    use super::*;
    #[cfg(feature = "sqlite")]
    pooled!(sqlite, diesel::SqliteConnection);
    #[cfg(feature = "postgres")]
    pooled!(postgres, diesel::PgConnection);
    #[cfg(feature = "mysql")]
    pooled!(mysql, diesel::MysqlConnection);
}
