//! Free ports on the loopback address.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context as _, Result};

/// A loopback port that nobody listens on.
///
/// Another program can take it before the server does; a server that finds its port taken is
/// started again on another one.
pub(crate) fn free() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let address = listener.and_then(|listener| listener.local_addr());
    Ok(address
        .context("no free port on the loopback address")?
        .port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_port_can_be_taken() -> Result<()> {
        // Another program may be quicker, but not every time.
        let mut tries = (0..10).filter_map(|_| {
            let port = free().ok()?;
            TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()
        });
        let taken = tries.next().context("no free port could be taken")?;
        assert_ne!(free()?, taken.local_addr()?.port());
        Ok(())
    }
}
