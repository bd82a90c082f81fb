#![cfg_attr(not(doctest), doc = include_str!("guide/links.md"))]
#![cfg_attr(not(doctest), doc = include_str!("picture.md"))]
#![doc = include_str!("../docs/introduction.md")]

// A page is one text in `docs/`. The book has it as `docs/SUMMARY.md` says, and this module has it
// for docs.rs and for the tests, which compile its examples. `guide/links.md` says where links lead here:
// of two definitions of a link the first one counts, and those at the end of a page are for the book.
macro_rules! pages {
    ($($(#[$attribute:meta])* $page:ident: $file:literal;)*) => {$(
        $(#[$attribute])*
        #[cfg_attr(not(doctest), doc = include_str!("guide/links.md"))]
        #[doc = include_str!($file)]
        pub mod $page {}
    )*};
}

/// For those who begin.
pub mod tutorial {
    pages! {
        #[cfg(any(not(doctest), feature = "sqlite"))]
        five_minutes: "../docs/tutorial/five_minutes.md";
        // Pieces of an example, which is a test of its own.
        #[cfg(not(doctest))]
        takeover: "../docs/tutorial/takeover.md";
    }
}

/// What to write for one purpose.
pub mod recipes {
    pages! {
        #[cfg(any(not(doctest), feature = "sqlite"))]
        web_form: "../docs/recipes/web_form.md";
        #[cfg(any(not(doctest), feature = "sqlite"))]
        history_page: "../docs/recipes/history_page.md";
        #[cfg(any(not(doctest), feature = "sqlite"))]
        repository: "../docs/recipes/repository.md";
        #[cfg(any(not(doctest), all(feature = "sqlite", feature = "postgres")))]
        tenants: "../docs/recipes/tenants.md";
        #[cfg(any(not(doctest), feature = "sqlite"))]
        unique: "../docs/recipes/unique.md";
        #[cfg(any(not(doctest), feature = "sqlite"))]
        audit: "../docs/recipes/audit.md";
        #[cfg(any(not(doctest), feature = "sqlite"))]
        import: "../docs/recipes/import.md";
        #[cfg(any(not(doctest), feature = "sqlite"))]
        dump: "../docs/recipes/dump.md";
        #[cfg(any(not(doctest), feature = "sqlite"))]
        upgrade: "../docs/recipes/upgrade.md";
        #[cfg(any(not(doctest), feature = "sqlite"))]
        remove: "../docs/recipes/remove.md";
    }
}

pages! {
    coming_from: "../docs/coming_from.md";
    guide: "../docs/guide.md";
    history: "../docs/history.md";
    changesets: "../docs/changesets.md";
    sync: "../docs/sync.md";
    #[cfg(any(not(doctest), feature = "mirror"))]
    mirrors: "../docs/mirrors.md";
    feed: "../docs/feed.md";
    #[cfg(any(not(doctest), feature = "redis"))]
    redis: "../docs/redis.md";
    #[cfg(any(not(doctest), feature = "sqlite"))]
    registry: "../docs/registry.md";
    #[cfg(any(not(doctest), all(feature = "manage", feature = "sqlite")))]
    manage: "../docs/manage.md";
    #[cfg(any(not(doctest), all(feature = "sqlite", feature = "axum", feature = "r2d2")))]
    http: "../docs/http.md";
    grants: "../docs/grants.md";
    #[cfg(any(not(doctest), feature = "sqlite"))]
    security: "../docs/security.md";
    troubles: "../docs/troubles.md";
    benchmarks: "../docs/benchmarks.md";
    architecture: "../docs/architecture.md";
}
