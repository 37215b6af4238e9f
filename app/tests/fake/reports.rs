//! Reports that exist only here, told by the domain's own words.

use async_trait::async_trait;
use domain::port::{Actor, ReadReports, Report};
use domain::readiness::{Letter, Score};
use domain::report::{Brief, Period, ReportWish};
use domain::view::{
    FileKept, PreviewPart, ReportFile, ReportKept, ReportPreview, ReportRow, ReportSchedule, ReportsFacts, ReportsPage, ReportsQuery,
};
use domain::{Failure, Timestamp};

use super::{Fleet, Scene, before};

const KEY: &str = "Nk0Xq1x0b9r7yYB1lXk1vXo2pGfWgk1mJ5pJb0m9Z1s=";
const FIRST: &str = "0190c5a0-0000-7000-8000-00000000000a";
const SECOND: &str = "0190c5a0-0000-7000-8000-00000000000b";

fn kept(scene: Scene, id: &str, now: Timestamp) -> ReportKept {
    let hostile = scene == Scene::Hostile;
    let file = |format: &str, missing: Option<&str>| FileKept { format: format.into(), bytes: 48_201, missing: missing.map(str::to_owned) };
    let mut files: Vec<FileKept> = ["json", "html", "markdown", "csv", "junit", "sarif", "prometheus"].map(|word| file(word, None)).into();
    // the newer one is being printed
    files.extend((id == FIRST).then(|| file("pdf", Some("There is no PDF: no Chromium was found on this machine's PATH."))));
    let fleet = Score { score: Some(69), upper: Some(78), confidence: 912, letter: Some(Letter::D), ..Score::default() };
    ReportKept {
        id: id.into(),
        made: before(now, if id == FIRST { 90_000 } else { 120 }),
        requester: if hostile { "<img src=x onerror=alert(1)>\u{202E}".into() } else { "Ann".into() },
        environment: (id == SECOND).then(|| if hostile { "\"><script>alert(1)</script>".into() } else { "production".to_owned() }),
        period: Period { from: before(now, 600_000), to: before(now, 120) },
        redacted: id == SECOND,
        key: KEY.into(),
        brief: Brief { fleet, reached: Some("A".into()), services: 23, digest: "ab01".into() },
        files,
    }
}

fn all(fleet: &Fleet) -> Result<Vec<ReportKept>, Failure> {
    match fleet.scene {
        Scene::Broken => Err(Failure::Internal { incident: "7f3a".into() }),
        Scene::Empty => Ok(Vec::new()),
        scene => Ok([SECOND, FIRST].map(|id| kept(scene, id, (fleet.clock)())).into()),
    }
}

fn unknown(wish: &ReportWish) -> Result<(), Failure> {
    match wish.environment.as_deref() {
        None | Some("production") => Ok(()),
        Some(name) => Err(Failure::Refused { why: format!("There is no environment \"{}\".", domain::text::shown(name)) }),
    }
}

fn first_page(scene: Scene, wish: &ReportWish, now: Timestamp) -> ReportPreview {
    let words = |said: &str| said.to_owned();
    let gap = if scene == Scene::Hostile { "H1 <b>bold</b>" } else { "H1 every essential container has a health check" };
    let parts = vec![
        PreviewPart::Heading { said: words("Readiness of production, 2 May 2026") },
        PreviewPart::Figures { figures: vec![(words("Grade"), words("D")), (words("Score"), words("69 to 78"))] },
        PreviewPart::Warn { said: words("Held down by gates: H1 does not hold in 9 places: at most 69.") },
        PreviewPart::Say { said: words("This is the first report.") },
        PreviewPart::Heading { said: words("The most important gaps") },
        PreviewPart::Table {
            heads: vec![words("Gap"), words("Where")],
            rows: vec![vec![words(gap), words("fails in 9")]],
            empty: words("There is no gap."),
        },
        PreviewPart::List { points: vec![words("H3 is accepted until 1 June 2026.")] },
    ];
    ReportPreview { period: wish.reaching.period(now, None), parts }
}

#[async_trait]
impl ReadReports for Fleet {
    async fn reports(&self, query: ReportsQuery) -> Result<ReportsPage, Failure> {
        let (kept, now) = (all(self)?, (self.clock)());
        let preview = if query.preview {
            let wish = query.wish().map_err(|fields| Failure::Unfit { fields })?;
            unknown(&wish)?;
            Some(first_page(self.scene, &wish, now))
        } else {
            None
        };
        let failing = (self.scene == Scene::Trouble).then(|| "reports cannot be written: no space left on device.".to_owned());
        let schedule = ReportSchedule { every: "1day".into(), directory: "/var/lib/signalbox/reports".into(), failing };
        let facts = ReportsFacts {
            revision: 412,
            total: kept.len() as u64,
            kept,
            key: KEY.into(),
            environments: vec!["production".into()],
            preview,
            schedule: (self.scene != Scene::Calm).then_some(schedule),
        };
        Ok(ReportsPage::compose(facts, &query))
    }

    async fn report(&self, id: String) -> Result<ReportRow, Failure> {
        let kept = all(self)?.into_iter().find(|kept| kept.id == id);
        kept.as_ref().map(ReportRow::compose).ok_or_else(|| Failure::NoSuch { what: format!("report {}", domain::text::shown(&id)) })
    }

    async fn report_file(&self, _: String, _: String) -> Result<ReportFile, Failure> {
        Err(Failure::Refused { why: "files are handed out by the API".into() })
    }
}

#[async_trait]
impl Report for Fleet {
    async fn make(&self, _: Actor, wish: ReportWish) -> Result<String, Failure> {
        let fields = wish.problems((self.clock)());
        if !fields.is_empty() {
            return Err(Failure::Unfit { fields });
        }
        unknown(&wish).map(|()| SECOND.to_owned())
    }
}
