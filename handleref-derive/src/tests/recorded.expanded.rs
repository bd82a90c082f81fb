#[diesel(table_name = schema::labels, primary_key(paper_id, label))]
#[diesel(belongs_to(Paper), belongs_to(Word<'_>, foreign_key = label))]
pub(crate) struct Label {
    paper_id: i32,
    #[diesel(column_name = label)]
    r#type: String,
    weight: Option<i32>,
}

// expands to

///The records of [`Label`].
#[derive(
    ::core::fmt::Debug,
    ::core::clone::Clone,
    ::core::marker::Copy,
    ::core::default::Default,
)]
#[allow(dead_code, non_camel_case_types, unreachable_pub, clippy::exhaustive_structs)]
pub(crate) struct LabelRecords;
#[doc(hidden)]
#[allow(deprecated, unused_qualifications, clippy::absolute_paths)]
const _: () = {
    use ::handleref::__private as __handleref;
    #[allow(unused_imports)]
    use __handleref::{NoHandleRef as _, NotVersioned as _, clean::ways::*};
    #[automatically_derived]
    impl __handleref::RecordSource for LabelRecords {
        type Model = Label;
    }
    #[automatically_derived]
    impl __handleref::diesel::query_builder::QueryId for LabelRecords {
        type QueryId = Self;
        const HAS_STATIC_QUERY_ID: bool = true;
    }
    #[automatically_derived]
    impl __handleref::diesel::QuerySource for LabelRecords {
        type FromClause = __handleref::Records<Label>;
        type DefaultSelection = __handleref::SnapshotOf<Label>;
        fn from_clause(&self) -> Self::FromClause {
            __handleref::Records::NEW
        }
        fn default_selection(&self) -> Self::DefaultSelection {
            <Self as __handleref::diesel::Table>::all_columns()
        }
    }
    #[automatically_derived]
    impl __handleref::diesel::query_builder::AsQuery for LabelRecords {
        type SqlType = __handleref::Sql<__handleref::SnapshotOf<Label>>;
        type Query = __handleref::SelectFrom<Self>;
        fn as_query(self) -> Self::Query {
            __handleref::SelectFrom::simple(self)
        }
    }
    #[automatically_derived]
    impl __handleref::diesel::Table for LabelRecords {
        type PrimaryKey = (schema::labels::paper_id, schema::labels::label);
        type AllColumns = __handleref::SnapshotOf<Label>;
        fn primary_key(&self) -> Self::PrimaryKey {
            (
                <schema::labels::paper_id as ::core::default::Default>::default(),
                <schema::labels::label as ::core::default::Default>::default(),
            )
        }
        fn all_columns() -> Self::AllColumns {
            <Label as __handleref::Recorded>::snapshot()
        }
    }
    #[automatically_derived]
    impl __handleref::AppearsInFromClause<schema::labels::table> for LabelRecords {
        type Count = __handleref::Once;
    }
    #[automatically_derived]
    impl __handleref::AppearsInFromClause<LabelRecords> for LabelRecords {
        type Count = __handleref::Once;
    }
    #[automatically_derived]
    impl __handleref::diesel::SelectableExpression<LabelRecords>
    for schema::labels::paper_id {}
    #[automatically_derived]
    impl __handleref::diesel::SelectableExpression<LabelRecords>
    for schema::labels::label {}
    #[automatically_derived]
    impl __handleref::diesel::SelectableExpression<LabelRecords>
    for schema::labels::weight {}
    #[automatically_derived]
    impl __handleref::RecordedBy<Label> for schema::labels::table {}
    const _: () = __handleref::only_one_struct_of_a_table_may_derive_recorded::<
        schema::labels::table,
        _,
    >();
    #[automatically_derived]
    impl __handleref::Recorded for Label {
        type LiveTable = schema::labels::table;
        type Records = LabelRecords;
        type Snapshot = (
            schema::labels::paper_id,
            schema::labels::label,
            schema::labels::weight,
        );
        type RecordKey = (i32, String);
        type History = __handleref::diesel::dsl::Filter<
            LabelRecords,
            __handleref::OfKey<LabelRecords, (i32, String)>,
        >;
        const RECORDED_NAME: &'static str = "Label";
        const RECORDED_KEY: &'static [&'static str] = &[
            <schema::labels::paper_id as __handleref::diesel::Column>::NAME,
            <schema::labels::label as __handleref::diesel::Column>::NAME,
        ];
        const RECORDING: __handleref::facts::Recording = __handleref::facts::Recording::new(
                "label_records",
                &[
                    __handleref::facts::RecordedColumn::of::<schema::labels::paper_id>(),
                    __handleref::facts::RecordedColumn::of::<schema::labels::label>(),
                    __handleref::facts::RecordedColumn::of::<schema::labels::weight>(),
                ],
            )
            .with_references(
                &[
                    __handleref::facts::Reference::new(
                        &[
                            <schema::labels::paper_id as __handleref::diesel::Column>::NAME,
                        ],
                        "Paper",
                    ),
                    __handleref::facts::Reference::new(
                        &[<schema::labels::label as __handleref::diesel::Column>::NAME],
                        "Word",
                    ),
                ],
            )
            .as_link();
        const RECORDED_ROLES: __handleref::Roles = __handleref::AsHandleRef::<
            Label,
        >::ROLES;
        const RECORDED_UNIQUE: &'static [&'static [&'static str]] = __handleref::AsHandleRef::<
            Label,
        >::UNIQUE;
        fn snapshot() -> Self::Snapshot {
            (
                <schema::labels::paper_id as ::core::default::Default>::default(),
                <schema::labels::label as ::core::default::Default>::default(),
                <schema::labels::weight as ::core::default::Default>::default(),
            )
        }
        fn history_of(__handleref_key: Self::RecordKey) -> Self::History {
            __handleref::diesel::QueryDsl::filter(
                LabelRecords,
                __handleref::OfKey::new(__handleref_key),
            )
        }
        fn record_key(&self) -> Self::RecordKey {
            (
                ::core::clone::Clone::clone(&self.paper_id),
                ::core::clone::Clone::clone(&self.r#type),
            )
        }
        fn recorded_version(&self) -> ::core::option::Option<i64> {
            __handleref::AsHandleRef::<Label>::version(self)
        }
    }
    #[automatically_derived]
    impl<__HandlerefDb: __handleref::Engine> __handleref::Recall<__HandlerefDb> for Label
    where
        i32: __handleref::Store<schema::labels::paper_id, __HandlerefDb>,
        String: __handleref::Store<schema::labels::label, __HandlerefDb>,
    {
        fn walk_key<'__h>(
            __handleref_key: &'__h Self::RecordKey,
            __handleref_writer: &mut __handleref::ColumnWriter<'_, '__h, __HandlerefDb>,
        ) -> __handleref::diesel::QueryResult<()> {
            __handleref::Store::<
                schema::labels::paper_id,
                _,
            >::store(&__handleref_key.0, __handleref_writer)?;
            __handleref::Store::<
                schema::labels::label,
                _,
            >::store(&__handleref_key.1, __handleref_writer)?;
            ::core::result::Result::Ok(())
        }
        fn recalled_parents() -> ::std::vec::Vec<__handleref::Parent> {
            ::std::vec::Vec::new()
        }
    }
    #[automatically_derived]
    impl<__HandlerefFormat> __handleref::Fields<__HandlerefFormat> for Label
    where
        i32: __handleref::FieldValue<__HandlerefFormat>,
        String: __handleref::FieldValue<__HandlerefFormat>,
        Option<i32>: __handleref::FieldValue<__HandlerefFormat>,
    {
        const FIELDS: &'static [&'static str] = &["paper_id", "type", "weight"];
        fn values(&self) -> ::std::vec::Vec<__handleref::serde_json::Value> {
            ::std::vec![
                __handleref::FieldValue:: < __HandlerefFormat > ::value(& self.paper_id),
                __handleref::FieldValue:: < __HandlerefFormat > ::value(& self.r#type),
                __handleref::FieldValue:: < __HandlerefFormat > ::value(& self.weight)
            ]
        }
        fn clean(
            __handleref_field: usize,
            __handleref_text: ::core::option::Option<&str>,
        ) -> __handleref::clean::Cleaned {
            match __handleref_field {
                0 => {
                    __handleref::clean::Probe::<i32>::NEW
                        .__handleref_clean::<__HandlerefFormat>(__handleref_text)
                }
                1 => {
                    __handleref::clean::Probe::<String>::NEW
                        .__handleref_clean::<__HandlerefFormat>(__handleref_text)
                }
                2 => {
                    __handleref::clean::Probe::<Option<i32>>::NEW
                        .__handleref_clean::<__HandlerefFormat>(__handleref_text)
                }
                _ => __handleref::clean::no_field(),
            }
        }
    }
    #[automatically_derived]
    impl<__HandlerefDb: __handleref::Engine> __handleref::Mirrored<__HandlerefDb>
    for Label
    where
        i32: __handleref::Store<schema::labels::paper_id, __HandlerefDb>,
        String: __handleref::Store<schema::labels::label, __HandlerefDb>,
        Option<i32>: __handleref::Store<schema::labels::weight, __HandlerefDb>,
    {
        type Converted = ();
        fn converted(&self) -> Self::Converted {}
        fn walk_row<'__h>(
            &'__h self,
            __handleref_converted: &'__h Self::Converted,
            __handleref_writer: &mut __handleref::ColumnWriter<'_, '__h, __HandlerefDb>,
        ) -> __handleref::diesel::QueryResult<()> {
            __handleref::Store::<
                schema::labels::paper_id,
                _,
            >::store(&self.paper_id, __handleref_writer)?;
            __handleref::Store::<
                schema::labels::label,
                _,
            >::store(&self.r#type, __handleref_writer)?;
            __handleref::Store::<
                schema::labels::weight,
                _,
            >::store(&self.weight, __handleref_writer)?;
            ::core::result::Result::Ok(())
        }
    }
};
