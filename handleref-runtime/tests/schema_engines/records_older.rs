//! A column that is added later: what older records say of it.
use crate::records_models::{TABLE, bare};
use crate::support::engines;
use handleref_runtime::history::facts::RecordedColumn;

const THREE: &[RecordedColumn] = &[
    RecordedColumn::new("id"),
    RecordedColumn::new("title"),
    RecordedColumn::new("note"),
];
const MORE: &[RecordedColumn] = &[
    RecordedColumn::new("id"),
    RecordedColumn::new("title"),
    RecordedColumn::new("note"),
    RecordedColumn::new("kind"),
    RecordedColumn::new("weight"),
    RecordedColumn::new("extra"),
];

engines! {
    fn older_records_have_the_default_of_a_new_column(conn) {
        conn.sql(TABLE);
        conn.install(&bare(THREE)).unwrap();
        conn.sql("INSERT INTO articles (id, title) VALUES (1, 'a')");
        conn.sql("ALTER TABLE articles ADD COLUMN kind VARCHAR(20) NOT NULL DEFAULT 'it''s'");
        conn.sql("ALTER TABLE articles ADD COLUMN weight INTEGER NOT NULL DEFAULT 7");
        conn.sql("ALTER TABLE articles ADD COLUMN extra INTEGER DEFAULT 9");
        conn.install(&bare(MORE)).unwrap();
        assert!(conn.check(&bare(MORE)).is_ok(), "{}", conn.check(&bare(MORE)));
        conn.sql("UPDATE articles SET title = 'b', weight = 8, extra = NULL");
        assert_eq!(
            conn.rows("title, kind, weight, extra", "FROM article_records ORDER BY record_id"),
            ["a|it's|7|NULL", "b|it's|8|NULL"]
        );
    }
}
