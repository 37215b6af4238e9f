//! Reports that were made, what a new one would say, and how one is checked.
//!
//! Separate from [`crate::report`], which is the document itself: this is the shelf it stands on. The trap is a list that
//! promises what is not there, so a format that could not be made stands in its place with the reason.
//!
//! | module | holds |
//! |---|---|
//! | `query` | the question, as URLs and the form say it |

use serde::{Deserialize, Serialize};

use super::{Paging, Scored};
use crate::Timestamp;
use crate::report::{Brief, Period};
use crate::text;

mod query;

pub use query::{REPORTS_PER_PAGE, ReportPeriod, ReportsQuery};

/// A report as far as a list needs it, from the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportKept {
    /// A UUIDv7.
    pub id: String,
    /// When it was made.
    pub made: Timestamp,
    /// Who asked for it.
    pub requester: String,
    /// The one environment it is about; none: all of them.
    pub environment: Option<String>,
    /// The time it is about.
    pub period: Period,
    /// Whether accounts, addresses and names were replaced.
    pub redacted: bool,
    /// The public key it was signed with.
    pub key: String,
    /// What it says, in short.
    pub brief: Brief,
    /// The formats it is kept in.
    pub files: Vec<FileKept>,
}

/// A report in one format, from the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileKept {
    /// The word in URLs.
    pub format: String,
    /// How long it is.
    pub bytes: u64,
    /// Why there is none, as a sentence.
    pub missing: Option<String>,
}

/// One format: its word in URLs, what people call it, whether a file of it can be checked by itself.
struct Offered(&'static str, &'static str, bool);

/// Every format, in the order people want them.
const FORMATS: [Offered; 8] = [
    Offered("html", "HTML", true),
    Offered(PDF, "PDF", false),
    Offered("json", "JSON", true),
    Offered("markdown", "Markdown", true),
    Offered("csv", "CSV", false),
    Offered("junit", "JUnit", true),
    Offered("sarif", "SARIF", true),
    Offered("prometheus", "Prometheus", false),
];

/// The one format that is made after the others.
const PDF: &str = "pdf";

/// A report in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportRow {
    /// A UUIDv7; the same id is the same bytes for ever.
    pub id: String,
    /// When it was made.
    pub made: Timestamp,
    /// Who asked for it.
    pub requester: String,
    /// What it is about: an environment, or the fleet.
    pub about: String,
    /// The time it is about.
    pub period: Period,
    /// Whether accounts, addresses and names were replaced.
    pub redacted: bool,
    /// What the fleet came to.
    pub scored: Scored,
    /// The highest target that was reached.
    pub reached: Option<String>,
    /// Services that were judged.
    pub services: u64,
    /// The SHA-256 of its document.
    pub digest: String,
    /// The public key it was signed with.
    pub key: String,
    /// Its formats.
    pub files: Vec<ReportFileRow>,
}

/// One format of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportFileRow {
    /// The word in URLs.
    pub format: String,
    /// What people call it.
    pub label: String,
    /// Where it is fetched; none where there is none.
    pub path: Option<String>,
    /// How long it is, in bytes.
    pub bytes: u64,
    /// Whether a file of it can be checked by itself.
    pub evidence: bool,
    /// Why there is none, as a sentence.
    pub missing: Option<String>,
}

impl ReportRow {
    /// Of what the store keeps.
    pub fn compose(kept: &ReportKept) -> Self {
        let file = |Offered(format, label, evidence): &Offered| {
            let found = kept.files.iter().find(|file| file.format == *format);
            let missing = match found {
                Some(file) => file.missing.as_deref().map(text::shown),
                None if *format == PDF => Some("The PDF is being printed; it appears here by itself.".to_owned()),
                // a format that this report is older than
                None => return None,
            };
            Some(ReportFileRow {
                format: (*format).to_owned(),
                label: (*label).to_owned(),
                path: missing.is_none().then(|| file_path(&kept.id, format)),
                bytes: found.map_or(0, |file| file.bytes),
                evidence: *evidence,
                missing,
            })
        };
        Self {
            id: kept.id.clone(),
            made: kept.made,
            requester: text::shown(&kept.requester),
            about: kept.environment.as_deref().map_or_else(|| "the fleet".to_owned(), text::shown),
            period: kept.period,
            redacted: kept.redacted,
            scored: Scored::from(&kept.brief.fleet),
            reached: kept.brief.reached.as_deref().map(text::shown),
            services: kept.brief.services,
            digest: kept.brief.digest.clone(),
            key: kept.key.clone(),
            files: FORMATS.iter().filter_map(file).collect(),
        }
    }

    /// The element of the page it stands in.
    pub fn anchor(id: &str) -> String {
        format!("report-{id}")
    }
}

/// Where a report is fetched in one format.
fn file_path(id: &str, format: &str) -> String {
    format!("/api/v1/reports/{}/files/{format}", crate::service::encoded(id))
}

/// Reports that are made by themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportSchedule {
    /// How often, in words: `1day`.
    pub every: String,
    /// The directory they are written to.
    pub directory: String,
    /// What is wrong with it, as a sentence; it is tried again.
    pub failing: Option<String>,
}

/// What a report that was made now would say on its first page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportPreview {
    /// The time it would be about.
    pub period: Period,
    /// The first page, in parts.
    pub parts: Vec<PreviewPart>,
}

/// A part of a first page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "part", rename_all = "snake_case")]
pub enum PreviewPart {
    /// A heading.
    Heading {
        /// Its words.
        said: String,
    },
    /// The most important numbers: what each is, and the number.
    Figures {
        /// Name and number.
        figures: Vec<(String, String)>,
    },
    /// A sentence or two.
    Say {
        /// The sentence.
        said: String,
    },
    /// What must not be overlooked.
    Warn {
        /// The sentence.
        said: String,
    },
    /// Points.
    List {
        /// Each of them.
        points: Vec<String>,
    },
    /// A table.
    Table {
        /// The columns.
        heads: Vec<String>,
        /// The rows, each as long as the columns.
        rows: Vec<Vec<String>>,
        /// What stands there without a row.
        empty: String,
    },
}

/// A report as a file to save.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportFile {
    /// What it is called: letters, digits, dots and dashes only.
    pub name: String,
    /// What it is sent as.
    pub media_type: &'static str,
    /// Its bytes, as they were when the report was made.
    pub bytes: Vec<u8>,
}

/// Everything the page is made of.
#[derive(Clone, Debug)]
pub struct ReportsFacts {
    /// The store's revision it was read at.
    pub revision: u64,
    /// The reports of the page that was asked for, newest first.
    pub kept: Vec<ReportKept>,
    /// How many there are.
    pub total: u64,
    /// The public key that reports are signed with now.
    pub key: String,
    /// The environments of the config, by name.
    pub environments: Vec<String>,
    /// What a report would say, where that was asked.
    pub preview: Option<ReportPreview>,
    /// Reports that are made by themselves.
    pub schedule: Option<ReportSchedule>,
}

/// The page of the reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportsPage {
    /// The store's revision this was read at.
    pub revision: u64,
    /// One page of the reports, newest first.
    pub reports: Vec<ReportRow>,
    /// Where this page is.
    pub paging: Paging,
    /// The public key that reports are signed with.
    pub key: String,
    /// The environments a report may be about.
    pub environments: Vec<String>,
    /// What a report would say, where that was asked.
    pub preview: Option<ReportPreview>,
    /// Reports that are made by themselves; none where nobody wants that.
    pub schedule: Option<ReportSchedule>,
}

impl ReportsPage {
    /// Of everything there is.
    pub fn compose(facts: ReportsFacts, query: &ReportsQuery) -> Self {
        Self {
            revision: facts.revision,
            reports: facts.kept.iter().map(ReportRow::compose).collect(),
            paging: query.paging(facts.total),
            key: facts.key,
            environments: facts.environments,
            preview: facts.preview,
            schedule: facts.schedule,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(files: Vec<FileKept>) -> ReportKept {
        let made = Timestamp::from_secs(1_777_714_800);
        ReportKept {
            id: "0190a000-0000-7000-8000-000000000002".into(),
            made,
            requester: "nina\u{202E}".into(),
            environment: None,
            period: Period { from: made, to: made },
            redacted: false,
            key: "key".into(),
            brief: Brief::default(),
            files,
        }
    }

    #[test]
    fn what_could_not_be_made_stands_in_its_place_with_the_reason() {
        let file = |format: &str, missing: Option<&str>| FileKept { format: format.into(), bytes: 3, missing: missing.map(str::to_owned) };
        let row = ReportRow::compose(&kept(vec![file("json", None), file("pdf", Some("There is no PDF: no Chromium."))]));
        let told: Vec<(&str, bool)> = row.files.iter().map(|file| (file.label.as_str(), file.path.is_some())).collect();
        assert_eq!(told, [("PDF", false), ("JSON", true)]);
        assert_eq!(row.files[1].path.as_deref(), Some("/api/v1/reports/0190a000-0000-7000-8000-000000000002/files/json"));
        assert_eq!((row.about.as_str(), row.requester.as_str()), ("the fleet", "nina·"));
        let row = ReportRow::compose(&kept(vec![file("json", None)]));
        assert!(row.files[0].missing.as_ref().is_some_and(|said| said.contains("is being printed")), "{:?}", row.files);
    }
}
