//! Every way to change a row leaves the records that it should.
use crate::records_models::{ARTICLE, TABLE, schema_of};
use crate::support::Db;

/// A recorded table with the rows 1 to 3.
fn start<C: Db>(conn: &mut C) {
    conn.sql(TABLE);
    conn.install(&schema_of(ARTICLE)).unwrap();
    conn.sql("INSERT INTO articles (id, title) VALUES (1, 'one'), (2, 'two'), (3, 'three')");
}

/// The same test on every engine; on SQLite also under `recursive_triggers`.
macro_rules! captures {
    ($(fn $name:ident($conn:ident) $body:block)*) => { $(
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            use $crate::support::{self, Db};
            fn body<C: Db>($conn: &mut C) $body
            #[test] fn sqlite() { support::sqlite("").as_mut().map(body); }
            #[test] fn sqlite_recursive() {
                let mut conn = support::sqlite("").unwrap();
                conn.sql("PRAGMA recursive_triggers = ON");
                body(&mut conn);
            }
            #[test] fn postgres() { support::postgres(concat!("capture_", stringify!($name))).as_mut().map(body); }
            #[test] fn mysql() { support::mysql(concat!("capture_", stringify!($name))).as_mut().map(body); }
        }
    )* };
}

mod changes;
mod context;
mod lives;
mod parts;
