//! All mistakes of one input, reported together.

use proc_macro2::{Span, TokenStream};

/// Collects errors; must end in [`into_tokens`](Errors::into_tokens).
#[must_use]
#[derive(Default)]
pub(crate) struct Errors {
    list: Vec<syn::Error>,
    reported: bool,
}

impl Errors {
    pub(crate) fn add(&mut self, span: Span, message: impl std::fmt::Display) {
        self.list.push(syn::Error::new(span, message));
    }

    pub(crate) fn push(&mut self, error: syn::Error) {
        self.list.push(error);
    }

    /// One `compile_error!` per mistake; nothing if there is none.
    pub(crate) fn into_tokens(mut self) -> TokenStream {
        self.reported = true;
        std::mem::take(&mut self.list)
            .iter()
            .map(syn::Error::to_compile_error)
            .collect()
    }
}

impl Drop for Errors {
    fn drop(&mut self) {
        debug_assert!(
            self.reported || std::thread::panicking(),
            "errors were collected and not reported"
        );
    }
}
