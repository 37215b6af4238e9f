//! The alarms' history: read on from where the last sweep ended, with an overlap.
//!
//! Oldest first, so that a stretch that is too long for one sweep is taken up again where it was left, and a first start
//! reads back days without holding up the list of alarms. The overlap is for items that CloudWatch writes late; what comes
//! twice the store knows. The trap: two items of one millisecond at the end of a page; the next stretch begins with that
//! very millisecond, not after it.

use std::time::Duration;

use aws_sdk_cloudwatch::types::{AlarmType, HistoryItemType, ScanBy};
use aws_smithy_types::DateTime;
use domain::Timestamp;
use domain::alarm::HistoryItem;
use domain::reading::{AlarmHistory, Seen};
use domain::source::Fault;

use super::{EVERY_TYPE, OLDER_TYPES, map, refuses_a_type};
use crate::aws::Connection;
use crate::call::Tally;
use crate::operations::DESCRIBE_ALARM_HISTORY;

/// How far a stretch reaches back behind the end of the one before: items may be written late.
const OVERLAP: Duration = Duration::from_secs(5 * 60);
/// How far back a first start reads. CloudWatch has kept two weeks for as long as anyone has written down.
const FIRST: Duration = Duration::from_secs(14 * 86_400);
/// Pages of one kind in one sweep, 100 items each; at the polite rate ten calls are eleven seconds.
const PAGES: usize = 5;
/// The first sweep takes one: the list of alarms is what everybody waits for.
const PAGES_AT_FIRST: usize = 1;

/// From where the history is read on.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    next: Option<Timestamp>,
    swept: bool,
}

/// What one sweep reads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    from: Timestamp,
    until: Timestamp,
    pages: usize,
}

impl Cursor {
    pub(super) fn resume(&mut self, next: Option<Timestamp>) {
        self.next = next;
    }

    /// The stretch up to `now`. A cursor in the future (a clock that was set back) starts again at the overlap.
    pub(super) fn next(&mut self, now: Timestamp) -> Stretch {
        let oldest = now.minus(FIRST);
        let from = self.next.map_or(oldest, |next| next.max(oldest)).min(now.minus(OVERLAP));
        let pages = if std::mem::replace(&mut self.swept, true) { PAGES } else { PAGES_AT_FIRST };
        Stretch { from, until: now, pages }
    }
}

/// Reads a stretch; with what was read before a fault.
pub(super) async fn read(connection: &Connection, tally: &Tally, stretch: Stretch) -> (Option<AlarmHistory>, Option<Fault>) {
    let states = of_every_type(connection, tally, stretch, HistoryItemType::StateUpdate).await;
    let states = match states {
        Ok(states) => states,
        Err(fault) => return (None, Some(fault)),
    };
    let changes = match of_every_type(connection, tally, stretch, HistoryItemType::ConfigurationUpdate).await {
        Ok(changes) => changes,
        // states without changes would move the cursor past changes nobody has read
        Err(fault) => return (None, Some(fault)),
    };
    let left = [states.left_at, changes.left_at].into_iter().flatten().min();
    let items = states.items.into_iter().chain(changes.items).collect();
    let next = left.unwrap_or_else(|| stretch.until.minus(OVERLAP));
    (Some(AlarmHistory { items: Seen::all(items, left.is_none()), next }), None)
}

/// What was read of one kind, and from where there is more.
struct Part {
    items: Vec<HistoryItem>,
    left_at: Option<Timestamp>,
}

async fn of_every_type(connection: &Connection, tally: &Tally, stretch: Stretch, kind: HistoryItemType) -> Result<Part, Fault> {
    match of_types(connection, tally, stretch, &kind, &EVERY_TYPE).await {
        Err(fault) if refuses_a_type(&fault) => of_types(connection, tally, stretch, &kind, &OLDER_TYPES).await,
        read => read,
    }
}

async fn of_types(
    connection: &Connection,
    tally: &Tally,
    stretch: Stretch,
    kind: &HistoryItemType,
    types: &[AlarmType],
) -> Result<Part, Fault> {
    let mut items: Vec<HistoryItem> = Vec::new();
    let mut token: Option<String> = None;
    for _ in 0..stretch.pages {
        let call = || {
            let describe = connection.cloudwatch.describe_alarm_history().set_alarm_types(Some(types.to_vec()));
            let describe = describe.history_item_type(kind.clone()).scan_by(ScanBy::TimestampAscending).max_records(100);
            describe.start_date(wire(stretch.from)).end_date(wire(stretch.until)).set_next_token(token.clone()).send()
        };
        let answer = connection.caller.call(DESCRIBE_ALARM_HISTORY, tally, call).await?;
        items.extend(answer.alarm_history_items.unwrap_or_default().into_iter().filter_map(map::history));
        match answer.next_token.filter(|next| !next.is_empty() && token.as_ref() != Some(next)) {
            Some(next) => token = Some(next),
            None => return Ok(Part { items, left_at: None }),
        }
    }
    let left_at = items.iter().map(|item| item.at).max().unwrap_or(stretch.from);
    Ok(Part { items, left_at: Some(left_at) })
}

/// CloudWatch takes milliseconds.
fn wire(at: Timestamp) -> DateTime {
    DateTime::from_millis(at.as_micros().div_euclid(1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    #[test]
    fn a_stretch_begins_where_the_last_ended() {
        let now = at(10_000_000);
        for (next, from) in [
            (None, now.minus(FIRST)),
            (Some(at(1)), now.minus(FIRST)),
            (Some(at(9_999_000)), at(9_999_000)),
            (Some(at(20_000_000)), now.minus(OVERLAP)),
        ] {
            let mut cursor = Cursor { next, swept: true };
            assert_eq!(cursor.next(now).from, from, "{next:?}");
        }
    }

    #[test]
    fn the_first_sweep_takes_one_page() {
        let mut cursor = Cursor::default();
        assert_eq!([cursor.next(at(0)).pages, cursor.next(at(60)).pages], [PAGES_AT_FIRST, PAGES]);
    }
}
