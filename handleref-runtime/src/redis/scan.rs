//! All keys under a prefix, a page at a time.

use super::connection::{RedisConnection, one};
use super::keys::Keys;
use crate::error::Error;
use ::redis::{Value, cmd};

/// Where a scan is.
pub(super) struct Scan(Option<String>);

impl Scan {
    pub(super) fn new() -> Self {
        Self(Some("0".into()))
    }

    /// The next keys, some of them twice; nothing at the end. Through the
    /// connection of a cluster no key is found.
    pub(super) async fn next<R: RedisConnection>(
        &mut self,
        conn: &mut R,
        keys: &Keys,
    ) -> Result<Option<Vec<String>>, Error> {
        let Some(at) = self.0.take().filter(|_| R::SCANS) else {
            return Ok(None);
        };
        let mut command = cmd("SCAN");
        command.arg(&at).arg("MATCH").arg(keys.pattern());
        command.arg("COUNT").arg(500);
        let (next, found): (String, Vec<Value>) = one(conn, command).await?;
        self.0 = Some(next).filter(|next| next != "0");
        // Another program's key may be no text.
        let texts = found.into_iter().map(::redis::from_redis_value::<String>);
        Ok(Some(texts.filter_map(Result::ok).collect()))
    }
}
