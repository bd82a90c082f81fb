#[handleref(cascade(Comment, Reply), parent(Article), hooks)]
struct Comment {
    id: i32,
    article_id: i32,
    deleted_at: Option<NaiveDateTime>,
}

// expands to

#[doc(hidden)]
#[allow(deprecated, unused_qualifications, clippy::absolute_paths)]
const _: () = {
    use ::handleref::__private as __handleref;
    type __HandlerefDeletedAt = comments::deleted_at;
    #[automatically_derived]
    impl __handleref::HandleRef for Comment {
        type Table = comments::table;
        type Scope = __handleref::Undeleted<Self>;
        type Key = i32;
        const NAME: &'static str = "Comment";
        const TAG: &'static str = "comment";
        const ROLES: __handleref::Roles = __handleref::Roles::NONE
            .with_deleted_at::<__HandlerefDeletedAt>();
        const KEY_COLUMNS: &'static [&'static str] = &[
            <comments::id as __handleref::diesel::Column>::NAME,
        ];
        const UNIQUE: &'static [&'static [&'static str]] = &[];
        const WRITTEN: &'static [&'static str] = &[
            <comments::article_id as __handleref::diesel::Column>::NAME,
        ];
        const OPTIONS: &'static [(&'static str, &'static str)] = &[];
        fn table() -> Self::Table {
            comments::table
        }
        fn scope() -> Self::Scope {
            <Self as __handleref::HandleRef>::undeleted()
        }
        fn key(&self) -> Self::Key {
            __handleref::key_of::<Self>(&self.id)
        }
    }
    #[automatically_derived]
    impl __handleref::Managed<Comment> for comments::table {}
    const _: () = __handleref::if_two_structs_derive_handleref_for_one_table_one_must_say_secondary::<
        comments::table,
        _,
    >();
    #[automatically_derived]
    impl __handleref::SoftDelete for Comment {
        type OnDelete = __handleref::Family;
        type OnRestore = __handleref::Family;
        type Hooks = __handleref::WithHooks;
        type Live = __handleref::diesel::dsl::IsNull<comments::deleted_at>;
        type Deleted = __handleref::diesel::dsl::IsNotNull<comments::deleted_at>;
        type Status = __handleref::NoStatus;
        fn is_live() -> Self::Live {
            __handleref::diesel::ExpressionMethods::is_null(comments::deleted_at)
        }
        fn is_deleted() -> Self::Deleted {
            __handleref::diesel::ExpressionMethods::is_not_null(comments::deleted_at)
        }
        fn status() -> Self::Status {
            __handleref::NoStatus
        }
        fn deleted_mark(&self) -> bool {
            __handleref::DeletedField::is_set(&self.deleted_at)
        }
    }
    #[automatically_derived]
    impl __handleref::DeletionStamp for Comment {}
    type __HandlerefManaged = (Option<NaiveDateTime>,);
    type __HandlerefManagedSql = (__handleref::Sql<comments::deleted_at>,);
    type __HandlerefSaved = (Option<NaiveDateTime>, i32);
    type __HandlerefSavedSql = (
        __handleref::Sql<comments::deleted_at>,
        __handleref::Sql<comments::article_id>,
    );
    #[automatically_derived]
    impl<__HandlerefDb: __handleref::Engine> __handleref::Row<__HandlerefDb> for Comment
    where
        i32: __handleref::Store<comments::id, __HandlerefDb>,
        i32: __handleref::Store<comments::article_id, __HandlerefDb>,
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
            <comments::deleted_at as __handleref::diesel::Column>::NAME,
        ];
        const SAVED: &'static [&'static str] = &[
            <comments::deleted_at as __handleref::diesel::Column>::NAME,
            <comments::article_id as __handleref::diesel::Column>::NAME,
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
                comments::article_id,
                _,
            >::store(&self.article_id, __handleref_writer)?;
            ::core::result::Result::Ok(())
        }
        fn walk_key<'__h>(
            &'__h self,
            __handleref_writer: &mut __handleref::ColumnWriter<'_, '__h, __HandlerefDb>,
        ) -> __handleref::diesel::QueryResult<()> {
            __handleref::Store::<comments::id, _>::store(&self.id, __handleref_writer)?;
            ::core::result::Result::Ok(())
        }
        fn walk_version<'__h>(
            &'__h self,
            __handleref_writer: &mut __handleref::ColumnWriter<'_, '__h, __HandlerefDb>,
        ) -> __handleref::diesel::QueryResult<()> {
            ::core::result::Result::Ok(())
        }
        fn apply(&mut self, __handleref_managed: Self::Managed) {
            (self.deleted_at,) = __handleref_managed;
        }
        fn settle(&mut self, __handleref_saved: Self::Saved) {
            (self.deleted_at, self.article_id) = __handleref_saved;
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
    for Comment
    where
        Comment: __handleref::AsNode<__HandlerefConn>
            + __handleref::Parents<__HandlerefConn>,
        Reply: __handleref::ChildLink<Comment, __HandlerefConn>,
    {
        fn children() -> ::std::vec::Vec<__handleref::Link> {
            ::std::vec![
                < Comment as __handleref::ChildLink < Comment, __HandlerefConn >>
                ::link(), < Reply as __handleref::ChildLink < Comment, __HandlerefConn >>
                ::link(),
            ]
        }
    }
    const _: () = ::core::assert!(
        __handleref::child_has_stamp:: < Comment, Comment > (),
        "`Comment` is in the cascade of `Comment`, but does not record which deletion removed a row: add `deleted_at: Option<..>` (a nullable timestamp) to `Comment`, or `updated_at` if it has a status"
    );
    const _: () = ::core::assert!(
        __handleref::child_has_stamp:: < Comment, Reply > (),
        "`Reply` is in the cascade of `Comment`, but does not record which deletion removed a row: add `deleted_at: Option<..>` (a nullable timestamp) to `Reply`, or `updated_at` if it has a status"
    );
    #[automatically_derived]
    impl<__HandlerefConn: __handleref::Executor> __handleref::Parents<__HandlerefConn>
    for Comment
    where
        Article: __handleref::ParentLink<Comment, __HandlerefConn>,
    {
        fn parents() -> ::std::vec::Vec<__handleref::Link> {
            ::std::vec![
                < Article as __handleref::ParentLink < Comment, __HandlerefConn >>
                ::link(),
            ]
        }
    }
    #[automatically_derived]
    impl<__HandlerefDb: __handleref::Engine> __handleref::HasParents<__HandlerefDb>
    for Comment
    where
        Article: __handleref::ParentOf<Comment, __HandlerefDb>,
    {
        fn parents_on() -> ::std::vec::Vec<__handleref::Parent> {
            ::std::vec![
                < Article as __handleref::ParentOf < Comment, __HandlerefDb >>
                ::parent(),
            ]
        }
    }
    #[automatically_derived]
    impl __handleref::ChildOf<Article> for Comment {
        const FOREIGN_KEY: &'static [&'static str] = &[
            <comments::article_id as __handleref::diesel::Column>::NAME,
        ];
    }
    const _: () = {
        let __handleref_key = __handleref::parent_key::<Article>();
        ::core::assert!(
            __handleref_key > 0,
            "`Article` is the parent of `Comment`, but cannot be soft-deleted: add `deleted_at: Option<..>` (a nullable timestamp) or a status to `Article`, or take `parent(Article)` out"
        );
        ::core::assert!(
            __handleref_key == 1usize,
            "the primary key of `Article` does not have as many columns as its foreign key in `Comment`, which has 1: name as many fields, `parent(Article, foreign_key = (a, b))`"
        );
    };
};
