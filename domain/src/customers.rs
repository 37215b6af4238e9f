//! What customers feel of a service behind a load balancer, judged from its target groups' last minutes.
//!
//! Separate from [`crate::judge`] because a service can be up by every count and still fail its customers, and the other
//! way round. The trap is silence: a load balancer reports requests and errors only when there are some, but healthy and
//! unhealthy targets every minute. So a minute with target counts and without requests is a quiet minute, and a minute
//! without either is not known. A network load balancer never counts a request: of what stands behind one only the targets
//! are judged, and nothing is said of how quiet it is (decision 0142).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::judge::Tone;
use crate::service::ServiceKey;
use crate::text;
use crate::time::span;

/// Minutes that are judged together: long enough for a share, short enough for an emergency.
pub const WINDOW: i64 = 5 * 60;
/// How old the newest minute may be. CloudWatch delivers a load balancer's minute within about three.
pub const PATIENCE: Duration = Duration::from_secs(6 * 60);
/// Share of failed requests that hurts, and the one that is worth a look. The first user's service level is 99 %.
const HURTS: f64 = 0.05;
const WARNS: f64 = 0.01;
/// Fewer failures than these are an accident, whatever their share.
const HURTS_FROM: u64 = 5;
const WARNS_FROM: u64 = 3;
/// How much slower than usual (95th percentile of the same hour on past days) is worth a look, and by how many
/// milliseconds at least: three times 2 ms is nothing anybody feels.
const SLOWER: f64 = 3.0;
const SLOWER_BY: f64 = 250.0;

/// What is known of one service's customers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Felt {
    /// The service.
    #[serde(flatten)]
    pub key: ServiceKey,
    /// End of the newest minute that is known.
    pub until: Option<Timestamp>,
    /// Requests in the five minutes up to then.
    pub requests: u64,
    /// Whether its load balancer has ever counted one. Where it has not, no requests are no quiet time: a network load
    /// balancer counts none.
    #[serde(default = "counted_before")]
    pub requests_counted: bool,
    /// Of those, answered with a 5xx by the service itself.
    pub errors: u64,
    /// Mean response time, in milliseconds; none without requests.
    pub latency: Option<f64>,
    /// The slowest minute's 99th percentile, in milliseconds.
    pub p99: Option<f64>,
    /// Targets that were healthy in the newest minute.
    pub healthy: u32,
    /// Targets that were not.
    pub unhealthy: u32,
    /// The 95th percentile of its p99 in this hour of past days, in milliseconds, once there are enough.
    pub usual_p99: Option<f64>,
    /// The p99 the operator promised, in milliseconds.
    pub target_p99: Option<f64>,
    /// Since when it has been judged as it is.
    pub since: Option<Timestamp>,
}

/// What it comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Feeling {
    /// How bad.
    pub tone: Tone,
    /// Why it is not good; empty when it is.
    pub reasons: Vec<String>,
}

/// One service's customers as a page shows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CustomerRow {
    /// How its lamp is drawn.
    pub tone: Tone,
    /// The service's name.
    pub service: String,
    /// Its page.
    pub path: String,
    /// `0 of 1,240 requests failed in the last 5 min, p99 118 ms, 2 of 2 targets healthy`, or where none was ever counted
    /// `2 of 2 targets healthy; its load balancer has counted no request`.
    pub sentence: String,
    /// End of the newest minute that is known.
    pub observed: Option<Timestamp>,
}

/// Facts stored before this was told are all of application load balancers, which count.
const fn counted_before() -> bool {
    true
}

impl Felt {
    /// Judges the facts whatever their age.
    pub fn judged(&self) -> Feeling {
        let mut worst = Tone::Good;
        let mut reasons = Vec::new();
        let mut say = |tone: Tone, reason: String| {
            worst = worst.min(tone);
            reasons.push(reason);
        };
        let all = self.healthy + self.unhealthy;
        match (self.healthy, self.unhealthy) {
            (0, _) => {
                say(Tone::Bad, if all == 0 { "no target is registered".to_owned() } else { format!("none of {all} targets is healthy") })
            }
            (healthy, sick) if sick > healthy => say(Tone::Bad, format!("only {healthy} of {all} targets are healthy")),
            (healthy, sick) if sick > 0 => say(Tone::Warn, format!("{healthy} of {all} targets are healthy")),
            _ => {}
        }
        let share = self.errors as f64 / self.requests.max(1) as f64;
        let failing =
            || format!("{} of {} requests failed ({:.1} %)", text::grouped(self.errors), text::grouped(self.requests), share * 100.0);
        if share >= HURTS && self.errors >= HURTS_FROM {
            say(Tone::Bad, failing());
        } else if share >= WARNS && self.errors >= WARNS_FROM {
            say(Tone::Warn, failing());
        }
        if let Some(p99) = self.p99 {
            match (self.target_p99, self.usual_p99) {
                (Some(target), _) if p99 > target => {
                    say(Tone::Warn, format!("p99 is {}, promised are {}", milliseconds(p99), milliseconds(target)))
                }
                (None, Some(usual)) if p99 > usual * SLOWER && p99 > usual + SLOWER_BY => {
                    say(Tone::Warn, format!("p99 is {}, usual at this hour are {}", milliseconds(p99), milliseconds(usual)));
                }
                _ => {}
            }
        }
        Feeling { tone: worst, reasons }
    }

    /// Why this cannot be judged at `now`. `source` says why its source cannot be trusted.
    pub fn unknown(&self, source: Option<&str>, now: Timestamp) -> Option<String> {
        match (source, self.until) {
            (Some(why), _) => Some(why.to_owned()),
            (None, None) => Some("CloudWatch has no minute of its load balancer yet".to_owned()),
            (None, Some(until)) if now.since(until) > PATIENCE => {
                Some(format!("CloudWatch's newest minute of its load balancer is {} old", span(now.since(until))))
            }
            _ => None,
        }
    }

    /// The facts in one sentence.
    pub fn sentence(&self) -> String {
        let targets = format!("{} of {} targets healthy", self.healthy, self.healthy + self.unhealthy);
        if !self.requests_counted {
            return format!("{targets}; its load balancer has counted no request");
        }
        let requests = match self.requests {
            0 => "no request in the last 5 min".to_owned(),
            all => format!("{} of {} requests failed in the last 5 min", text::grouped(self.errors), text::grouped(all)),
        };
        let p99 = self.p99.map(|p99| format!(", p99 {}", milliseconds(p99))).unwrap_or_default();
        format!("{requests}{p99}, {targets}")
    }

    /// As a page shows it at `now`.
    pub fn shown(&self, source: Option<&str>, now: Timestamp) -> CustomerRow {
        let unknown = self.unknown(source, now);
        let tone = if unknown.is_some() { Tone::Unknown } else { self.judged().tone };
        let sentence = unknown.map_or_else(|| self.sentence(), |why| format!("not known: {why}"));
        CustomerRow { tone, service: text::shown(&self.key.service), path: self.key.path(), sentence, observed: self.until }
    }
}

/// `118 ms`, `2.4 s`.
pub fn milliseconds(value: f64) -> String {
    if value < 1_000.0 { format!("{value:.0} ms") } else { format!("{:.1} s", value / 1_000.0) }
}

/// The value below which 95 % of `values` lie; nothing for fewer than 30, from which no "usual" can be told.
pub fn usual(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let index = (values.len() * 95).div_ceil(100).saturating_sub(1);
    (values.len() >= 30).then(|| values[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn felt() -> Felt {
        Felt {
            key: ServiceKey { environment: "production".into(), cluster: "main".into(), service: "gateway".into() },
            until: Some(Timestamp::from_secs(1_000_000)),
            requests: 1_240,
            requests_counted: true,
            errors: 0,
            latency: Some(31.0),
            p99: Some(118.0),
            healthy: 2,
            unhealthy: 0,
            usual_p99: Some(110.0),
            target_p99: None,
            since: None,
        }
    }

    #[test]
    fn a_calm_service_is_told_in_one_sentence() {
        let row = felt().shown(None, Timestamp::from_secs(1_000_100));
        assert_eq!(row.tone, Tone::Good);
        assert_eq!(row.sentence, "0 of 1,240 requests failed in the last 5 min, p99 118 ms, 2 of 2 targets healthy");
    }

    /// Behind a network load balancer, or behind one that nobody has called yet.
    fn uncounted() -> Felt {
        Felt { requests: 0, requests_counted: false, latency: None, p99: None, usual_p99: None, ..felt() }
    }

    #[test]
    fn the_sentence_says_only_what_is_counted() {
        let all = [
            (Felt { requests: 0, p99: None, ..felt() }, "no request in the last 5 min, 2 of 2 targets healthy"),
            (Felt { errors: 3, p99: None, ..felt() }, "3 of 1,240 requests failed in the last 5 min, 2 of 2 targets healthy"),
            (uncounted(), "2 of 2 targets healthy; its load balancer has counted no request"),
            (Felt { healthy: 1, unhealthy: 2, ..uncounted() }, "1 of 3 targets healthy; its load balancer has counted no request"),
        ];
        for (felt, sentence) in all {
            assert_eq!(felt.sentence(), sentence);
        }
    }

    #[test]
    fn facts_stored_before_counting_was_told_are_read_as_counted() {
        let mut body = serde_json::to_value(felt()).unwrap();
        assert!(body.as_object_mut().unwrap().remove("requests_counted").is_some());
        assert_eq!(serde_json::from_value::<Felt>(body).unwrap(), felt());
    }

    #[test]
    fn the_rule_is_a_table() {
        let all = [
            (Felt { errors: 62, ..felt() }, Tone::Bad, "62 of 1,240 requests failed (5.0 %)"),
            (Felt { errors: 13, ..felt() }, Tone::Warn, "13 of 1,240"),
            (Felt { requests: 4, errors: 2, ..felt() }, Tone::Good, ""),
            (Felt { healthy: 0, unhealthy: 2, ..felt() }, Tone::Bad, "none of 2 targets is healthy"),
            (Felt { healthy: 0, unhealthy: 0, ..felt() }, Tone::Bad, "no target is registered"),
            (Felt { healthy: 1, unhealthy: 2, ..felt() }, Tone::Bad, "only 1 of 3"),
            (Felt { healthy: 3, unhealthy: 1, ..felt() }, Tone::Warn, "3 of 4"),
            (Felt { p99: Some(900.0), ..felt() }, Tone::Warn, "p99 is 900 ms, usual at this hour are 110 ms"),
            (Felt { p99: Some(30.0), usual_p99: Some(5.0), ..felt() }, Tone::Good, ""),
            (Felt { p99: Some(2_400.0), target_p99: Some(500.0), ..felt() }, Tone::Warn, "p99 is 2.4 s, promised are 500 ms"),
            (Felt { p99: Some(400.0), target_p99: Some(500.0), usual_p99: Some(10.0), ..felt() }, Tone::Good, ""),
            (Felt { target_p99: Some(500.0), ..uncounted() }, Tone::Good, ""),
            (Felt { healthy: 1, unhealthy: 1, ..uncounted() }, Tone::Warn, "1 of 2 targets are healthy"),
            (Felt { healthy: 0, unhealthy: 2, ..uncounted() }, Tone::Bad, "none of 2 targets is healthy"),
        ];
        for (felt, tone, reason) in all {
            let feeling = felt.judged();
            assert_eq!(feeling.tone, tone, "{felt:?}");
            assert_eq!(feeling.reasons.is_empty(), reason.is_empty());
            assert!(feeling.reasons.join("").contains(reason), "{feeling:?}");
        }
    }

    #[test]
    fn what_is_old_or_stale_is_unknown_and_not_green() {
        let old = felt().shown(None, Timestamp::from_secs(1_000_000 + 361));
        assert_eq!(
            (old.tone, old.sentence.as_str()),
            (Tone::Unknown, "not known: CloudWatch's newest minute of its load balancer is 6 min old")
        );
        assert_eq!(felt().shown(Some("it is silent"), Timestamp::from_secs(1_000_001)).tone, Tone::Unknown);
        assert_eq!(Felt { until: None, ..felt() }.shown(None, Timestamp::from_secs(1_000_001)).tone, Tone::Unknown);
        // a clock of ours that is five minutes behind makes no fresh minute old
        assert_eq!(felt().shown(None, Timestamp::from_secs(1_000_000 - 300)).tone, Tone::Good);
    }

    #[test]
    fn usual_needs_enough_to_be_told() {
        assert_eq!(usual(vec![1.0; 29]), None);
        assert_eq!(usual((0..100).map(f64::from).collect()), Some(94.0));
    }
}
