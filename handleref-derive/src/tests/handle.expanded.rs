#[diesel(primary_key(left, right))]
#[handleref(options(icon = "chain"), crate = crate::renamed, secondary)]
struct Link {
    left: i32,
    #[diesel(column_name = other)]
    right: String,
    #[diesel(serialize_as = Stored)]
    points: Points,
    #[diesel(skip_update)]
    total: i64,
}

// expands to

#[doc(hidden)]
#[allow(deprecated, unused_qualifications, clippy::absolute_paths)]
const _: () = {
    use crate::renamed::__private as __handleref;
    #[automatically_derived]
    impl __handleref::HandleRef for Link {
        type Table = links::table;
        type Scope = Self::Table;
        type Key = i32;
        const NAME: &'static str = "Link";
        const TAG: &'static str = "link";
        const ROLES: __handleref::Roles = __handleref::Roles::NONE;
        const KEY_COLUMNS: &'static [&'static str] = &[
            <links::left as __handleref::diesel::Column>::NAME,
        ];
        const UNIQUE: &'static [&'static [&'static str]] = &[];
        const WRITTEN: &'static [&'static str] = &[
            <links::other as __handleref::diesel::Column>::NAME,
            <links::points as __handleref::diesel::Column>::NAME,
        ];
        const OPTIONS: &'static [(&'static str, &'static str)] = &[("icon", "chain")];
        fn table() -> Self::Table {
            links::table
        }
        fn scope() -> Self::Scope {
            links::table
        }
        fn key(&self) -> Self::Key {
            __handleref::key_of::<Self>(&self.left)
        }
    }
    type __HandlerefManaged = (i32,);
    type __HandlerefManagedSql = (__handleref::Sql<links::left>,);
    type __HandlerefSaved = (i32, String, i64);
    type __HandlerefSavedSql = (
        __handleref::Sql<links::left>,
        __handleref::Sql<links::other>,
        __handleref::Sql<links::total>,
    );
    #[automatically_derived]
    impl<__HandlerefDb: __handleref::Engine> __handleref::Row<__HandlerefDb> for Link
    where
        i32: __handleref::Store<links::left, __HandlerefDb>,
        String: __handleref::Store<links::other, __HandlerefDb>,
        Stored: __handleref::Store<links::points, __HandlerefDb>,
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
        type Converted = (Stored,);
        type LiveTest = __handleref::Always;
        const MANAGED: &'static [&'static str] = &[
            <links::left as __handleref::diesel::Column>::NAME,
        ];
        const SAVED: &'static [&'static str] = &[
            <links::left as __handleref::diesel::Column>::NAME,
            <links::other as __handleref::diesel::Column>::NAME,
            <links::total as __handleref::diesel::Column>::NAME,
        ];
        fn live_test() -> Self::LiveTest {
            __handleref::Always
        }
        fn converted(&self) -> Self::Converted {
            (::core::convert::Into::into(::core::clone::Clone::clone(&self.points)),)
        }
        fn walk_values<'__h>(
            &'__h self,
            __handleref_converted: &'__h Self::Converted,
            __handleref_writer: &mut __handleref::ColumnWriter<'_, '__h, __HandlerefDb>,
        ) -> __handleref::diesel::QueryResult<()> {
            __handleref::Store::<
                links::other,
                _,
            >::store(&self.right, __handleref_writer)?;
            __handleref::Store::<
                links::points,
                _,
            >::store(&__handleref_converted.0, __handleref_writer)?;
            ::core::result::Result::Ok(())
        }
        fn walk_key<'__h>(
            &'__h self,
            __handleref_writer: &mut __handleref::ColumnWriter<'_, '__h, __HandlerefDb>,
        ) -> __handleref::diesel::QueryResult<()> {
            __handleref::Store::<links::left, _>::store(&self.left, __handleref_writer)?;
            ::core::result::Result::Ok(())
        }
        fn walk_version<'__h>(
            &'__h self,
            __handleref_writer: &mut __handleref::ColumnWriter<'_, '__h, __HandlerefDb>,
        ) -> __handleref::diesel::QueryResult<()> {
            ::core::result::Result::Ok(())
        }
        fn apply(&mut self, __handleref_managed: Self::Managed) {
            (self.left,) = __handleref_managed;
        }
        fn settle(&mut self, __handleref_saved: Self::Saved) {
            (self.left, self.right, self.total) = __handleref_saved;
        }
        fn held_version(&self) -> ::core::option::Option<i64> {
            ::core::option::Option::None
        }
        fn held_mark(&self) -> bool {
            false
        }
    }
};
::core::compile_error! {
    "`Link` has no field for the column `right` of its primary key; add one"
}
