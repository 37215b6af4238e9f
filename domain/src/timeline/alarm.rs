//! What of an alarm belongs in the timeline.
//!
//! Two tellers say the same: DescribeAlarms by how it differs from the last look, and DescribeAlarmHistory, which also
//! knows what came and went between two looks but may be denied, late or cut short. Each change is told once, whoever
//! tells it first. The trap: their clocks. The history's instant and the alarm's own lie some milliseconds apart, so the
//! same change is the same name, the same word and an instant within `SAME`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{EventKind, NewEvent};
use crate::Timestamp;
use crate::alarm::{Alarm, AlarmState, Happened, HistoryItem};
use crate::judge::Tone;
use crate::text;

/// Two tellings of one change lie at most this far apart. CloudWatch's own example has 26 ms between the evaluation and
/// the history's item; an alarm is evaluated every ten seconds at most (PutMetricAlarm, `Period`).
const SAME: Duration = Duration::from_secs(2);

/// A change of an alarm that is in the timeline already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The alarm's name.
    pub name: String,
    /// The word of [`Happened::word`].
    pub word: String,
    /// When it happened.
    pub at: Timestamp,
}

/// One look at the alarms of an account and region.
#[derive(Clone, Copy, Debug)]
pub struct AlarmPlace<'a> {
    /// AWS account.
    pub account: &'a str,
    /// Region.
    pub region: &'a str,
    /// When it was looked.
    pub at: Timestamp,
    /// When it was looked before; what has no instant of its own happened since then.
    pub last: Option<Timestamp>,
    /// Whose each alarm is: cluster and service by the alarm's name.
    pub whose: &'a BTreeMap<String, (String, String)>,
}

/// What a look adds to the timeline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlarmNews {
    /// New entries.
    pub events: Vec<NewEvent>,
    /// Changes DescribeAlarms shows that a whole history does not tell, as sentences for the log.
    pub untold: Vec<String>,
}

impl AlarmPlace<'_> {
    /// What makes an entry this entry. The name and not the ARN: history knows no ARN.
    pub fn key(&self, name: &str, word: &str, at: Timestamp) -> String {
        format!("alarm:{}/{}/{name}:{word}:{}", self.account, self.region, at.as_micros())
    }

    fn event(&self, name: &str, word: &str, at: Timestamp, tone: Tone, text: String) -> NewEvent {
        NewEvent {
            at,
            key: self.key(name, word, at),
            kind: EventKind::Alarm,
            tone,
            service: self.whose.get(name).cloned(),
            subject: name.to_owned(),
            text,
        }
    }
}

impl Known {
    /// Read back from an entry's subject and key.
    pub fn read(name: &str, key: &str, at: Timestamp) -> Option<Self> {
        let (rest, _) = key.rsplit_once(':')?;
        let (_, word) = rest.rsplit_once(':')?;
        Some(Self { name: name.to_owned(), word: word.to_owned(), at })
    }

    fn is(&self, name: &str, word: &str, at: Timestamp) -> bool {
        self.name == name && self.word == word && self.at.since(at).max(at.since(self.at)) <= SAME
    }
}

/// What is new: of what `history` tells and of how the alarms differ (`changes`, before and after), what is not `known`.
/// `whole` says that the history was read to its end, so that a change it does not tell is worth a line in the log.
pub fn alarm_news(
    place: &AlarmPlace<'_>,
    changes: &[(Option<&Alarm>, Option<&Alarm>)],
    history: &[HistoryItem],
    whole: bool,
    known: &[Known],
) -> AlarmNews {
    let mut told: Vec<Known> = known.to_vec();
    let mut news = AlarmNews::default();
    for item in unknown(history, known) {
        let word = item.what.word();
        told.push(Known { name: item.name.clone(), word: word.to_owned(), at: item.at });
        let (tone, text) = in_words(&item.what, differing(changes, item));
        news.events.push(place.event(&item.name, word, item.at, tone, text));
    }
    for (before, after) in changes {
        for change in differences(place, *before, *after) {
            let exactly = |known: &Known| known.is(change.name, change.word, change.at);
            let since_last = |known: &Known| {
                change.unsure && known.name == change.name && known.word == change.word && place.last.is_some_and(|last| known.at >= last)
            };
            // made anew is not changed as well
            let made = |known: &Known| change.word == "changed" && known.is(change.name, "created", change.at);
            if told.iter().any(|known| exactly(known) || since_last(known) || made(known)) {
                continue;
            }
            if whole {
                news.untold.push(format!("{} {}", text::shown(change.name), change.text));
            }
            news.events.push(place.event(change.name, change.word, change.at, change.tone, change.text));
        }
    }
    news
}

/// The items of a history that are not on record, oldest first. One entry answers for one item: the item it was made of
/// (the very same instant), or the one nearest to what the list told. So changes that come and go within `SAME`, as
/// somebody with SetAlarmState makes them, are each told.
fn unknown<'a>(history: &'a [HistoryItem], known: &[Known]) -> Vec<&'a HistoryItem> {
    let mut free: BTreeMap<(&str, &str), BTreeSet<Timestamp>> = BTreeMap::new();
    for known in known {
        free.entry((&known.name, &known.word)).or_default().insert(known.at);
    }
    // the same item may be in two answers
    let items: BTreeMap<(Timestamp, &str, &str), &HistoryItem> =
        history.iter().map(|item| ((item.at, item.name.as_str(), item.what.word()), item)).collect();
    let mut left: Vec<&HistoryItem> = Vec::new();
    for item in items.into_values() {
        let entries = free.get_mut(&(item.name.as_str(), item.what.word()));
        if !entries.is_some_and(|entries| entries.remove(&item.at)) {
            left.push(item);
        }
    }
    // what is left of the entries the list told: each of them is its nearest item
    for ((name, word), entries) in free {
        for at in entries {
            let apart = |item: &&HistoryItem| item.at.since(at).max(at.since(item.at));
            let same = |item: &&HistoryItem| item.name == name && item.what.word() == word && apart(item) <= SAME;
            let nearest = left.iter().enumerate().filter(|(_, item)| same(item)).min_by_key(|(_, item)| apart(item));
            if let Some((index, _)) = nearest {
                left.remove(index);
            }
        }
    }
    left
}

/// One way in which an alarm is not as it was.
struct Difference<'a> {
    name: &'a str,
    word: &'static str,
    at: Timestamp,
    /// Nothing says when it happened, but that it was since the last look.
    unsure: bool,
    tone: Tone,
    text: String,
}

fn differences<'a>(place: &AlarmPlace<'_>, before: Option<&'a Alarm>, after: Option<&'a Alarm>) -> Vec<Difference<'a>> {
    let Some(alarm) = after.or(before) else { return Vec::new() };
    let name = alarm.name.as_str();
    let unsure = |word, tone, what: &Happened| Difference { name, word, at: place.at, unsure: true, tone, text: in_words(what, None).1 };
    let (before, after) = match (before, after) {
        (None, None) => return Vec::new(),
        (None, Some(_)) => return vec![unsure("created", Tone::Quiet, &Happened::Created)],
        (Some(_), None) => return vec![unsure("deleted", Tone::Warn, &Happened::Deleted)],
        (Some(before), Some(after)) => (before, after),
    };
    let mut found = Vec::new();
    if before.state != after.state {
        let what = Happened::State { before: Some(before.state), after: after.state, reason: after.reason.clone() };
        let (tone, text) = in_words(&what, None);
        let (at, unsure) = (after.since.unwrap_or(place.at), after.since.is_none());
        found.push(Difference { name, word: after.state.as_str(), at, unsure, tone, text });
    } else if let (Some(was), Some(now)) = (before.since, after.since)
        && now > was
    {
        let text = format!("is {} again: between two looks it was not", after.state.as_str());
        found.push(Difference { name, word: after.state.as_str(), at: now, unsure: false, tone: alarm_tone(after.state), text });
    }
    if let (Some(was), Some(now)) = (before.configured, after.configured)
        && now > was
    {
        let (tone, text) = in_words(&Happened::Changed, Some((before, after)));
        found.push(Difference { name, word: "changed", at: now, unsure: true, tone, text });
    }
    found
}

/// The two states of an alarm between which a history's item lies.
fn differing<'a>(changes: &[(Option<&'a Alarm>, Option<&'a Alarm>)], item: &HistoryItem) -> Option<(&'a Alarm, &'a Alarm)> {
    changes.iter().find_map(|(before, after)| before.zip(*after).filter(|(_, after)| after.name == item.name))
}

fn in_words(what: &Happened, between: Option<(&Alarm, &Alarm)>) -> (Tone, String) {
    match what {
        Happened::State { before, after, reason } => {
            let why = reason.as_deref().map(|why| format!(": {}", text::shown(why))).unwrap_or_default();
            let from = before.map(|before| format!("{} → ", before.as_str())).unwrap_or_default();
            (alarm_tone(*after), format!("{from}{}{why}", after.as_str()))
        }
        Happened::Created => (Tone::Quiet, "alarm was created".to_owned()),
        Happened::Deleted => (Tone::Warn, "alarm was deleted: what it watched is no longer watched".to_owned()),
        Happened::Changed => match between.map(|(before, after)| reworked(before, after)).unwrap_or_default().as_slice() {
            [] => (Tone::Quiet, "alarm was changed".to_owned()),
            how => (Tone::Quiet, format!("alarm was changed: {}", how.join("; "))),
        },
    }
}

/// How an alarm's configuration differs, as far as it matters at night.
fn reworked(before: &Alarm, after: &Alarm) -> Vec<String> {
    let mut how = Vec::new();
    if before.condition != after.condition {
        let of = |alarm: &Alarm| alarm.condition.as_deref().map_or_else(|| "nothing".to_owned(), text::shown);
        how.push(format!("{} instead of {}", of(after), of(before)));
    }
    if before.actions_enabled != after.actions_enabled {
        how.push(if after.actions_enabled { "its actions are on again" } else { "its actions are off: it notifies nobody" }.to_owned());
    }
    if before.actions != after.actions {
        let names: Vec<String> = after.told().into_iter().map(text::shown).collect();
        how.push(if names.is_empty() { "it notifies nobody now".to_owned() } else { format!("it notifies {}", names.join(", ")) });
    }
    how
}

/// How an alarm in this state is drawn.
pub const fn alarm_tone(state: AlarmState) -> Tone {
    match state {
        AlarmState::Alarm => Tone::Warn,
        AlarmState::InsufficientData => Tone::Unknown,
        AlarmState::Ok => Tone::Good,
    }
}

/// Somebody acknowledged an alarm. `by` is who was signed in.
pub fn acknowledged(name: &str, service: Option<(String, String)>, by: &str, reason: &str, at: Timestamp) -> NewEvent {
    let text = format!("acknowledged by {}: {}", text::shown(by), text::shown(reason));
    act(name, service, "acknowledged", Tone::Quiet, text, at)
}

/// An acknowledgement ended.
pub fn acknowledgement_ended(name: &str, service: Option<(String, String)>, by: &str, why: &str, at: Timestamp) -> NewEvent {
    let text = format!("acknowledgement by {} ended: {why}", text::shown(by));
    act(name, service, "acknowledgement-ended", Tone::Quiet, text, at)
}

fn act(name: &str, service: Option<(String, String)>, word: &str, tone: Tone, text: String, at: Timestamp) -> NewEvent {
    let key = format!("act:{name}:{word}:{}", at.as_micros());
    NewEvent { at, key, kind: EventKind::Act, tone, service, subject: name.to_owned(), text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    fn alarm(state: AlarmState, since: i64, configured: i64) -> Alarm {
        Alarm { name: "cpu".into(), state, since: Some(at(since)), configured: Some(at(configured)), ..Alarm::default() }
    }

    fn item(micros: i64, what: Happened) -> HistoryItem {
        HistoryItem { name: "cpu".into(), at: Timestamp::from_micros(micros), what }
    }

    fn went(after: AlarmState, micros: i64) -> HistoryItem {
        item(micros, Happened::State { before: None, after, reason: None })
    }

    struct Case<'a> {
        before: Option<&'a Alarm>,
        after: Option<&'a Alarm>,
        history: Vec<HistoryItem>,
        known: Vec<Known>,
    }

    fn told(case: &Case<'_>) -> (Vec<String>, usize) {
        let whose = BTreeMap::new();
        let place = AlarmPlace { account: "1", region: "r", at: at(120), last: Some(at(60)), whose: &whose };
        let news = alarm_news(&place, &[(case.before, case.after)], &case.history, true, &case.known);
        (news.events.iter().map(|event| format!("{} {}", event.at.as_micros() / 1_000_000, event.text)).collect(), news.untold.len())
    }

    #[test]
    fn each_change_is_told_once_whoever_tells_it() {
        use AlarmState::{Alarm as On, Ok as Off};
        let (off, on) = (alarm(Off, 10, 1), alarm(On, 100, 1));
        let again = alarm(On, 110, 1);
        let known = |word: &str, seconds| vec![Known { name: "cpu".into(), word: word.into(), at: at(seconds) }];
        for (what, case, expected, untold) in [
            (
                "both tell it",
                Case { before: Some(&off), after: Some(&on), history: vec![went(On, 100_026_000)], known: vec![] },
                vec!["100 ALARM"],
                0,
            ),
            ("only the alarm", Case { before: Some(&off), after: Some(&on), history: vec![], known: vec![] }, vec!["100 OK → ALARM"], 1),
            (
                "a flap between two looks",
                Case { before: Some(&off), after: Some(&off), history: vec![went(On, 70_000_000), went(Off, 80_000_000)], known: vec![] },
                vec!["70 ALARM", "80 OK"],
                0,
            ),
            (
                "the overlap",
                Case { before: Some(&on), after: Some(&on), history: vec![went(On, 100_026_000)], known: known("ALARM", 100) },
                vec![],
                0,
            ),
            (
                "recovered and on again, no history",
                Case { before: Some(&on), after: Some(&again), history: vec![], known: known("ALARM", 100) },
                vec!["110 is ALARM again: between two looks it was not"],
                1,
            ),
        ] {
            assert_eq!(told(&case), (expected.into_iter().map(str::to_owned).collect(), untold), "{what}");
        }
    }

    #[test]
    fn what_flaps_within_a_second_is_told_change_by_change() {
        use AlarmState::{Alarm as On, Ok as Off};
        let (off, on) = (alarm(Off, 10, 1), alarm(On, 100, 1));
        let flaps = || vec![went(On, 99_900_000), went(Off, 99_910_000), went(On, 99_920_000), went(Off, 99_930_000), went(On, 99_940_000)];
        let twice = || [flaps(), flaps()].concat();
        let known = |word: &str, micros| Known { name: "cpu".into(), word: word.into(), at: Timestamp::from_micros(micros) };
        let all = |from: &[HistoryItem]| from.iter().map(|item| known(item.what.word(), item.at.as_micros())).collect::<Vec<_>>();
        for (what, history, known, expected) in [
            ("all of them at once", flaps(), vec![], 5),
            ("the same items in two answers", twice(), vec![], 5),
            ("the list told the last of them", flaps(), vec![known("ALARM", 100_000_000)], 4),
            ("the overlap", flaps(), all(&flaps()), 0),
            ("the overlap, one of them told by the list", flaps(), [all(&flaps()[..4]), vec![known("ALARM", 100_000_000)]].concat(), 0),
        ] {
            let case = Case { before: Some(&off), after: Some(&on), history, known };
            assert_eq!((told(&case).0.len(), told(&case).1), (expected, 0), "{what}: {:?}", told(&case).0);
        }
    }

    #[test]
    fn an_alarm_made_anew_under_its_old_name_is_told_apart_from_a_changed_one() {
        let (old, anew) = (alarm(AlarmState::Alarm, 10, 1), alarm(AlarmState::InsufficientData, 80, 80));
        let history =
            vec![item(79_000_000, Happened::Deleted), item(80_000_000, Happened::Created), went(AlarmState::InsufficientData, 80_100_000)];
        let case = Case { before: Some(&old), after: Some(&anew), history, known: vec![] };
        let (told_anew, _) = told(&case);
        assert_eq!(
            told_anew,
            ["79 alarm was deleted: what it watched is no longer watched", "80 alarm was created", "80 INSUFFICIENT_DATA"]
        );
        let changed = Alarm { configured: Some(at(90)), actions_enabled: true, condition: Some("x > 2".into()), ..old.clone() };
        let case = Case { before: Some(&old), after: Some(&changed), history: vec![item(90_000_000, Happened::Changed)], known: vec![] };
        assert_eq!(told(&case).0, ["90 alarm was changed: x > 2 instead of nothing; its actions are on again"]);
    }

    #[test]
    fn what_has_no_instant_of_its_own_is_matched_since_the_last_look() {
        let on = alarm(AlarmState::Ok, 10, 1);
        let case = Case { before: Some(&on), after: None, history: vec![item(70_000_000, Happened::Deleted)], known: vec![] };
        assert_eq!(told(&case), (vec!["70 alarm was deleted: what it watched is no longer watched".to_owned()], 0));
        let case = Case { before: None, after: Some(&on), history: vec![], known: vec![] };
        assert_eq!(told(&case), (vec!["120 alarm was created".to_owned()], 1));
    }

    #[test]
    fn a_name_with_colons_is_read_back_from_its_key() {
        let whose = BTreeMap::new();
        let place = AlarmPlace { account: "1", region: "r", at: at(1), last: None, whose: &whose };
        let key = place.key("a:b:c", "ALARM", at(5));
        assert_eq!(Known::read("a:b:c", &key, at(5)), Some(Known { name: "a:b:c".into(), word: "ALARM".into(), at: at(5) }));
    }
}
