//! What connections keep prepared.

use diesel::connection::{Instrumentation, InstrumentationEvent};
use std::sync::{Arc, Mutex};

/// The texts that a synchronous connection has put into its cache, where they
/// stay for as long as it lives.
#[derive(Clone, Default)]
pub struct Kept(Arc<Mutex<Vec<String>>>);

impl Kept {
    pub fn hears(&self) -> impl Instrumentation {
        let kept = self.0.clone();
        move |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::CacheQuery { sql, .. } = event {
                kept.lock().unwrap().push(sql.to_owned());
            }
        }
    }

    /// Those since the last call.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}
