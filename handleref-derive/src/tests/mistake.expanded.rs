#[handleref(cascade(Reply))]
struct Comment {
    version: Option<i64>,
    #[handleref(status(deleted = 2))]
    state: i32,
}

// expands to

#[doc(hidden)]
#[allow(deprecated, unused_qualifications, clippy::absolute_paths)]
const _: () = {
    use ::handleref::__private as __handleref;
    #[automatically_derived]
    impl __handleref::HandleRef for Comment {
        type Table = comments::table;
        type Scope = __handleref::Undeleted<Self>;
        type Key = i64;
        const NAME: &'static str = "Comment";
        const TAG: &'static str = "comment";
        const ROLES: __handleref::Roles = __handleref::Roles::NONE
            .with_status::<comments::state>();
        const KEY_COLUMNS: &'static [&'static str] = &[];
        const UNIQUE: &'static [&'static [&'static str]] = &[];
        const WRITTEN: &'static [&'static str] = &[
            <comments::state as __handleref::diesel::Column>::NAME,
        ];
        const OPTIONS: &'static [(&'static str, &'static str)] = &[];
        fn table() -> Self::Table {
            comments::table
        }
        fn scope() -> Self::Scope {
            <Self as __handleref::HandleRef>::undeleted()
        }
        fn key(&self) -> Self::Key {
            ::core::unreachable!()
        }
    }
    #[automatically_derived]
    impl __handleref::Managed<Comment> for comments::table {}
    const _: () = __handleref::if_two_structs_derive_handleref_for_one_table_one_must_say_secondary::<
        comments::table,
        _,
    >();
    #[automatically_derived]
    impl __handleref::Versioned for Comment {
        type VersionColumn = comments::version;
        type Version = i64;
        fn version(&self) -> i64 {
            ::core::unreachable!()
        }
    }
    #[automatically_derived]
    impl __handleref::SoftDelete for Comment {
        type OnDelete = __handleref::Single;
        type OnRestore = __handleref::Single;
        type Hooks = __handleref::NoHooks;
        type Live = __handleref::diesel::dsl::IsNull<comments::state>;
        type Deleted = __handleref::diesel::dsl::IsNotNull<comments::state>;
        type Status = __handleref::NoStatus;
        fn is_live() -> Self::Live {
            __handleref::diesel::ExpressionMethods::is_null(comments::state)
        }
        fn is_deleted() -> Self::Deleted {
            __handleref::diesel::ExpressionMethods::is_not_null(comments::state)
        }
        fn status() -> Self::Status {
            __handleref::NoStatus
        }
        fn deleted_mark(&self) -> bool {
            ::core::unreachable!()
        }
    }
    type __HandlerefManaged = (i32,);
    type __HandlerefManagedSql = (__handleref::Sql<comments::state>,);
    type __HandlerefSaved = (i32, Option<i64>);
    type __HandlerefSavedSql = (
        __handleref::Sql<comments::state>,
        __handleref::Sql<comments::version>,
    );
    #[automatically_derived]
    impl<__HandlerefDb: __handleref::Engine> __handleref::Row<__HandlerefDb> for Comment
    where
        i32: __handleref::Store<comments::state, __HandlerefDb>,
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
            <comments::state as __handleref::diesel::Column>::NAME,
        ];
        const SAVED: &'static [&'static str] = &[
            <comments::state as __handleref::diesel::Column>::NAME,
            <comments::version as __handleref::diesel::Column>::NAME,
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
                comments::state,
                _,
            >::store(&self.state, __handleref_writer)?;
            ::core::result::Result::Ok(())
        }
        fn walk_key<'__h>(
            &'__h self,
            __handleref_writer: &mut __handleref::ColumnWriter<'_, '__h, __HandlerefDb>,
        ) -> __handleref::diesel::QueryResult<()> {
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
            (self.state, self.version) = __handleref_saved;
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
    for Comment {
        fn children() -> ::std::vec::Vec<__handleref::Link> {
            ::std::vec![]
        }
    }
    #[automatically_derived]
    impl<__HandlerefConn: __handleref::Executor> __handleref::Parents<__HandlerefConn>
    for Comment {
        fn parents() -> ::std::vec::Vec<__handleref::Link> {
            ::std::vec![]
        }
    }
    #[automatically_derived]
    impl<__HandlerefDb: __handleref::Engine> __handleref::HasParents<__HandlerefDb>
    for Comment {
        fn parents_on() -> ::std::vec::Vec<__handleref::Parent> {
            ::std::vec![]
        }
    }
};
::core::compile_error! {
    "`deleted` is malformed; the correct form is `status(deleted = \"deleted\", live = \"ok\")`"
}
::core::compile_error! {
    "`Comment` has no field `id`; add it, or name the columns of the primary key: `#[diesel(primary_key(..))]`"
}
::core::compile_error! {
    "a version is never null; the correct type is `i64`, `i32` or `i16` (if this field does not count the changes of the row, mark it with `#[handleref(skip)]`)"
}
