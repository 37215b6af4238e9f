//! Ports and a password that nobody else has: the one place in this crate where real chance comes in.
//!
//! Ports are taken below the range from which systems give out ports by themselves, so that a stopped node finds its own again when it starts.
//! The trap: between finding a port free and a node's listening on it, someone else may take it. Whoever starts a node tries again with others.

use std::net::{Ipv4Addr, TcpListener};

use crate::dice::Dice;

/// Linux gives out ports from 32768, macOS and Windows from 49152.
const FIRST: u16 = 20_000;
const LAST: u16 = 32_767;

/// `count` distinct ports of 127.0.0.1 that are free now. `chance` decides where to look first.
pub(crate) fn free(count: usize, chance: u64) -> std::io::Result<Vec<u16>> {
    let mut dice = Dice::new(chance, "ports", 0);
    // held until all are found, so that no port is found twice
    let mut held = Vec::new();
    for _ in 0..count.saturating_mul(50) {
        if held.len() == count {
            break;
        }
        let port = FIRST + u16::try_from(dice.below(u64::from(LAST - FIRST))).unwrap_or(0);
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            held.push((port, listener));
        }
    }
    if held.len() < count {
        return Err(std::io::Error::other(format!("fewer than {count} free ports on 127.0.0.1 between {FIRST} and {LAST}")));
    }
    Ok(held.into_iter().map(|(port, _)| port).collect())
}

/// Real chance, for a password and for where to look for ports. Nothing the story depends on.
#[expect(clippy::disallowed_methods, reason = "passwords and ports of real processes must differ between yards, whatever their seeds")]
pub(crate) fn chance() -> uuid::Uuid {
    uuid::Uuid::new_v4()
}

/// Whether a connection can come from a loopback address other than 127.0.0.1 here: yes on Linux, no on macOS.
pub(crate) fn loopback_is_wide() -> bool {
    TcpListener::bind((Ipv4Addr::new(127, 1, 0, 2), 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ports_are_distinct_and_free() {
        let ports = free(15, 7).unwrap();
        assert_eq!(ports.iter().collect::<HashSet<_>>().len(), 15);
        assert!(ports.iter().all(|port| (FIRST..=LAST).contains(port)));
    }
}
