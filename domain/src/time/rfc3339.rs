//! Instants as RFC 3339 text, and back.
//!
//! By hand, and not by the calendar library the tests compare it with: the pages' bundle carries this file, and the
//! library would weigh fifty kilobytes there for a format that needs two screens of arithmetic. The trap it avoids is
//! the civil calendar's: days are counted in 400-year cycles from 1 March, so that leap days fall at a cycle's end.

use std::fmt::{self, Write};

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;
const DAYS_PER_CYCLE: i64 = 146_097;
/// From 0000-03-01 to 1970-01-01.
const DAYS_TO_EPOCH: i64 = 719_468;
/// 0001-01-01 and the last microsecond of 9999: what four digits of a year can say.
const FIRST: i64 = -62_135_596_800 * MICROS_PER_SECOND;
const LAST: i64 = 253_402_300_800 * MICROS_PER_SECOND - 1;

/// Writes an instant; one outside of the years 1 to 9999 as the nearest within.
pub(super) fn write(micros: i64, out: &mut impl Write) -> fmt::Result {
    let micros = micros.clamp(FIRST, LAST);
    let (seconds, fraction) = (micros.div_euclid(MICROS_PER_SECOND), micros.rem_euclid(MICROS_PER_SECOND));
    let (year, month, day) = civil(seconds.div_euclid(SECONDS_PER_DAY));
    let second = seconds.rem_euclid(SECONDS_PER_DAY);
    write!(out, "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}", second / 3_600, second / 60 % 60, second % 60)?;
    if fraction > 0 {
        let digits = format!("{fraction:06}");
        write!(out, ".{}", digits.trim_end_matches('0'))?;
    }
    out.write_char('Z')
}

/// Reads an instant in microseconds; what is finer is cut.
pub(super) fn read(text: &str) -> Option<i64> {
    let (date, rest) = (text.get(..10)?, text.get(10..)?);
    let days = read_date(date)?;
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (hour, minute, second) = (pair(rest, 0)?, pair(rest, 3)?, pair(rest, 6)?);
    let marks = rest.get(2..3) == Some(":") && rest.get(5..6) == Some(":");
    // a leap second is the second before it: there is no instant of its own for it here
    let within = hour < 24 && minute < 60 && second <= 60;
    let (fraction, zone) = read_fraction(rest.get(8..)?)?;
    let seconds = days * SECONDS_PER_DAY + hour * 3_600 + minute * 60 + second.min(59) - read_zone(zone)?;
    (marks && within).then_some(seconds * MICROS_PER_SECOND + fraction)
}

fn read_date(date: &str) -> Option<i64> {
    let year: i64 = date.get(..4).filter(|year| digits(year))?.parse().ok()?;
    let (month, day) = (pair(date, 5)?, pair(date, 8)?);
    let marks = date.get(4..5) == Some("-") && date.get(7..8) == Some("-");
    let days = days(year, month, day);
    // a day that does not exist, such as 30 February, comes back as another
    (marks && civil(days) == (year, month, day)).then_some(days)
}

fn read_fraction(rest: &str) -> Option<(i64, &str)> {
    let Some(after) = rest.strip_prefix('.') else { return Some((0, rest)) };
    let length = after.find(|character: char| !character.is_ascii_digit()).unwrap_or(after.len());
    let (fraction, zone) = after.split_at_checked(length).filter(|(fraction, _)| (1..=9).contains(&fraction.len()))?;
    let micros = format!("{fraction:0<6}");
    Some((micros.get(..6)?.parse().ok()?, zone))
}

/// Seconds east of UTC.
fn read_zone(zone: &str) -> Option<i64> {
    if matches!(zone, "Z" | "z") {
        return Some(0);
    }
    let (sign, clock) = zone.strip_prefix('+').map(|clock| (1, clock)).or_else(|| zone.strip_prefix('-').map(|clock| (-1, clock)))?;
    let (hours, minutes) = (pair(clock, 0)?, pair(clock, 3)?);
    let right = clock.len() == 5 && clock.get(2..3) == Some(":") && hours < 24 && minutes < 60;
    right.then_some(sign * (hours * 3_600 + minutes * 60))
}

/// The two digits at a place.
fn pair(text: &str, at: usize) -> Option<i64> {
    text.get(at..at + 2).filter(|pair| digits(pair))?.parse().ok()
}

fn digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Year, month and day of a day counted from 1970.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + DAYS_TO_EPOCH;
    let (cycle, day) = (days.div_euclid(DAYS_PER_CYCLE), days.rem_euclid(DAYS_PER_CYCLE));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let shifted = (5 * day + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (cycle * 400 + year + i64::from(month <= 2), month, day - (153 * shifted + 2) / 5 + 1)
}

/// The day counted from 1970 of a year, month and day.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (cycle, year) = (year.div_euclid(400), year.rem_euclid(400));
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    cycle * DAYS_PER_CYCLE + year * 365 + year / 4 - year / 100 + (153 * shifted + 2) / 5 + day - 1 - DAYS_TO_EPOCH
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(micros: i64) -> String {
        let mut out = String::new();
        write(micros, &mut out).unwrap();
        out
    }

    #[test]
    fn instants_outside_of_four_digit_years_are_the_nearest_within() {
        assert_eq!(written(i64::MAX), "9999-12-31T23:59:59.999999Z");
        assert_eq!(written(i64::MIN), "0001-01-01T00:00:00Z");
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for text in [
            "",
            "yesterday",
            "2026-02-30T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-05-02T24:00:00Z",
            "2026-05-02T09:41:03",
            "2026-05-02T09:41:03.Z",
            "2026-05-02T09-41-03Z",
            "2026-05-02T09:41:03+1:00",
            "2026-05-02T09:41:03Zulu",
            "2026-05-0é09:41:03Z",
            "+026-05-02T09:41:03Z",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_calendar_library_agrees(micros in FIRST..253_402_200_000 * MICROS_PER_SECOND) {
            let theirs = jiff::Timestamp::from_microsecond(micros).unwrap();
            prop_assert_eq!(written(micros), theirs.to_string());
            prop_assert_eq!(read(&theirs.to_string()), Some(micros));
        }

        #[test]
        fn zones_and_fractions_are_read_as_a_calendar_library_reads_them(
            micros in 0..4_102_444_800 * MICROS_PER_SECOND, hours in -12..=14_i8, finer in 0..1_000_i32,
        ) {
            let zone = jiff::tz::Offset::constant(hours);
            let there = jiff::Timestamp::from_microsecond(micros).unwrap() + jiff::SignedDuration::new(0, finer);
            prop_assert_eq!(read(&there.display_with_offset(zone).to_string()), Some(micros));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
            let _read_or_refused = read(&text);
        }
    }
}
