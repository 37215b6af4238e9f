//! What people say, that exists only here: judged by the domain's own functions over a card of three checks.

use std::time::Duration;

use async_trait::async_trait;
use domain::change::FieldProblem;
use domain::port::{Actor, Attest, Attested};
use domain::readiness::assess::Asked;
use domain::readiness::checklist::{Checklist, ListItem, Section};
use domain::readiness::{
    Answer, Attestation, AttestationWish, Card, Evidence, FileNamed, Found, KeptChecklist, Readiness, Subject, Waiver, WaiverWish, assess,
};
use domain::service::ServiceKey;
use domain::view::{
    AttestDraft, AttestFacts, AttestPage, AttestQuery, ChecklistKept, ChecklistPreview, ChecklistQuery, ChecklistsPage, FileRead,
    NoticeSaid, WaiverFacts, WaiverQuery, WaiversPage,
};
use domain::{Failure, Timestamp};
use serde_json::json;

use super::{Fleet, Scene, before};

const DAY: u64 = 86_400;
/// The hash of the file that is held here.
pub(crate) const HELD: &str = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

fn card(scene: Scene) -> Card {
    let check = |id: &str, weight: &str, evidence: &str, scope: &str| {
        let why = if scene == Scene::Hostile { "<b>why\u{202E}</b>" } else { "What has never been loaded breaks on the day it is." };
        json!({"id": id, "title": format!("title of {id}"), "category": "Load", "weight": weight, "evidence": evidence, "scope": scope,
            "ttl_minutes": 129_600, "work_minutes": 60, "why": why, "remedy": "Load it."})
    };
    let checks = [
        check("H1", "critical", "live", "service"),
        check("load-test", "high", "attested", "environment"),
        check("runbook", "low", "attested", "service"),
    ];
    serde_json::from_value(json!({"name": "three", "check": checks})).expect("a card")
}

fn key(service: &str) -> ServiceKey {
    ServiceKey { environment: "production".into(), cluster: "gaming-system-cluster".into(), service: service.into() }
}

fn words(scene: Scene, plain: &str) -> String {
    if scene == Scene::Hostile { "</textarea><img src=x onerror=alert(1)>\u{202E}".to_owned() } else { plain.to_owned() }
}

fn said(scene: Scene, now: Timestamp) -> Vec<Attestation> {
    if scene == Scene::Calm {
        return Vec::new();
    }
    let file = FileNamed { name: words(scene, "summary.json"), sha256: HELD.into(), bytes: 2_048 };
    let one = Attestation {
        id: 7,
        check: "load-test".into(),
        subject: Subject::Environment { environment: "production".into() },
        value: 980,
        note: words(scene, "from inside the network"),
        link: Some("https://wiki.example/load".into()),
        file: Some(file),
        said: Some(words(scene, "k6: 9,800 requests/s of 10,000 wanted; p95 180 ms of 200")),
        by: "Ben".into(),
        at: before(now, 3_600),
        expires: now.plus(Duration::from_secs(2 * DAY)),
        withdrawn: None,
    };
    let back = Attestation { id: 6, withdrawn: Some((before(now, 60), "Cleo".into())), file: None, said: None, ..one.clone() };
    vec![one, back]
}

fn waivers(scene: Scene, now: Timestamp) -> Vec<Waiver> {
    if scene == Scene::Calm {
        return Vec::new();
    }
    let wish = |check: &str, days: u64| WaiverWish {
        check: check.into(),
        environment: "production".into(),
        cluster: Some("gaming-system-cluster".into()),
        service: Some("auth-nats".into()),
        reason: words(scene, "it is replaced in June"),
        compensating: words(scene, "watched by hand"),
        ticket: Some("OPS-7".into()),
        expires: Some(now.plus(Duration::from_secs(days * DAY))),
    };
    let asked = Waiver {
        id: 2,
        wish: wish("H1", 20),
        requester: "Ann".into(),
        approver: None,
        created: before(now, 7_200),
        approved: None,
        ended: None,
    };
    let holds = Waiver {
        id: 1,
        wish: wish("runbook", 2),
        requester: "Ben".into(),
        approver: Some("Cleo".into()),
        approved: Some(before(now, 3_600)),
        ..asked.clone()
    };
    let over = Waiver { id: 3, ended: Some((before(now, 30), "Cleo".into())), ..holds.clone() };
    vec![holds, asked, over]
}

impl Fleet {
    fn environments(&self) -> Vec<String> {
        vec!["production".to_owned()]
    }

    fn assessed(&self, card: &Card) -> Result<Readiness, Failure> {
        let now = (self.clock)();
        let asked: Vec<Asked> =
            self.facts()?.services.into_iter().map(|row| Asked { subject: Subject::Service(row.key), tier: None }).collect();
        // the runbook passes meanwhile, which its waiver is to be told
        let passes = Evidence {
            check: "runbook".into(),
            subject: Subject::Service(key("auth-nats")),
            found: Found::seen(Answer::PASS, "it was followed", now, Duration::from_secs(DAY), "attested by Ben"),
        };
        Ok(assess(card, now, &asked, &[passes], &waivers(self.scene, now)))
    }

    fn list(&self) -> Checklist {
        let item = |text: &str, done| ListItem { text: words(self.scene, text), done: Some(done), ..ListItem::default() };
        let items = vec![item("restore a backup", true), item("fail over", false)];
        Checklist { sections: vec![Section { level: 2, title: "Recovery".into(), items, ..Section::default() }] }.settled()
    }
}

#[async_trait]
impl Attested for Fleet {
    async fn attestations(&self, query: AttestQuery) -> Result<AttestPage, Failure> {
        let (now, card) = ((self.clock)(), card(self.scene));
        let readiness = self.assessed(&card)?;
        let facts = AttestFacts { revision: 412, now, card: &card, readiness: &readiness, environments: self.environments() };
        Ok(AttestPage::compose(facts, &query, "production".into(), said(self.scene, now)))
    }

    async fn attestation_file(&self, _: i64) -> Result<(String, Vec<u8>), Failure> {
        Ok(("summary.json".into(), b"{}".to_vec()))
    }

    async fn waivers(&self, query: WaiverQuery) -> Result<WaiversPage, Failure> {
        let (now, card) = ((self.clock)(), card(self.scene));
        let readiness = self.assessed(&card)?;
        let waivers = waivers(self.scene, now);
        let environments = self.environments();
        let facts = WaiverFacts { revision: 412, now, card: &card, readiness: &readiness, waivers: &waivers, environments };
        Ok(WaiversPage::compose(facts, &query))
    }

    async fn checklists(&self) -> Result<ChecklistsPage, Failure> {
        let now = (self.clock)();
        self.facts()?;
        let kept = KeptChecklist {
            id: 4,
            environment: "production".into(),
            name: words(self.scene, "Launch"),
            attested: before(now, 89 * DAY),
            by: "Ben".into(),
            checklist: self.list(),
        };
        let lists = if self.scene == Scene::Calm { Vec::new() } else { vec![kept] };
        Ok(ChecklistsPage::compose(412, self.environments(), &lists, now))
    }

    async fn checklist_markdown(&self, _: i64) -> Result<(String, String), Failure> {
        Ok(("Launch".into(), self.list().to_markdown()))
    }
}

#[async_trait]
impl Attest for Fleet {
    async fn hold(&self, _: &Actor, _: String, _: Vec<u8>) -> Result<String, Failure> {
        Ok(HELD.to_owned())
    }

    async fn attestation_draft(&self, _: &Actor, query: AttestQuery) -> Result<AttestDraft, Failure> {
        let (wish, mut problems) = query.typed();
        let card = card(self.scene);
        let file = FileNamed { name: words(self.scene, "summary.json"), sha256: HELD.into(), bytes: 2_048 };
        let read = match query.held() {
            Some(hash) if hash == HELD => Some(FileRead {
                file,
                value: Some(980),
                said: Some(words(self.scene, "k6: 9,800 requests/s of 10,000 wanted; p95 180 ms of 200")),
                refused: None,
            }),
            Some(_) => {
                let why = "This is no summary of k6 that Signalbox knows (its version is \"9\"): hand in one made by --summary-export.";
                problems.push(FieldProblem::new("file", why));
                Some(FileRead { file, value: None, said: None, refused: Some(why.to_owned()) })
            }
            None => None,
        };
        let value = read.as_ref().and_then(|read| read.value);
        problems.extend(wish.problems((self.clock)(), card.check(&wish.check), read.as_ref().map(|read| &read.file), value));
        Ok(AttestDraft { file: read, problems, value: wish.value.or(value), subject: Some(wish.subject()) })
    }

    async fn attest(&self, _: Actor, wish: AttestationWish, _: Option<String>) -> Result<i64, Failure> {
        let problems = wish.problems((self.clock)(), card(self.scene).check(&wish.check), None, None);
        if problems.is_empty() { Ok(8) } else { Err(Failure::Unfit { fields: problems }) }
    }

    async fn attestation_withdraw(&self, _: Actor, id: i64) -> Result<(), Failure> {
        if id == 7 { Ok(()) } else { Err(Failure::Refused { why: "It was taken back already.".into() }) }
    }

    async fn waiver_ask(&self, _: Actor, wish: WaiverWish) -> Result<i64, Failure> {
        let problems = wish.problems((self.clock)(), card(self.scene).check(&wish.check));
        if problems.is_empty() { Ok(5) } else { Err(Failure::Unfit { fields: problems }) }
    }

    async fn waiver_approve(&self, actor: Actor, id: i64) -> Result<(), Failure> {
        let (now, card) = ((self.clock)(), card(self.scene));
        let found = waivers(self.scene, now).into_iter().find(|waiver| waiver.id == id);
        let waiver = found.ok_or_else(|| Failure::NoSuch { what: format!("waiver with the number {id}") })?;
        waiver.approvable(now, &actor.name, card.check(&waiver.wish.check)).map_err(|why| Failure::Refused { why })
    }

    async fn waiver_end(&self, _: Actor, _: i64, why: String) -> Result<(), Failure> {
        if why.trim().is_empty() { Err(Failure::Refused { why: "Say why it is ended.".into() }) } else { Ok(()) }
    }

    async fn checklist_preview(&self, _: &Actor, query: ChecklistQuery) -> Result<ChecklistPreview, Failure> {
        if query.file != HELD {
            return Err(Failure::Refused { why: "The file has 10,000 boxes or more. Nothing was kept.".into() });
        }
        let preview = ChecklistPreview::compose(&query, self.list(), None, (self.clock)());
        let notices = vec![NoticeSaid { line: 3, said: words(self.scene, "this may be damaged") }];
        Ok(ChecklistPreview { repaired: 2, notices, ..preview })
    }

    async fn checklist_keep(&self, _: Actor, query: ChecklistQuery, seen: Option<String>) -> Result<ChecklistKept, Failure> {
        match (query.file.as_str(), seen.as_deref()) {
            (HELD, Some("none")) => Ok(ChecklistKept { id: 4, same: false }),
            _ => Err(Failure::Refused { why: "Ben imported it since this preview was made.".into() }),
        }
    }

    async fn checklist_confirm(&self, _: Actor, id: i64) -> Result<(), Failure> {
        if id == 4 { Ok(()) } else { Err(Failure::NoSuch { what: format!("checklist with the number {id}") }) }
    }

    async fn checklist_remove(&self, actor: Actor, id: i64) -> Result<(), Failure> {
        self.checklist_confirm(actor, id).await
    }
}
