#[handleref(cascade(Net), unique(name))]
struct Org {
    id: i32,
    name: String,
    #[handleref(status)]
    status: String,
    updated: NaiveDateTime,
}

// expands to

#[doc(hidden)]
#[allow(deprecated, unused_qualifications, clippy::absolute_paths)]
const _: () = {
    use ::handleref::__private as __handleref;
    #[automatically_derived]
    impl __handleref::HandleRef for Org {
        type Table = orgs::table;
        type Scope = __handleref::Undeleted<Self>;
        type Key = i32;
        const NAME: &'static str = "Org";
        const TAG: &'static str = "org";
        const ROLES: __handleref::Roles = __handleref::Roles::NONE
            .with_updated_at_of::<Self>()
            .with_status::<orgs::status>()
            .with_deleted_status("deleted");
        const KEY_COLUMNS: &'static [&'static str] = &[
            <orgs::id as __handleref::diesel::Column>::NAME,
        ];
        const UNIQUE: &'static [&'static [&'static str]] = &[
            &[<orgs::name as __handleref::diesel::Column>::NAME],
        ];
        const WRITTEN: &'static [&'static str] = &[
            <orgs::name as __handleref::diesel::Column>::NAME,
            <orgs::status as __handleref::diesel::Column>::NAME,
        ];
        const OPTIONS: &'static [(&'static str, &'static str)] = &[];
        fn table() -> Self::Table {
            orgs::table
        }
        fn scope() -> Self::Scope {
            <Self as __handleref::HandleRef>::undeleted()
        }
        fn key(&self) -> Self::Key {
            __handleref::key_of::<Self>(&self.id)
        }
    }
    #[automatically_derived]
    impl __handleref::Managed<Org> for orgs::table {}
    const _: () = __handleref::if_two_structs_derive_handleref_for_one_table_one_must_say_secondary::<
        orgs::table,
        _,
    >();
    type __HandlerefUpdatedAt = orgs::updated;
    #[automatically_derived]
    impl __handleref::Timestamped for Org {
        type Created = orgs::updated;
        type Updated = orgs::updated;
        type TimeSql = __handleref::PlainTime<__HandlerefUpdatedAt>;
    }
    #[automatically_derived]
    impl __handleref::SoftDelete for Org {
        type OnDelete = __handleref::Family;
        type OnRestore = __handleref::Family;
        type Hooks = __handleref::NoHooks;
        type Live = __handleref::diesel::dsl::Or<
            __handleref::diesel::dsl::NotEq<orgs::status, &'static str>,
            __handleref::diesel::dsl::IsNull<orgs::status>,
        >;
        type Deleted = __handleref::diesel::dsl::Eq<orgs::status, &'static str>;
        type Status = __handleref::StatusOf<orgs::status, &'static str>;
        fn is_live() -> Self::Live {
            __handleref::diesel::BoolExpressionMethods::or(
                __handleref::diesel::ExpressionMethods::ne(orgs::status, "deleted"),
                __handleref::diesel::ExpressionMethods::is_null(orgs::status),
            )
        }
        fn is_deleted() -> Self::Deleted {
            __handleref::diesel::ExpressionMethods::eq(orgs::status, "deleted")
        }
        fn status() -> Self::Status {
            __handleref::StatusOf::new("deleted", "ok")
        }
        fn deleted_mark(&self) -> bool {
            __handleref::StatusField::<&'static str>::is(&self.status, &"deleted")
        }
    }
    #[automatically_derived]
    impl __handleref::DeletionStamp for Org {}
    type __HandlerefManaged = (NaiveDateTime, String);
    type __HandlerefManagedSql = (
        __handleref::Sql<orgs::updated>,
        __handleref::Sql<orgs::status>,
    );
    type __HandlerefSaved = (NaiveDateTime, String, String);
    type __HandlerefSavedSql = (
        __handleref::Sql<orgs::updated>,
        __handleref::Sql<orgs::status>,
        __handleref::Sql<orgs::name>,
    );
    #[automatically_derived]
    impl<__HandlerefDb: __handleref::Engine> __handleref::Row<__HandlerefDb> for Org
    where
        i32: __handleref::Store<orgs::id, __HandlerefDb>,
        String: __handleref::Store<orgs::name, __HandlerefDb>,
        String: __handleref::Store<orgs::status, __HandlerefDb>,
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
            <orgs::updated as __handleref::diesel::Column>::NAME,
            <orgs::status as __handleref::diesel::Column>::NAME,
        ];
        const SAVED: &'static [&'static str] = &[
            <orgs::updated as __handleref::diesel::Column>::NAME,
            <orgs::status as __handleref::diesel::Column>::NAME,
            <orgs::name as __handleref::diesel::Column>::NAME,
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
            __handleref::Store::<orgs::name, _>::store(&self.name, __handleref_writer)?;
            __handleref::Store::<
                orgs::status,
                _,
            >::store(&self.status, __handleref_writer)?;
            ::core::result::Result::Ok(())
        }
        fn walk_key<'__h>(
            &'__h self,
            __handleref_writer: &mut __handleref::ColumnWriter<'_, '__h, __HandlerefDb>,
        ) -> __handleref::diesel::QueryResult<()> {
            __handleref::Store::<orgs::id, _>::store(&self.id, __handleref_writer)?;
            ::core::result::Result::Ok(())
        }
        fn walk_version<'__h>(
            &'__h self,
            __handleref_writer: &mut __handleref::ColumnWriter<'_, '__h, __HandlerefDb>,
        ) -> __handleref::diesel::QueryResult<()> {
            ::core::result::Result::Ok(())
        }
        fn apply(&mut self, __handleref_managed: Self::Managed) {
            (self.updated, self.status) = __handleref_managed;
        }
        fn settle(&mut self, __handleref_saved: Self::Saved) {
            (self.updated, self.status, self.name) = __handleref_saved;
        }
        fn held_version(&self) -> ::core::option::Option<i64> {
            ::core::option::Option::None
        }
        fn held_mark(&self) -> bool {
            <Self as __handleref::SoftDelete>::deleted_mark(self)
        }
    }
    #[automatically_derived]
    impl<__HandlerefConn: __handleref::Executor> __handleref::Children<__HandlerefConn>
    for Org
    where
        Net: __handleref::ChildLink<Org, __HandlerefConn>,
    {
        fn children() -> ::std::vec::Vec<__handleref::Link> {
            ::std::vec![
                < Net as __handleref::ChildLink < Org, __HandlerefConn >> ::link(),
            ]
        }
    }
    const _: () = ::core::assert!(
        __handleref::child_has_stamp:: < Org, Net > (),
        "`Net` is in the cascade of `Org`, but does not record which deletion removed a row: add `deleted_at: Option<..>` (a nullable timestamp) to `Net`, or `updated_at` if it has a status"
    );
    #[automatically_derived]
    impl<__HandlerefConn: __handleref::Executor> __handleref::Parents<__HandlerefConn>
    for Org {
        fn parents() -> ::std::vec::Vec<__handleref::Link> {
            ::std::vec![]
        }
    }
    #[automatically_derived]
    impl<__HandlerefDb: __handleref::Engine> __handleref::HasParents<__HandlerefDb>
    for Org {
        fn parents_on() -> ::std::vec::Vec<__handleref::Parent> {
            ::std::vec![]
        }
    }
};
