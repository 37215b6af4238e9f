//! Making reports and handing them out: the ports' implementation.
//!
//! A type of its own beside the plane, so that who may look does not hold what signs. What is made is judged, composed, signed,
//! drawn in every format and committed in one transaction; only then is it there. The PDF comes after: a browser takes seconds
//! and may be missing, so it is owed by the report that has none ([`keep_printing`]), and what came of it is kept, were it
//! only the reason why not. The trap is two at once: each holds a document of a whole fleet, so they take turns.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use domain::Failure;
use domain::port::{Actor, ReadReports, Report};
use domain::report::{Brief, Reaching, ReportWish};
use domain::view::{REPORTS_PER_PAGE, ReportFile, ReportPreview, ReportRow, ReportSchedule, ReportsFacts, ReportsPage, ReportsQuery};
use tokio::sync::Notify;

use super::{ControlPlane, internal};
use crate::dice::Dice;
use crate::report::{self, Format, Key, Making, NoReport, Schedule, Sealed, Settings, Wish, made, pdf};
use crate::store::{NewReport, Packed, Signed, StoreError};

/// The format that is made after the others.
const PDF: &str = "pdf";
/// Whom a report is made for that nobody asked for by hand.
pub(crate) const THE_SCHEDULE: &str = "the schedule";
/// How long a store that refuses is left alone before the next PDF is tried.
const PAUSE: Duration = Duration::from_secs(60);

/// What reports are made with.
pub struct Desk {
    /// What they are signed with.
    pub key: Key,
    /// `[report]` of the config.
    pub settings: Settings,
    /// Where their ids come from.
    pub dice: Arc<dyn Dice>,
    /// What prints them; none: there is no browser.
    pub browser: Option<PathBuf>,
}

/// Implements the ports.
pub struct Reporting {
    plane: Arc<ControlPlane>,
    desk: Desk,
    turn: tokio::sync::Mutex<()>,
    /// Told when a PDF is owed.
    owed: Notify,
    /// Why the schedule could not do its work the last time.
    failing: Mutex<Option<String>>,
}

impl Reporting {
    /// Reports of what a plane shows.
    pub fn new(plane: Arc<ControlPlane>, desk: Desk) -> Self {
        Self { plane, desk, turn: tokio::sync::Mutex::new(()), owed: Notify::new(), failing: Mutex::new(None) }
    }

    /// The public key that reports are signed with.
    pub fn public_key(&self) -> String {
        self.desk.key.public().to_string()
    }

    /// The same as a server publishes it.
    pub(crate) fn published_key(&self) -> String {
        self.desk.key.public().published()
    }

    /// When reports are made by themselves, where somebody wants that. What is wrong with it was said when the config was read.
    pub fn schedule(&self) -> Option<Schedule> {
        self.desk.settings.scheduled().ok().flatten()
    }

    /// The plane it reports on.
    pub(crate) fn plane(&self) -> &Arc<ControlPlane> {
        &self.plane
    }

    /// Says why the schedule cannot do its work, or that it can again.
    pub(crate) fn schedule_fails(&self, why: Option<String>) {
        *self.failing.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }

    /// Makes the report of the schedule; answers its id.
    pub(crate) async fn make_scheduled(&self) -> Result<String, Failure> {
        let wish = ReportWish { reaching: Reaching::SinceLast, environment: None, redact: false };
        self.made(THE_SCHEDULE, Signed::ourselves(self.plane.clock().now()), wish).await
    }

    fn making(&self) -> Making<'_> {
        Making {
            store: self.plane.store(),
            settings: &self.desk.settings,
            dice: self.desk.dice.as_ref(),
            same_time: self.plane.same_time(),
        }
    }

    async fn made(&self, requester: &str, by: Signed, wish: ReportWish) -> Result<String, Failure> {
        let problems = wish.problems(by.at);
        if !problems.is_empty() {
            return Err(Failure::Unfit { fields: problems });
        }
        let _turn = self.turn.lock().await;
        let wish = wanted(requester, wish);
        let judgement = self.plane.judgement().await?;
        let sealed = report::make(self.making(), &self.desk.key, &judgement, &wish).await.map_err(failed)?;
        let environment = wish.only().map(str::to_owned);
        let new = packed(sealed, requester.to_owned(), environment).await;
        let written = self.plane.store().report_keep(&new, &by).await.map_err(internal)?;
        self.plane.live().changed(&written.topics, written.revision);
        tracing::info!(report = new.id, requester, digest = new.brief.digest, "made a report");
        self.owed.notify_one();
        Ok(new.id)
    }

    /// What a report would say on its first page.
    async fn preview(&self, wish: ReportWish) -> Result<ReportPreview, Failure> {
        let problems = wish.problems(self.plane.clock().now());
        if !problems.is_empty() {
            return Err(Failure::Unfit { fields: problems });
        }
        let _turn = self.turn.lock().await;
        let judgement = self.plane.judgement().await?;
        let document = made::drafted(self.making(), &judgement, &wanted("you", wish)).await.map_err(failed)?;
        Ok(ReportPreview { period: document.period, parts: made::preview(&document) })
    }

    /// Prints one report, or keeps why it could not be.
    async fn print(&self, id: &str) -> Result<(), StoreError> {
        let store = self.plane.store();
        let printed = match (&self.desk.browser, store.report_file(id, Format::Html.as_str()).await?) {
            (None, _) => Err(pdf::NoPdf::NoBrowser.to_string()),
            (_, None | Some(Err(_))) => Err("There is no PDF: the report has no HTML to print.".to_owned()),
            (Some(browser), Some(Ok(html))) => {
                let html = String::from_utf8_lossy(&html);
                pdf::print(browser, &html, &std::env::temp_dir(), id).await.map_err(|error| error.to_string())
            }
        };
        if let Err(why) = &printed {
            tracing::warn!(report = id, why, "a report was not printed");
        }
        let printed = printed.map(|bytes| Packed::of(&bytes));
        let kept = printed.as_ref().map_err(String::as_str);
        let written = store.report_file_keep((id, PDF), kept, self.plane.clock().now()).await?;
        self.plane.live().changed(&written.topics, written.revision);
        Ok(())
    }
}

/// Prints every report that has no PDF and no reason why not, for as long as it is not cancelled. One after the other: a
/// browser takes as much memory as the server.
pub async fn keep_printing(reporting: Arc<Reporting>) {
    let clock = Arc::clone(reporting.plane.clock());
    loop {
        let printed = match reporting.plane.store().report_unprinted().await {
            Ok(Some(id)) => reporting.print(&id).await,
            Ok(None) => {
                reporting.owed.notified().await;
                Ok(())
            }
            Err(error) => Err(error),
        };
        if let Err(error) = printed {
            tracing::error!(error = %crate::error_chain(&error), "a report could not be printed; tried again later");
            clock.sleep(PAUSE).await;
        }
    }
}

/// A wish as reports are made of it.
fn wanted(requester: &str, wish: ReportWish) -> Wish {
    let ReportWish { reaching, environment, redact } = wish;
    Wish { requester: requester.to_owned(), reaching, environments: environment.into_iter().collect(), redact }
}

/// Draws a report in every format where it holds up no answer.
async fn packed(sealed: Sealed, requester: String, environment: Option<String>) -> NewReport {
    let work = move || {
        let document = sealed.document();
        NewReport {
            id: document.id.clone(),
            made: document.made,
            requester,
            environment,
            period: document.period,
            redacted: document.redacted,
            key: sealed.key().to_string(),
            signature: sealed.signature().as_bytes().to_vec(),
            brief: Brief::of(document, sealed.digest()),
            document: Packed::of(sealed.canonical().as_bytes()),
            files: made::drawn(&sealed),
        }
    };
    crate::readiness::beside(work).await
}

/// Why there is no report, as it may be shown.
fn failed(error: NoReport) -> Failure {
    match error {
        NoReport::Store(error) => internal(error),
        other => Failure::Refused { why: other.to_string() },
    }
}

fn no_report(id: &str) -> Failure {
    Failure::NoSuch { what: format!("report {}", domain::text::shown(id)) }
}

#[async_trait]
impl ReadReports for Reporting {
    async fn reports(&self, query: ReportsQuery) -> Result<ReportsPage, Failure> {
        let preview = match (query.preview, query.wish()) {
            (true, Ok(wish)) => Some(self.preview(wish).await?),
            (true, Err(fields)) => return Err(Failure::Unfit { fields }),
            (false, _) => None,
        };
        let shelf = self.plane.store().report_shelf(query.page, REPORTS_PER_PAGE).await.map_err(internal)?;
        let schedule = self.schedule().map(|Schedule { every, directory }| ReportSchedule {
            every: humantime::format_duration(every).to_string(),
            directory: domain::text::shown(&directory.display().to_string()),
            failing: self.failing.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        });
        let facts = ReportsFacts {
            revision: shelf.revision,
            kept: shelf.kept,
            total: shelf.total,
            key: self.public_key(),
            environments: self.plane.environment_names(),
            preview,
            schedule,
        };
        Ok(ReportsPage::compose(facts, &query))
    }

    async fn report(&self, id: String) -> Result<ReportRow, Failure> {
        let kept = self.plane.store().report_kept(&id).await.map_err(internal)?;
        kept.as_ref().map(ReportRow::compose).ok_or_else(|| no_report(&id))
    }

    async fn report_file(&self, id: String, format: String) -> Result<ReportFile, Failure> {
        let store = self.plane.store();
        let kept = store.report_kept(&id).await.map_err(internal)?.ok_or_else(|| no_report(&id))?;
        let (extension, media_type) = match Format::from_word(&format) {
            Some(known) => (known.extension(), known.media_type()),
            None if format == PDF => (PDF, "application/pdf"),
            None => return Err(no_format(&format)),
        };
        match store.report_file(&id, &format).await.map_err(internal)? {
            Some(Ok(bytes)) => Ok(ReportFile { name: report::file_name(&id, kept.made, extension), media_type, bytes }),
            Some(Err(why)) => Err(Failure::Refused { why }),
            None if format == PDF => Err(Failure::Refused { why: "The PDF is being printed. Ask again in a moment.".to_owned() }),
            None => Err(no_format(&format)),
        }
    }
}

fn no_format(format: &str) -> Failure {
    let known: Vec<&str> = Format::ALL.into_iter().map(Format::as_str).chain([PDF]).collect();
    Failure::NoSuch { what: format!("format \"{}\" among those of a report ({})", domain::text::shown(format), known.join(", ")) }
}

#[async_trait]
impl Report for Reporting {
    async fn make(&self, actor: Actor, wish: ReportWish) -> Result<String, Failure> {
        let by = Signed::by(&actor, self.plane.clock().now());
        self.made(&actor.shown(), by, wish).await
    }
}
