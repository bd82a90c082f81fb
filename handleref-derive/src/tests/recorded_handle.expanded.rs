#[handleref(parent(Topic), crate = crate::renamed)]
#[recorded(
    table_name = "article_history",
    when = "articles.status <> 'draft'",
    property(comments:BigInt, sql = "(SELECT count(*) FROM comments)"),
    property(words:Nullable<Integer>, with = Article::words),
    relative(schema::comments, on = "comments.article_id = articles.id"),
    validate = validate,
    require_changeset,
    notify,
)]
pub struct Article {
    id: i32,
    topic_id: i32,
    #[recorded(renamed_from = "headline", sql_type = "TEXT")]
    title: String,
    #[recorded(skip)]
    views: Option<i32>,
    #[recorded(redact = "'***'")]
    secret: String,
    #[diesel(select_expression = now)]
    read_at: NaiveDateTime,
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
pub struct ArticleRecords;
#[doc(hidden)]
#[allow(deprecated, unused_qualifications, clippy::absolute_paths)]
const _: () = {
    use crate::renamed::__private as __handleref;
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
        type PrimaryKey = articles::id;
        type AllColumns = __handleref::SnapshotOf<Article>;
        fn primary_key(&self) -> Self::PrimaryKey {
            <articles::id as ::core::default::Default>::default()
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
    impl __handleref::diesel::SelectableExpression<ArticleRecords> for articles::id {}
    #[automatically_derived]
    impl __handleref::diesel::SelectableExpression<ArticleRecords>
    for articles::topic_id {}
    #[automatically_derived]
    impl __handleref::diesel::SelectableExpression<ArticleRecords> for articles::title {}
    #[automatically_derived]
    impl __handleref::diesel::SelectableExpression<ArticleRecords> for articles::views {}
    #[automatically_derived]
    impl __handleref::diesel::SelectableExpression<ArticleRecords> for articles::secret {}
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
        type Snapshot = (
            articles::id,
            articles::topic_id,
            articles::title,
            articles::views,
            articles::secret,
        );
        type RecordKey = i32;
        type History = __handleref::diesel::dsl::Filter<
            ArticleRecords,
            __handleref::OfKey<ArticleRecords, i32>,
        >;
        const RECORDED_NAME: &'static str = "Article";
        const RECORDED_KEY: &'static [&'static str] = &[
            <articles::id as __handleref::diesel::Column>::NAME,
        ];
        const RECORDING: __handleref::facts::Recording = __handleref::facts::Recording::new(
                "article_history",
                &[
                    __handleref::facts::RecordedColumn::of::<articles::id>(),
                    __handleref::facts::RecordedColumn::of::<articles::topic_id>(),
                    __handleref::facts::RecordedColumn::of::<articles::title>()
                        .with_former_name("headline")
                        .with_type("TEXT"),
                    __handleref::facts::RecordedColumn::of::<articles::views>()
                        .with_capture(
                            __handleref::facts::Capture::Skipped(
                                ::core::option::Option::None,
                            ),
                        ),
                    __handleref::facts::RecordedColumn::of::<articles::secret>()
                        .with_capture(
                            __handleref::facts::Capture::Redacted(
                                ::core::option::Option::Some("'***'"),
                            ),
                        ),
                ],
            )
            .with_properties(<ArticleRecords>::__PROPERTIES)
            .with_relatives(
                &[
                    __handleref::facts::Relative::new(
                        <schema::comments::table as __handleref::LiveName>::SQL_NAME,
                        "comments.article_id = articles.id",
                    ),
                ],
            )
            .with_condition("articles.status <> 'draft'")
            .with_required_changeset()
            .with_references(
                &[
                    __handleref::facts::Reference::new(
                        &[<articles::topic_id as __handleref::diesel::Column>::NAME],
                        "Topic",
                    ),
                ],
            )
            .with_notify();
        const RECORDED_ROLES: __handleref::Roles = __handleref::AsHandleRef::<
            Article,
        >::ROLES;
        const RECORDED_UNIQUE: &'static [&'static [&'static str]] = __handleref::AsHandleRef::<
            Article,
        >::UNIQUE;
        fn snapshot() -> Self::Snapshot {
            (
                <articles::id as ::core::default::Default>::default(),
                <articles::topic_id as ::core::default::Default>::default(),
                <articles::title as ::core::default::Default>::default(),
                <articles::views as ::core::default::Default>::default(),
                <articles::secret as ::core::default::Default>::default(),
            )
        }
        fn history_of(__handleref_key: Self::RecordKey) -> Self::History {
            __handleref::diesel::QueryDsl::filter(
                ArticleRecords,
                __handleref::OfKey::new(__handleref_key),
            )
        }
        fn record_key(&self) -> Self::RecordKey {
            ::core::clone::Clone::clone(&self.id)
        }
        fn recorded_version(&self) -> ::core::option::Option<i64> {
            __handleref::AsHandleRef::<Article>::version(self)
        }
        fn computed(
            &self,
        ) -> ::std::vec::Vec<
            (&'static str, ::core::option::Option<::std::string::String>),
        > {
            ::std::vec![
                ("words", __handleref::PropertyValue::text(& Article::words(self)))
            ]
        }
        fn validate(&self) -> ::core::result::Result<(), __handleref::HookError> {
            validate(self)
        }
    }
    #[automatically_derived]
    impl<__HandlerefDb: __handleref::Engine> __handleref::Recall<__HandlerefDb>
    for Article
    where
        i32: __handleref::Store<articles::id, __HandlerefDb>,
        Self: __handleref::HasParents<__HandlerefDb>,
    {
        fn walk_key<'__h>(
            __handleref_key: &'__h Self::RecordKey,
            __handleref_writer: &mut __handleref::ColumnWriter<'_, '__h, __HandlerefDb>,
        ) -> __handleref::diesel::QueryResult<()> {
            __handleref::Store::<
                articles::id,
                _,
            >::store(__handleref_key, __handleref_writer)?;
            ::core::result::Result::Ok(())
        }
        fn recalled_parents() -> ::std::vec::Vec<__handleref::Parent> {
            <Self as __handleref::HasParents<__HandlerefDb>>::parents_on()
        }
    }
    #[automatically_derived]
    impl<__HandlerefFormat> __handleref::Fields<__HandlerefFormat> for Article
    where
        i32: __handleref::FieldValue<__HandlerefFormat>,
        i32: __handleref::FieldValue<__HandlerefFormat>,
        String: __handleref::FieldValue<__HandlerefFormat>,
        Option<i32>: __handleref::FieldValue<__HandlerefFormat>,
        String: __handleref::FieldValue<__HandlerefFormat>,
    {
        const FIELDS: &'static [&'static str] = &[
            "id",
            "topic_id",
            "title",
            "views",
            "secret",
        ];
        fn values(&self) -> ::std::vec::Vec<__handleref::serde_json::Value> {
            ::std::vec![
                __handleref::FieldValue:: < __HandlerefFormat > ::value(& self.id),
                __handleref::FieldValue:: < __HandlerefFormat > ::value(& self.topic_id),
                __handleref::FieldValue:: < __HandlerefFormat > ::value(& self.title),
                __handleref::FieldValue:: < __HandlerefFormat > ::value(& self.views),
                __handleref::FieldValue:: < __HandlerefFormat > ::value(& self.secret)
            ]
        }
        fn clean(
            __handleref_field: usize,
            __handleref_text: ::core::option::Option<&str>,
        ) -> __handleref::clean::Cleaned {
            match __handleref_field {
                0 | 1 => {
                    __handleref::clean::Probe::<i32>::NEW
                        .__handleref_clean::<__HandlerefFormat>(__handleref_text)
                }
                2 | 4 => {
                    __handleref::clean::Probe::<String>::NEW
                        .__handleref_clean::<__HandlerefFormat>(__handleref_text)
                }
                3 => {
                    __handleref::clean::Probe::<Option<i32>>::NEW
                        .__handleref_clean::<__HandlerefFormat>(__handleref_text)
                }
                _ => __handleref::clean::no_field(),
            }
        }
    }
    const _: () = {
        type __HandlerefColumn = articles::views;
        __handleref::may_be_null::<__HandlerefColumn>()
    };
    #[automatically_derived]
    impl<__HandlerefDb: __handleref::Engine> __handleref::Mirrored<__HandlerefDb>
    for Article
    where
        i32: __handleref::Store<articles::id, __HandlerefDb>,
        i32: __handleref::Store<articles::topic_id, __HandlerefDb>,
        String: __handleref::Store<articles::title, __HandlerefDb>,
        Option<i32>: __handleref::Store<articles::views, __HandlerefDb>,
        String: __handleref::Store<articles::secret, __HandlerefDb>,
    {
        type Converted = ();
        fn converted(&self) -> Self::Converted {}
        fn walk_row<'__h>(
            &'__h self,
            __handleref_converted: &'__h Self::Converted,
            __handleref_writer: &mut __handleref::ColumnWriter<'_, '__h, __HandlerefDb>,
        ) -> __handleref::diesel::QueryResult<()> {
            __handleref::Store::<articles::id, _>::store(&self.id, __handleref_writer)?;
            __handleref::Store::<
                articles::topic_id,
                _,
            >::store(&self.topic_id, __handleref_writer)?;
            __handleref::Store::<
                articles::title,
                _,
            >::store(&self.title, __handleref_writer)?;
            __handleref::Store::<
                articles::views,
                _,
            >::store(&self.views, __handleref_writer)?;
            __handleref::Store::<
                articles::secret,
                _,
            >::store(&self.secret, __handleref_writer)?;
            ::core::result::Result::Ok(())
        }
    }
};
#[doc(hidden)]
#[allow(
    dead_code,
    unreachable_pub,
    unused_qualifications,
    clippy::absolute_paths,
    clippy::wildcard_imports,
)]
const _: () = {
    use crate::renamed::__private as __handleref;
    #[allow(unused_imports)]
    use __handleref::types::*;
    impl ArticleRecords {
        ///The property `comments`.
        pub const COMMENTS: __handleref::Property<Self, BigInt> = __handleref::Property::new(
            "comments",
        );
        ///The property `words`.
        pub const WORDS: __handleref::Property<Self, Nullable<Integer>> = __handleref::Property::new(
            "words",
        );
        #[doc(hidden)]
        const __PROPERTIES: &'static [__handleref::facts::Property] = &[
            __handleref::facts::Property::new::<
                BigInt,
            >(
                "comments",
                ::core::option::Option::Some("(SELECT count(*) FROM comments)"),
            ),
            __handleref::computed_property::<Nullable<Integer>>("words"),
        ];
    }
};
