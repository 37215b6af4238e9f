//! What people can do about a check that does not hold, as links: say it with evidence, accept the risk for a while.
//!
//! Who may do it is said by the forms these lead to; here only whether it makes sense. The trap is a check that a checklist made:
//! it is ticked where the list is kept, and nobody attests it.

use crate::Timestamp;
use crate::readiness::card::Kind;
use crate::readiness::{Check, State, Subject, Waiver};
use crate::text;
use crate::view::{AttestQuery, EndsIn, Link, WaiverQuery};

/// Where checklists are imported.
const CHECKLISTS: &str = "/readiness/checklists";
/// Where waivers are approved and ended.
const WAIVERS: &str = "/readiness/waivers";

/// Where somebody says that an attested check holds, while it does not or nobody's word counts any more.
pub(super) fn evidence(check: &Check, subject: &Subject, state: State) -> Option<Link> {
    let open = matches!(state, State::Fail | State::Partial | State::Unknown);
    if !open || check.evidence != Kind::Attested {
        return None;
    }
    let (label, path) = if of_a_checklist(&check.id) {
        ("Tick it in the checklist", CHECKLISTS.to_owned())
    } else {
        ("Say it with evidence", AttestQuery::about(&check.id, subject).path())
    };
    Some(Link { label: label.to_owned(), path })
}

/// Where the failure of a check is accepted until an instant. One that is shown and not counted costs nothing to begin with.
pub(super) fn acceptance(check: &Check, subject: &Subject, state: State) -> Option<Link> {
    let fails = matches!(state, State::Fail | State::Partial) && !check.preview;
    fails.then(|| Link { label: "Accept the risk for a while".to_owned(), path: WaiverQuery::about(&check.id, subject).path() })
}

/// What is to be done about waivers: those nobody has approved, those that end soon. None where nothing is.
pub(super) fn waivers(all: &[Waiver], now: Timestamp) -> Option<Link> {
    let soon = |waiver: &&Waiver| waiver.holds(now) && waiver.wish.expires.is_some_and(|end| EndsIn::of(end, now) != EndsIn::Later);
    let asked = |waiver: &&Waiver| waiver.approved.is_none() && waiver.ended.is_none() && waiver.wish.expires.is_some_and(|end| now < end);
    let said = |count: usize, one: &str, many: &str| {
        (count > 0).then(|| format!("{} {}", text::count(count as u64, "waiver"), if count == 1 { one } else { many }))
    };
    let waiting = said(all.iter().filter(asked).count(), "waits for approval", "wait for approval");
    let ending = said(all.iter().filter(soon).count(), "ends within 14 days", "end within 14 days");
    let label = [waiting, ending].into_iter().flatten().collect::<Vec<_>>().join(", ");
    (!label.is_empty()).then(|| Link { label, path: WAIVERS.to_owned() })
}

/// Whether a checklist made the check of this id: `list.heading-0a1b2c3d`.
fn of_a_checklist(id: &str) -> bool {
    let hash = id.split_once('.').and_then(|(_, heading)| heading.rsplit_once('-')).map(|(_, hash)| hash);
    hash.is_some_and(|hash| hash.len() == 8 && hash.bytes().all(|letter| letter.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::readiness::checklist::{ListItem, Section};
    use crate::readiness::{Card, Checklist, KeptChecklist, WaiverWish};
    use crate::service::ServiceKey;

    fn subject() -> Subject {
        Subject::Service(ServiceKey { environment: "production".into(), cluster: "a b".into(), service: "auth".into() })
    }

    #[test]
    fn what_makes_sense_is_offered_and_nothing_else() {
        let card = Card::for_tests();
        let (live, attested) = (card.check("H1").unwrap(), card.check("load-test").unwrap());
        for state in State::ALL {
            let open = matches!(state, State::Fail | State::Partial | State::Unknown);
            let fails = matches!(state, State::Fail | State::Partial);
            assert_eq!(evidence(live, &subject(), state), None, "{state:?}: Signalbox sees it itself");
            assert_eq!(evidence(attested, &subject(), state).is_some(), open, "{state:?}");
            assert_eq!(acceptance(live, &subject(), state).is_some(), fails, "{state:?}");
        }
        let whole = Subject::Environment { environment: "production".into() };
        let say = evidence(attested, &whole, State::Unknown).unwrap();
        assert_eq!(say.path, "/readiness/attest?check=load-test&environment=production");
        let accept = acceptance(live, &subject(), State::Fail).unwrap();
        assert_eq!(accept.path, "/readiness/waivers?check=H1&environment=production&cluster=a%20b&service=auth");
        let preview = Check { preview: true, ..live.clone() };
        assert_eq!(acceptance(&preview, &subject(), State::Fail), None, "it counts for nothing");
    }

    #[test]
    fn a_heading_of_a_checklist_is_ticked_and_not_attested() {
        let item = ListItem { text: "restore a backup".into(), done: Some(false), ..ListItem::default() };
        let section = Section { level: 2, title: "P0 – Recovery, über-alles".into(), items: vec![item], ..Section::default() };
        let list = KeptChecklist {
            id: 1,
            environment: "production".into(),
            name: "Launch".into(),
            attested: Timestamp::from_secs(1_000),
            by: "nina".into(),
            checklist: Checklist { sections: vec![section] }.settled(),
        };
        let check = list.checks().remove(0);
        let whole = Subject::Environment { environment: "production".into() };
        assert_eq!(evidence(&check, &whole, State::Fail).unwrap().path, "/readiness/checklists", "{}", check.id);
        for id in ["load-test", "H1", "a.b", "a.b-c", "a.b-0123456", "a.b-0123456g"] {
            assert!(!of_a_checklist(id), "{id}");
        }
    }

    #[test]
    fn waivers_are_told_while_somebody_has_to_do_something() {
        let now = Timestamp::from_secs(1_000_000);
        let day = std::time::Duration::from_secs(86_400);
        let waiver = |id, approved: bool, days: u32| Waiver {
            id,
            wish: WaiverWish { expires: Some(now.plus(day * days)), ..WaiverWish::default() },
            requester: "nina".into(),
            approver: approved.then(|| "omar".to_owned()),
            created: now.minus(day),
            approved: approved.then(|| now.minus(day)),
            ended: None,
        };
        let label = |all: &[Waiver]| waivers(all, now).map(|link| link.label);
        assert_eq!(label(&[]), None);
        assert_eq!(label(&[waiver(1, true, 15), waiver(2, true, 0), waiver(3, false, 0)]), None, "one holds, two are over");
        let all = [waiver(1, true, 14), waiver(2, false, 20), waiver(3, false, 1)];
        assert_eq!(label(&all).as_deref(), Some("2 waivers wait for approval, 1 waiver ends within 14 days"));
        let ended = Waiver { ended: Some((now, "omar".into())), ..waiver(4, false, 9) };
        assert_eq!(label(&[ended]), None);
    }
}
