//! The rows of a statement, as its transition tables have them.

/// Rows, and the condition under which it is these.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    pub(super) from: &'static str,
    pub(super) when: Option<&'static str>,
}

pub(super) const ONE_NEW: Rows = Rows {
    from: "(SELECT * FROM handleref_new LIMIT 1) AS n",
    when: Some("NOT EXISTS (SELECT FROM handleref_new OFFSET 1)"),
};
pub(super) const ONE_OLD: Rows = Rows {
    from: "(SELECT * FROM handleref_old LIMIT 1) AS o",
    when: Some("NOT EXISTS (SELECT FROM handleref_old OFFSET 1)"),
};
pub(super) const ONE_PAIR: Rows = Rows {
    from: "(SELECT * FROM handleref_old LIMIT 1) AS o CROSS JOIN (SELECT * FROM handleref_new LIMIT 1) AS n",
    when: ONE_NEW.when,
};
pub(super) const NEW: Rows = Rows {
    from: "handleref_new AS n",
    when: None,
};
pub(super) const OLD: Rows = Rows {
    from: "handleref_old AS o",
    when: None,
};
/// Rows that were changed: both tables are filled row by row, so that the key
/// may change.
pub(super) const PAIRS: Rows = Rows {
    from: "(SELECT *, row_number() OVER () AS handleref_at FROM handleref_old) AS o \
     JOIN (SELECT *, row_number() OVER () AS handleref_at FROM handleref_new) AS n USING (handleref_at)",
    when: None,
};
