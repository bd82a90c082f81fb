//! A model is asked for where there is none.

use handleref::HandleRef;

struct Article;

fn tag<M: HandleRef>() -> &'static str {
    M::TAG
}

fn article() -> &'static str {
    tag::<Article>()
}

fn main() {}
