//! How fast sign-ins may fail. Pure: the store keeps the counts.
//!
//! The trap is to lock people out for the price of a loop: so nothing here is for ever, what is not let through is not
//! counted, and whoever is signed in from an address already is not held up there by others' failures.

use std::net::IpAddr;
use std::time::Duration;

use domain::Timestamp;

use super::secret::{Digest, digest};

/// How many failures cost nothing, and how the wait grows after them: it doubles from a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    free: u32,
    longest: Duration,
    forgotten: Duration,
}

impl Pace {
    /// For one account, from wherever: at most one guess a minute in the long run, 1,440 a day.
    pub const ACCOUNT: Self = Self { free: 5, longest: Duration::from_secs(60), forgotten: Duration::from_secs(900) };
    /// For one address, at whatever accounts. Several people may share one, so more is free.
    pub const ADDRESS: Self = Self { free: 20, longest: Duration::from_secs(900), forgotten: Self::LONGEST_MEMORY };
    /// After this nothing is remembered of a failure.
    pub const LONGEST_MEMORY: Duration = Duration::from_secs(3_600);

    /// Until when nothing is let through after so many failures, the last one then; none where something is.
    pub fn closed_until(self, failures: u32, last: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let beyond = self.remembered(failures, last, now).checked_sub(self.free)?;
        let wait = Duration::from_secs(1_u64 << beyond.min(20)).min(self.longest);
        // a clock that was set back must not lengthen the wait
        let until = last.min(now).plus(wait);
        (until > now).then_some(until)
    }

    /// How many of the failures still count.
    pub fn remembered(self, failures: u32, last: Timestamp, now: Timestamp) -> u32 {
        if now.since(last) >= self.forgotten { 0 } else { failures }
    }
}

/// What failures at an account are counted under, by its folded name.
pub(super) fn account(folded: &str) -> Digest {
    digest(&format!("account:{folded}"))
}

/// What failures from an address are counted under. Of IPv6 the network counts: whoever has one address has all of a /64.
pub(super) fn address(address: IpAddr) -> Digest {
    match address.to_canonical() {
        IpAddr::V4(address) => digest(&format!("address:{address}")),
        IpAddr::V6(address) => digest(&format!("network:{:x}", u128::from(address) >> 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(1_777_714_800 + seconds)
    }

    #[test]
    fn the_wait_doubles_and_has_an_end() {
        let wait = |failures| Pace::ACCOUNT.closed_until(failures, at(0), at(0)).map(|until| until.since(at(0)).as_secs());
        assert_eq!([4, 5, 6, 9, 11, 12, 40].map(wait), [None, Some(1), Some(2), Some(16), Some(60), Some(60), Some(60)]);
        assert_eq!(Pace::ACCOUNT.closed_until(40, at(0), at(60)), None, "a minute later one attempt is let through");
        assert_eq!(Pace::ACCOUNT.remembered(40, at(0), at(900)), 0, "and a quarter of an hour later nothing is remembered");
        assert_eq!(Pace::ACCOUNT.closed_until(5, at(9_999), at(0)), Some(at(1)), "a clock set back");
    }

    #[test]
    fn an_ipv6_network_counts_as_one_and_a_mapped_address_as_itself() {
        let of = |text: &str| address(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:2"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
        assert_ne!(account("ann"), account("ben"));
    }
}
