#[diesel(table_name = crate::schema::orders)]
struct Order {
    id: i32,
    #[handleref(status(deleted = State::Removed, live = State::Open))]
    state: Option<State>,
}

// expands to

#[doc(hidden)]
#[allow(deprecated, unused_qualifications, clippy::absolute_paths)]
const _: () = {
    use ::handleref::__private as __handleref;
    #[automatically_derived]
    impl __handleref::HandleRef for Order {
        type Table = crate::schema::orders::table;
        type Scope = __handleref::Undeleted<Self>;
        type Key = i32;
        const NAME: &'static str = "Order";
        const TAG: &'static str = "order";
        const ROLES: __handleref::Roles = __handleref::Roles::NONE
            .with_status::<crate::schema::orders::state>();
        const KEY_COLUMNS: &'static [&'static str] = &[
            <crate::schema::orders::id as __handleref::diesel::Column>::NAME,
        ];
        const UNIQUE: &'static [&'static [&'static str]] = &[];
        const WRITTEN: &'static [&'static str] = &[
            <crate::schema::orders::state as __handleref::diesel::Column>::NAME,
        ];
        const OPTIONS: &'static [(&'static str, &'static str)] = &[];
        fn table() -> Self::Table {
            crate::schema::orders::table
        }
        fn scope() -> Self::Scope {
            <Self as __handleref::HandleRef>::undeleted()
        }
        fn key(&self) -> Self::Key {
            __handleref::key_of::<Self>(&self.id)
        }
    }
    #[automatically_derived]
    impl __handleref::Managed<Order> for crate::schema::orders::table {}
    const _: () = __handleref::if_two_structs_derive_handleref_for_one_table_one_must_say_secondary::<
        crate::schema::orders::table,
        _,
    >();
    #[automatically_derived]
    impl __handleref::SoftDelete for Order {
        type OnDelete = __handleref::Single;
        type OnRestore = __handleref::Single;
        type Hooks = __handleref::NoHooks;
        type Live = __handleref::diesel::dsl::Or<
            __handleref::diesel::dsl::NotEq<crate::schema::orders::state, State>,
            __handleref::diesel::dsl::IsNull<crate::schema::orders::state>,
        >;
        type Deleted = __handleref::diesel::dsl::Eq<crate::schema::orders::state, State>;
        type Status = __handleref::StatusOf<crate::schema::orders::state, State>;
        fn is_live() -> Self::Live {
            __handleref::diesel::BoolExpressionMethods::or(
                __handleref::diesel::ExpressionMethods::ne(
                    crate::schema::orders::state,
                    State::Removed,
                ),
                __handleref::diesel::ExpressionMethods::is_null(
                    crate::schema::orders::state,
                ),
            )
        }
        fn is_deleted() -> Self::Deleted {
            __handleref::diesel::ExpressionMethods::eq(
                crate::schema::orders::state,
                State::Removed,
            )
        }
        fn status() -> Self::Status {
            __handleref::StatusOf::new(State::Removed, State::Open)
        }
        fn deleted_mark(&self) -> bool {
            __handleref::StatusField::<State>::is(&self.state, &State::Removed)
        }
    }
    type __HandlerefManaged = (Option<State>,);
    type __HandlerefManagedSql = (__handleref::Sql<crate::schema::orders::state>,);
    type __HandlerefSaved = (Option<State>,);
    type __HandlerefSavedSql = (__handleref::Sql<crate::schema::orders::state>,);
    #[automatically_derived]
    impl<__HandlerefDb: __handleref::Engine> __handleref::Row<__HandlerefDb> for Order
    where
        i32: __handleref::Store<crate::schema::orders::id, __HandlerefDb>,
        Option<State>: __handleref::Store<crate::schema::orders::state, __HandlerefDb>,
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
            <crate::schema::orders::state as __handleref::diesel::Column>::NAME,
        ];
        const SAVED: &'static [&'static str] = &[
            <crate::schema::orders::state as __handleref::diesel::Column>::NAME,
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
                crate::schema::orders::state,
                _,
            >::store(&self.state, __handleref_writer)?;
            ::core::result::Result::Ok(())
        }
        fn walk_key<'__h>(
            &'__h self,
            __handleref_writer: &mut __handleref::ColumnWriter<'_, '__h, __HandlerefDb>,
        ) -> __handleref::diesel::QueryResult<()> {
            __handleref::Store::<
                crate::schema::orders::id,
                _,
            >::store(&self.id, __handleref_writer)?;
            ::core::result::Result::Ok(())
        }
        fn walk_version<'__h>(
            &'__h self,
            __handleref_writer: &mut __handleref::ColumnWriter<'_, '__h, __HandlerefDb>,
        ) -> __handleref::diesel::QueryResult<()> {
            ::core::result::Result::Ok(())
        }
        fn apply(&mut self, __handleref_managed: Self::Managed) {
            (self.state,) = __handleref_managed;
        }
        fn settle(&mut self, __handleref_saved: Self::Saved) {
            (self.state,) = __handleref_saved;
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
    for Order {
        fn children() -> ::std::vec::Vec<__handleref::Link> {
            ::std::vec![]
        }
    }
    #[automatically_derived]
    impl<__HandlerefConn: __handleref::Executor> __handleref::Parents<__HandlerefConn>
    for Order {
        fn parents() -> ::std::vec::Vec<__handleref::Link> {
            ::std::vec![]
        }
    }
    #[automatically_derived]
    impl<__HandlerefDb: __handleref::Engine> __handleref::HasParents<__HandlerefDb>
    for Order {
        fn parents_on() -> ::std::vec::Vec<__handleref::Parent> {
            ::std::vec![]
        }
    }
};
