#[recorded(
    property(TITLE:Text, sql = "upper(title)"),
    relative(Comment, on = "1 = 1"),
    when
)]
struct Article {
    slug: String,
    #[recorded(skip, redact)]
    title: String,
}

// expands to

///The records of [`Article`].
#[derive(
    ::core::fmt::Debug,
    ::core::clone::Clone,
    ::core::marker::Copy,
    ::core::default::Default,
)]
#[allow(dead_code, non_camel_case_types, unreachable_pub, clippy::exhaustive_structs)]
struct ArticleRecords;
#[doc(hidden)]
#[allow(deprecated, unused_qualifications, clippy::absolute_paths)]
const _: () = {
    use ::handleref::__private as __handleref;
    #[allow(unused_imports)]
    use __handleref::{NoHandleRef as _, NotVersioned as _, clean::ways::*};
    #[automatically_derived]
    impl __handleref::RecordSource for ArticleRecords {
        type Model = Article;
    }
    #[automatically_derived]
    impl __handleref::diesel::query_builder::QueryId for ArticleRecords {
        type QueryId = Self;
        const HAS_STATIC_QUERY_ID: bool = true;
    }
    #[automatically_derived]
    impl __handleref::diesel::QuerySource for ArticleRecords {
        type FromClause = __handleref::Records<Article>;
        type DefaultSelection = __handleref::SnapshotOf<Article>;
        fn from_clause(&self) -> Self::FromClause {
            __handleref::Records::NEW
        }
        fn default_selection(&self) -> Self::DefaultSelection {
            <Self as __handleref::diesel::Table>::all_columns()
        }
    }
    #[automatically_derived]
    impl __handleref::diesel::query_builder::AsQuery for ArticleRecords {
        type SqlType = __handleref::Sql<__handleref::SnapshotOf<Article>>;
        type Query = __handleref::SelectFrom<Self>;
        fn as_query(self) -> Self::Query {
            __handleref::SelectFrom::simple(self)
        }
    }
    #[automatically_derived]
    impl __handleref::diesel::Table for ArticleRecords {
        type PrimaryKey = articles::slug;
        type AllColumns = __handleref::SnapshotOf<Article>;
        fn primary_key(&self) -> Self::PrimaryKey {
            <articles::slug as ::core::default::Default>::default()
        }
        fn all_columns() -> Self::AllColumns {
            <Article as __handleref::Recorded>::snapshot()
        }
    }
    #[automatically_derived]
    impl __handleref::AppearsInFromClause<articles::table> for ArticleRecords {
        type Count = __handleref::Once;
    }
    #[automatically_derived]
    impl __handleref::AppearsInFromClause<ArticleRecords> for ArticleRecords {
        type Count = __handleref::Once;
    }
    #[automatically_derived]
    impl __handleref::diesel::SelectableExpression<ArticleRecords> for articles::slug {}
    #[automatically_derived]
    impl __handleref::diesel::SelectableExpression<ArticleRecords> for articles::title {}
    #[automatically_derived]
    impl __handleref::RecordedBy<Article> for articles::table {}
    const _: () = __handleref::only_one_struct_of_a_table_may_derive_recorded::<
        articles::table,
        _,
    >();
    #[automatically_derived]
    impl __handleref::Recorded for Article {
        type LiveTable = articles::table;
        type Records = ArticleRecords;
        type Snapshot = (articles::slug, articles::title);
        type RecordKey = i64;
        type History = __handleref::diesel::dsl::Filter<
            ArticleRecords,
            __handleref::OfKey<ArticleRecords, i64>,
        >;
        const RECORDED_NAME: &'static str = "Article";
        const RECORDED_KEY: &'static [&'static str] = &[];
        const RECORDING: __handleref::facts::Recording = __handleref::facts::Recording::new(
            "article_records",
            &[
                __handleref::facts::RecordedColumn::of::<articles::slug>(),
                __handleref::facts::RecordedColumn::of::<articles::title>(),
            ],
        );
        const RECORDED_ROLES: __handleref::Roles = __handleref::AsHandleRef::<
            Article,
        >::ROLES;
        const RECORDED_UNIQUE: &'static [&'static [&'static str]] = __handleref::AsHandleRef::<
            Article,
        >::UNIQUE;
        fn snapshot() -> Self::Snapshot {
            (
                <articles::slug as ::core::default::Default>::default(),
                <articles::title as ::core::default::Default>::default(),
            )
        }
        fn history_of(__handleref_key: Self::RecordKey) -> Self::History {
            __handleref::diesel::QueryDsl::filter(
                ArticleRecords,
                __handleref::OfKey::new(__handleref_key),
            )
        }
        fn record_key(&self) -> Self::RecordKey {
            ::core::unreachable!()
        }
        fn recorded_version(&self) -> ::core::option::Option<i64> {
            __handleref::AsHandleRef::<Article>::version(self)
        }
    }
    #[automatically_derived]
    impl<__HandlerefDb: __handleref::Engine> __handleref::Recall<__HandlerefDb>
    for Article {
        fn walk_key<'__h>(
            __handleref_key: &'__h Self::RecordKey,
            __handleref_writer: &mut __handleref::ColumnWriter<'_, '__h, __HandlerefDb>,
        ) -> __handleref::diesel::QueryResult<()> {
            ::core::result::Result::Ok(())
        }
        fn recalled_parents() -> ::std::vec::Vec<__handleref::Parent> {
            ::std::vec::Vec::new()
        }
    }
    #[automatically_derived]
    impl<__HandlerefFormat> __handleref::Fields<__HandlerefFormat> for Article
    where
        String: __handleref::FieldValue<__HandlerefFormat>,
        String: __handleref::FieldValue<__HandlerefFormat>,
    {
        const FIELDS: &'static [&'static str] = &["slug", "title"];
        fn values(&self) -> ::std::vec::Vec<__handleref::serde_json::Value> {
            ::std::vec![
                __handleref::FieldValue:: < __HandlerefFormat > ::value(& self.slug),
                __handleref::FieldValue:: < __HandlerefFormat > ::value(& self.title)
            ]
        }
        fn clean(
            __handleref_field: usize,
            __handleref_text: ::core::option::Option<&str>,
        ) -> __handleref::clean::Cleaned {
            match __handleref_field {
                0 | 1 => {
                    __handleref::clean::Probe::<String>::NEW
                        .__handleref_clean::<__HandlerefFormat>(__handleref_text)
                }
                _ => __handleref::clean::no_field(),
            }
        }
    }
    #[automatically_derived]
    impl<__HandlerefDb: __handleref::Engine> __handleref::Mirrored<__HandlerefDb>
    for Article
    where
        String: __handleref::Store<articles::slug, __HandlerefDb>,
        String: __handleref::Store<articles::title, __HandlerefDb>,
    {
        type Converted = ();
        fn converted(&self) -> Self::Converted {}
        fn walk_row<'__h>(
            &'__h self,
            __handleref_converted: &'__h Self::Converted,
            __handleref_writer: &mut __handleref::ColumnWriter<'_, '__h, __HandlerefDb>,
        ) -> __handleref::diesel::QueryResult<()> {
            __handleref::Store::<
                articles::slug,
                _,
            >::store(&self.slug, __handleref_writer)?;
            __handleref::Store::<
                articles::title,
                _,
            >::store(&self.title, __handleref_writer)?;
            ::core::result::Result::Ok(())
        }
    }
};
::core::compile_error! {
    "`when` is malformed; the correct form is `when = \"articles.status <> 'draft'\"`"
}
::core::compile_error! {
    "`Article` has no field `id`; add it, or name the columns of the primary key: `#[diesel(primary_key(..))]`"
}
::core::compile_error! {
    "`redact` conflicts with `skip`: a skipped field leaves no trace, a redacted one leaves the fact that it changed; keep one of them"
}
::core::compile_error! {
    "`TITLE` is a column already; give the property another name"
}
::core::compile_error! {
    "a relative is a table, not a struct: `relative(comments, on = \"comments.article_id = articles.id\")`"
}
