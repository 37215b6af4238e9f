//! Instants in UTC and the spans between them.
//!
//! Separate because every age, deadline and interval in Signalbox is built on one representation: microseconds since
//! 1970 in an `i64`, as the store keeps them. The trap this avoids: a second clock. Nothing here can ask what time it
//! is; `now` is always an argument.

mod rfc3339;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

const MICROS_PER_SECOND: i64 = 1_000_000;
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// An instant: microseconds since 1970-01-01T00:00:00Z. Written as RFC 3339 in JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime, example = "2026-05-02T09:41:03Z"))]
pub struct Timestamp(i64);

impl Timestamp {
    /// From microseconds since 1970.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From whole seconds since 1970; saturates at the ends of what an `i64` of microseconds can hold.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(MICROS_PER_SECOND))
    }

    /// From seconds and nanoseconds since 1970, as the AWS SDK gives them; what is finer than a microsecond is cut.
    pub const fn from_secs_nanos(secs: i64, nanos: u32) -> Self {
        Self(secs.saturating_mul(MICROS_PER_SECOND).saturating_add((nanos / 1_000) as i64))
    }

    /// Microseconds since 1970.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// How long after `earlier` this is; zero when it is not after it (clocks differ; an age is never negative).
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// This instant moved later by `span`, saturating.
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }

    /// This instant moved earlier by `span`, saturating.
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }

    /// `09:41:03`, UTC.
    pub fn clock_time(self) -> String {
        let second = self.0.div_euclid(MICROS_PER_SECOND).rem_euclid(86_400);
        format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
    }

    /// `2 May 2026`, UTC.
    pub fn day(self) -> String {
        let exact = self.to_string();
        let part = |range: std::ops::Range<usize>| exact.get(range).unwrap_or_default();
        format!("{} {} {}", part(8..10).trim_start_matches('0'), month(&exact), part(0..4))
    }

    /// `09:41:03` within the day before `now`, else `2 May 09:41`, or `2025-05-02` in another year; all UTC. A time of
    /// day alone would lie about something that is older.
    pub fn clock_or_date(self, now: Self) -> String {
        if now.since(self) < Duration::from_secs(86_400) {
            return self.clock_time();
        }
        let (exact, today) = (self.to_string(), now.to_string());
        let part = |range: std::ops::Range<usize>| exact.get(range).unwrap_or_default();
        if today.get(..4) != exact.get(..4) {
            return part(0..10).to_owned();
        }
        format!("{} {} {}", part(8..10).trim_start_matches('0'), month(&exact), part(11..16))
    }
}

/// The name of the month in a written instant.
fn month(exact: &str) -> &'static str {
    let number = exact.get(5..7).and_then(|month| month.parse::<usize>().ok());
    number.and_then(|number| MONTHS.get(number.wrapping_sub(1))).unwrap_or(&"?")
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        rfc3339::write(self.0, f)
    }
}

/// The text was not an RFC 3339 instant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not an instant such as 2026-05-02T09:41:03Z")]
pub struct NotAnInstant(String);

impl FromStr for Timestamp {
    type Err = NotAnInstant;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        rfc3339::read(text).map(Self).ok_or_else(|| NotAnInstant(text.to_owned()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A span as people say it, in its largest sensible unit: `0 s`, `14 s`, `3 min`, `5 h`, `12 d`.
///
/// Rounded down, so that "1 min" never means less than a minute.
pub fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        7_200..=172_799 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// A span to the second, in its two largest units: `45 s`, `3 min 30 s`, `12 min`, `2 h 5 min`. For what is reckoned with, where
/// [`span`] would round an arithmetic wrong.
pub fn exact(span: Duration) -> String {
    let seconds = span.as_secs();
    let (first, second) = match seconds {
        0..=59 => return format!("{seconds} s"),
        60..=3_599 => (format!("{} min", seconds / 60), (seconds % 60, "s")),
        _ => (format!("{} h", seconds / 3_600), (seconds % 3_600 / 60, "min")),
    };
    if second.0 == 0 { first } else { format!("{first} {} {}", second.0, second.1) }
}

/// How old `then` is at `now`, as people say it: `4 s ago`.
pub fn ago(now: Timestamp, then: Timestamp) -> String {
    let ahead = then.since(now);
    if ahead > CLOCKS_APART { format!("{} ahead of our clock", span(ahead)) } else { format!("{} ago", span(now.since(then))) }
}

/// So far ahead of ours a clock may be without a word about it: what it says happens about now.
const CLOCKS_APART: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_said_in_their_largest_sensible_unit() {
        for (seconds, said) in [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7_199, "119 min"), (7_200, "2 h"), (172_800, "2 d")] {
            assert_eq!(span(Duration::from_secs(seconds)), said);
        }
    }

    #[test]
    fn what_a_clock_ahead_of_ours_says_is_not_taken_for_now() {
        let now = Timestamp::from_secs(10_000);
        let said = |second| ago(now, Timestamp::from_secs(second));
        assert_eq!([9_996, 10_030, 10_300].map(said), ["4 s ago", "0 s ago", "5 min ahead of our clock"]);
    }

    #[test]
    fn what_is_older_than_a_day_is_told_with_its_date() {
        let at: Timestamp = "2026-05-02T09:41:03.25Z".parse().unwrap();
        assert_eq!(at.clock_or_date(at.plus(Duration::from_secs(86_399))), "09:41:03");
        assert_eq!(at.clock_or_date(at.plus(Duration::from_secs(86_400))), "2 May 09:41");
        assert_eq!(at.clock_or_date(at.plus(Duration::from_secs(86_400 * 300))), "2026-05-02");
    }

    #[test]
    fn an_age_is_never_negative() {
        let earlier = Timestamp::from_secs(10);
        let later = Timestamp::from_secs(25);
        assert_eq!(later.since(earlier), Duration::from_secs(15));
        assert_eq!(earlier.since(later), Duration::ZERO);
    }

    #[test]
    fn instants_survive_json() {
        let at = Timestamp::from_secs_nanos(1_777_714_863, 250_000_999);
        let json = serde_json::to_string(&at).unwrap();
        assert_eq!(json, "\"2026-05-02T09:41:03.25Z\"");
        assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), at);
        assert_eq!(at.clock_time(), "09:41:03");
        assert!(serde_json::from_str::<Timestamp>("\"yesterday\"").is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_instant_formats_without_panic(micros in proptest::prelude::any::<i64>()) {
            let at = Timestamp::from_micros(micros);
            let _shown = (at.to_string(), at.clock_time());
        }
    }
}
