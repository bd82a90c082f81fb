//! A mirror runs for as long as its program; what its connections keep prepared
//! must not grow with the pages that it has compared.

use crate::posts::All;
use crate::support::kept::Kept;
use crate::support::{Db, Done};
use crate::tables::{plain, recorded};
use diesel::Connection;
use handleref::mirror::Mirror;

macro_rules! engines {
    ($($feature:literal $engine:ident $conn:ty;)*) => { $(
        #[cfg(feature = $feature)]
        #[test]
        fn $engine() -> Done {
            let (source, target) = (Db::$engine(), Db::$engine());
            recorded(&source);
            plain(&target);
            let (from, to) = (&mut source.connect::<$conn>(), &mut target.connect::<$conn>());
            let mirror = Mirror::<All>::new("all").page(1).batch(1);
            let (sent, written) = (Kept::default(), Kept::default());
            for round in 0..4 {
                for id in 1..=8 {
                    let id = round * 10 + id;
                    source.sql(&format!("INSERT INTO tags (id, name) VALUES ({id}, 'tag {id}')"));
                    source.sql(&format!("INSERT INTO post_tags (post_id, tag_id) VALUES (95, {id})"));
                }
                mirror.pull(from, to)?;
                target.sql(&format!("UPDATE tags SET name = 'by hand' WHERE id = {round}1"));
                target.sql(&format!("DELETE FROM post_tags WHERE tag_id = {round}2"));
                assert_eq!(mirror.verify(from, to)?.repaired, 2);
                source.sql(&format!("DELETE FROM post_tags WHERE tag_id = {round}3"));
                source.sql(&format!("UPDATE tags SET name = 'renamed' WHERE id = {round}4"));
                mirror.pull(from, to)?;
                assert!(mirror.check(from, to)?.is_equal());
                // What is done for the first time is kept.
                if round > 1 {
                    assert_eq!((sent.take(), written.take()), (vec![], vec![]), "round {round}");
                }
                if round == 1 {
                    from.set_instrumentation(sent.hears());
                    to.set_instrumentation(written.hears());
                }
            }
            Ok(())
        }
    )* };
}

engines! {
    "sqlite" sqlite diesel::SqliteConnection;
    "postgres" postgres diesel::PgConnection;
    "mysql" mysql diesel::MysqlConnection;
}
