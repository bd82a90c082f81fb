#[handleref(tag = "art", unique(tenant_id, title))]
struct Article {
    id: i32,
    tenant_id: i32,
    title: String,
    version: i64,
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
    deleted_at: Option<NaiveDateTime>,
}

// expands to

#[doc(hidden)]
#[allow(deprecated, unused_qualifications, clippy::absolute_paths)]
const _: () = {
    use ::handleref::__private as __handleref;
    type __HandlerefDeletedAt = articles::deleted_at;
    #[automatically_derived]
    impl __handleref::HandleRef for Article {
        type Table = articles::table;
        type Scope = __handleref::Undeleted<Self>;
        type Key = i32;
        const NAME: &'static str = "Article";
        const TAG: &'static str = "art";
        const ROLES: __handleref::Roles = __handleref::Roles::NONE
            .with_version_of::<Self>()
            .with_created_at_of::<Self>()
            .with_updated_at_of::<Self>()
            .with_deleted_at::<__HandlerefDeletedAt>();
        const KEY_COLUMNS: &'static [&'static str] = &[
            <articles::id as __handleref::diesel::Column>::NAME,
        ];
        const UNIQUE: &'static [&'static [&'static str]] = &[
            &[
                <articles::tenant_id as __handleref::diesel::Column>::NAME,
                <articles::title as __handleref::diesel::Column>::NAME,
            ],
        ];
        const WRITTEN: &'static [&'static str] = &[
            <articles::tenant_id as __handleref::diesel::Column>::NAME,
            <articles::title as __handleref::diesel::Column>::NAME,
        ];
        const OPTIONS: &'static [(&'static str, &'static str)] = &[];
        fn table() -> Self::Table {
            articles::table
        }
        fn scope() -> Self::Scope {
            <Self as __handleref::HandleRef>::undeleted()
        }
        fn key(&self) -> Self::Key {
            __handleref::key_of::<Self>(&self.id)
        }
    }
    #[automatically_derived]
    impl __handleref::Managed<Article> for articles::table {}
    const _: () = __handleref::if_two_structs_derive_handleref_for_one_table_one_must_say_secondary::<
        articles::table,
        _,
    >();
    #[automatically_derived]
    impl __handleref::Versioned for Article {
        type VersionColumn = articles::version;
        type Version = i64;
        fn version(&self) -> i64 {
            __handleref::version_of::<Self>(&self.version)
        }
    }
    type __HandlerefUpdatedAt = articles::updated_at;
    #[automatically_derived]
    impl __handleref::Timestamped for Article {
        type Created = articles::created_at;
        type Updated = articles::updated_at;
        type TimeSql = __handleref::PlainTime<__HandlerefUpdatedAt>;
    }
    type __HandlerefCreatedAt = articles::created_at;
    const _: () = __handleref::timestamps_agree::<__HandlerefCreatedAt, Article>();
    #[automatically_derived]
    impl __handleref::SoftDelete for Article {
        type OnDelete = __handleref::Single;
        type OnRestore = __handleref::Single;
        type Hooks = __handleref::NoHooks;
        type Live = __handleref::diesel::dsl::IsNull<articles::deleted_at>;
        type Deleted = __handleref::diesel::dsl::IsNotNull<articles::deleted_at>;
        type Status = __handleref::NoStatus;
        fn is_live() -> Self::Live {
            __handleref::diesel::ExpressionMethods::is_null(articles::deleted_at)
        }
        fn is_deleted() -> Self::Deleted {
            __handleref::diesel::ExpressionMethods::is_not_null(articles::deleted_at)
        }
        fn status() -> Self::Status {
            __handleref::NoStatus
        }
        fn deleted_mark(&self) -> bool {
            __handleref::DeletedField::is_set(&self.deleted_at)
        }
    }
    #[automatically_derived]
    impl __handleref::DeletionStamp for Article {}
    type __HandlerefManaged = (i64, NaiveDateTime, Option<NaiveDateTime>);
    type __HandlerefManagedSql = (
        __handleref::Sql<articles::version>,
        __handleref::Sql<articles::updated_at>,
        __handleref::Sql<articles::deleted_at>,
    );
    type __HandlerefSaved = (
        i64,
        NaiveDateTime,
        Option<NaiveDateTime>,
        i32,
        String,
        NaiveDateTime,
    );
    type __HandlerefSavedSql = (
        __handleref::Sql<articles::version>,
        __handleref::Sql<articles::updated_at>,
        __handleref::Sql<articles::deleted_at>,
        __handleref::Sql<articles::tenant_id>,
        __handleref::Sql<articles::title>,
        __handleref::Sql<articles::created_at>,
    );
    #[automatically_derived]
    impl<__HandlerefDb: __handleref::Engine> __handleref::Row<__HandlerefDb> for Article
    where
        i32: __handleref::Store<articles::id, __HandlerefDb>,
        i32: __handleref::Store<articles::tenant_id, __HandlerefDb>,
        String: __handleref::Store<articles::title, __HandlerefDb>,
        i64: __handleref::Store<articles::version, __HandlerefDb>,
        <Self as __handleref::SoftDelete>::Live: __handleref::Condition<__HandlerefDb>,
        __HandlerefManaged: __handleref::diesel::deserialize::FromSqlRow<
            __HandlerefManagedSql,
            __HandlerefDb,
        >,
        __HandlerefSaved: __handleref::diesel::deserialize::FromSqlRow<
            __HandlerefSavedSql,
            __HandlerefDb,
        >,
    {
        type ManagedSql = __HandlerefManagedSql;
        type Managed = __HandlerefManaged;
        type SavedSql = __HandlerefSavedSql;
        type Saved = __HandlerefSaved;
        type Converted = ();
        type LiveTest = <Self as __handleref::SoftDelete>::Live;
        const MANAGED: &'static [&'static str] = &[
            <articles::version as __handleref::diesel::Column>::NAME,
            <articles::updated_at as __handleref::diesel::Column>::NAME,
            <articles::deleted_at as __handleref::diesel::Column>::NAME,
        ];
        const SAVED: &'static [&'static str] = &[
            <articles::version as __handleref::diesel::Column>::NAME,
            <articles::updated_at as __handleref::diesel::Column>::NAME,
            <articles::deleted_at as __handleref::diesel::Column>::NAME,
            <articles::tenant_id as __handleref::diesel::Column>::NAME,
            <articles::title as __handleref::diesel::Column>::NAME,
            <articles::created_at as __handleref::diesel::Column>::NAME,
        ];
        fn live_test() -> Self::LiveTest {
            <Self as __handleref::SoftDelete>::is_live()
        }
        fn converted(&self) -> Self::Converted {}
        fn walk_values<'__h>(
            &'__h self,
            __handleref_converted: &'__h Self::Converted,
            __handleref_writer: &mut __handleref::ColumnWriter<'_, '__h, __HandlerefDb>,
        ) -> __handleref::diesel::QueryResult<()> {
            __handleref::Store::<
                articles::tenant_id,
                _,
            >::store(&self.tenant_id, __handleref_writer)?;
            __handleref::Store::<
                articles::title,
                _,
            >::store(&self.title, __handleref_writer)?;
            ::core::result::Result::Ok(())
        }
        fn walk_key<'__h>(
            &'__h self,
            __handleref_writer: &mut __handleref::ColumnWriter<'_, '__h, __HandlerefDb>,
        ) -> __handleref::diesel::QueryResult<()> {
            __handleref::Store::<articles::id, _>::store(&self.id, __handleref_writer)?;
            ::core::result::Result::Ok(())
        }
        fn walk_version<'__h>(
            &'__h self,
            __handleref_writer: &mut __handleref::ColumnWriter<'_, '__h, __HandlerefDb>,
        ) -> __handleref::diesel::QueryResult<()> {
            __handleref::Store::<
                articles::version,
                _,
            >::store(&self.version, __handleref_writer)?;
            ::core::result::Result::Ok(())
        }
        fn apply(&mut self, __handleref_managed: Self::Managed) {
            (self.version, self.updated_at, self.deleted_at) = __handleref_managed;
        }
        fn settle(&mut self, __handleref_saved: Self::Saved) {
            (
                self.version,
                self.updated_at,
                self.deleted_at,
                self.tenant_id,
                self.title,
                self.created_at,
            ) = __handleref_saved;
        }
        fn held_version(&self) -> ::core::option::Option<i64> {
            ::core::option::Option::Some(<Self as __handleref::Versioned>::version(self))
        }
        fn held_mark(&self) -> bool {
            <Self as __handleref::SoftDelete>::deleted_mark(self)
        }
    }
    #[automatically_derived]
    impl<__HandlerefConn: __handleref::Executor> __handleref::Children<__HandlerefConn>
    for Article {
        fn children() -> ::std::vec::Vec<__handleref::Link> {
            ::std::vec![]
        }
    }
    #[automatically_derived]
    impl<__HandlerefConn: __handleref::Executor> __handleref::Parents<__HandlerefConn>
    for Article {
        fn parents() -> ::std::vec::Vec<__handleref::Link> {
            ::std::vec![]
        }
    }
    #[automatically_derived]
    impl<__HandlerefDb: __handleref::Engine> __handleref::HasParents<__HandlerefDb>
    for Article {
        fn parents_on() -> ::std::vec::Vec<__handleref::Parent> {
            ::std::vec![]
        }
    }
};
