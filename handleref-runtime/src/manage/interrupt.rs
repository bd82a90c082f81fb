//! Ctrl-C: long work ends between two batches, and goes on when it is called again.

use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

static ASKED: AtomicBool = AtomicBool::new(false);
static WATCHED: Once = Once::new();

/// From now on Ctrl-C does not end the process at once; the second time it does.
pub(super) fn watch() {
    WATCHED.call_once(|| {
        // Where nothing can be watched, Ctrl-C ends the process, and the database rolls back.
        let _ = ctrlc::set_handler(|| {
            if ASKED.swap(true, Ordering::Relaxed) {
                std::process::exit(super::exit::Exit::Interrupted as i32);
            }
        });
    });
}

/// Whether somebody has pressed it.
pub(super) fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}
