//! The rows of a statement, as its transition tables have them.

/// Rows, and the condition under which it is these.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) from: &'a str,
    pub(super) when: Option<&'static str>,
}

pub(super) const ONE_NEW: Rows<'static> = Rows {
    from: "(SELECT * FROM handleref_new LIMIT 1) AS n",
    when: Some("NOT EXISTS (SELECT FROM handleref_new OFFSET 1)"),
};
pub(super) const ONE_OLD: Rows<'static> = Rows {
    from: "(SELECT * FROM handleref_old LIMIT 1) AS o",
    when: Some("NOT EXISTS (SELECT FROM handleref_old OFFSET 1)"),
};
pub(super) const ONE_PAIR: Rows<'static> = Rows {
    from: "(SELECT * FROM handleref_old LIMIT 1) AS o CROSS JOIN (SELECT * FROM handleref_new LIMIT 1) AS n",
    when: Some(
        "NOT EXISTS (SELECT FROM handleref_new OFFSET 1) AND NOT EXISTS (SELECT FROM handleref_old OFFSET 1)",
    ),
};
pub(super) const NEW: Rows<'static> = Rows {
    from: "handleref_new AS n",
    when: None,
};
pub(super) const OLD: Rows<'static> = Rows {
    from: "handleref_old AS o",
    when: None,
};
/// Rows that were changed: both tables are filled row by row, so that the key
/// may change.
pub(super) const PAIRS: Rows<'static> = Rows {
    from: "(SELECT *, pg_catalog.row_number() OVER () AS handleref_at FROM handleref_old) AS o \
     JOIN (SELECT *, pg_catalog.row_number() OVER () AS handleref_at FROM handleref_new) AS n \
     ON o.handleref_at OPERATOR(pg_catalog.=) n.handleref_at",
    when: None,
};
