//! The table of changesets, for queries and joins of a program's own.

diesel::table! {
    /// The changesets, as they are stored; read only, as handleref writes them.
    ///
    /// ```text
    /// use handleref::changeset::handleref_changesets;
    /// handleref::allow_records_to_appear_in_same_query!(handleref_changesets::table, articles::table, ArticleRecords);
    ///
    /// Article::records()
    ///     .left_join(handleref_changesets::table.on(ArticleRecords::CHANGESET.eq(handleref_changesets::id.nullable())))
    ///     .select((ArticleRecords::VERSION, handleref_changesets::actor.nullable()))
    ///     .load::<(i64, Option<String>)>(conn)?;
    /// ```
    handleref_changesets (id) {
        /// The number.
        id -> BigInt,
        /// When, in UTC.
        occurred_at -> Timestamp,
        /// The changeset that it undid.
        undoes -> Nullable<BigInt>,
        /// Who, as text.
        actor -> Nullable<Text>,
        /// What kind of text that is: `text`, `number` or `uuid`.
        actor_kind -> Nullable<Text>,
        /// Why.
        comment -> Nullable<Text>,
        /// What it has in common with things elsewhere.
        correlation_id -> Nullable<Text>,
        /// Anything else, as JSON.
        metadata -> Nullable<Text>,
    }
}
