//! Reports: from one document, signed, to every format, and back to say whether a file is what was handed over.
//!
//! A renderer takes the document and its seal and nothing else: no store, no clock, no config. So the same report id is the
//! same bytes whenever it is asked for, and whoever checks a file makes it again from the document inside and compares. The
//! trap is that what people read and what was signed are two things: a file whose document is untouched but whose page says
//! 95 must be found too, which is why the visible part is compared byte for byte ([`mod@verify`]).
//!
//! | module | holds |
//! |---|---|
//! | [`made`] | a report from wish to signature: composed of a judgement, redacted where asked, signed; and drawn |
//! | [`mod@compose`] | store → document |
//! | [`prices`] | the price list in the binary, and the operator's own |
//! | [`sign`] | the key, signatures, the public key as people pass it on |
//! | [`carry`] | a document with its signature as text that fits into any format |
//! | `outline` | what a reader sees, in parts, before it is HTML or Markdown |
//! | `html`, `markdown`, `csv`, `junit`, `sarif`, `prometheus`, `json` | one format each |
//! | [`pdf`] | the HTML, printed by a browser that is there |
//! | [`schedule`] | reports that are made by themselves |
//! | [`mod@verify`] | whether a file is what was handed over |

pub mod carry;
pub mod compose;
mod csv;
mod escape;
mod html;
mod json;
mod junit;
pub mod made;
mod markdown;
mod outline;
pub mod pdf;
pub mod prices;
mod prometheus;
mod sarif;
pub mod schedule;
pub mod sign;
pub mod verify;

#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use tests::sample;

use domain::Timestamp;

pub use carry::{Carried, Sealed};
pub use compose::{Asked, Composing, NoReport, compose};
pub use made::{Making, Wish, make};
pub use prices::{Declared, Schedule, Settings};
pub use sign::{Key, PublicKey, Signature};
pub use verify::{Verdict, verify};

/// The version of how documents are drawn. Raised with every change of what a format looks like: a file that another version
/// drew cannot be compared byte for byte, and `verify` says that and nothing worse.
pub const RENDERING: u32 = 2;

/// A format a report is handed over in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// The document itself, signed.
    Json,
    /// One page for a browser or a printer, with its plots; carries the evidence.
    Html,
    /// A hand-over for a wiki or a ticket; carries the evidence.
    Markdown,
    /// A row a check, for a spreadsheet.
    Csv,
    /// A suite a service, for a pipeline; carries the evidence.
    Junit,
    /// Findings for a code scanner's page; carries the evidence.
    Sarif,
    /// The scores for Prometheus.
    Prometheus,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 7] = [Self::Json, Self::Html, Self::Markdown, Self::Csv, Self::Junit, Self::Sarif, Self::Prometheus];

    /// The word in URLs and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Html => "html",
            Self::Markdown => "markdown",
            Self::Csv => "csv",
            Self::Junit => "junit",
            Self::Sarif => "sarif",
            Self::Prometheus => "prometheus",
        }
    }

    /// What its files are called at their end.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Html => "html",
            Self::Markdown => "md",
            Self::Csv => "csv",
            Self::Junit => "junit.xml",
            Self::Sarif => "sarif",
            Self::Prometheus => "prom",
        }
    }

    /// What it is sent as.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Html => "text/html; charset=utf-8",
            Self::Markdown => "text/markdown; charset=utf-8",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Junit => "application/xml",
            Self::Sarif => "application/sarif+json",
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    /// Whether the signed document is inside, so that a file can be checked by itself. A spreadsheet and Prometheus would read
    /// it as data.
    pub const fn carries_evidence(self) -> bool {
        !matches!(self, Self::Csv | Self::Prometheus)
    }

    /// The format of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == word)
    }
}

/// A report in a format. The same seal gives the same text.
pub fn render(format: Format, sealed: &Sealed) -> String {
    match format {
        Format::Json => json::render(sealed),
        Format::Html => html::render(sealed),
        Format::Markdown => markdown::render(sealed),
        Format::Csv => csv::render(sealed),
        Format::Junit => junit::render(sealed),
        Format::Sarif => sarif::render(sealed),
        Format::Prometheus => prometheus::render(sealed),
    }
}

/// What a file of a report is called: `signalbox-2026-05-02-0196f0aa.html`. Of letters, digits, dots and dashes only, whatever
/// is taken for an id.
pub fn file_name(id: &str, made: Timestamp, extension: &str) -> String {
    let made = made.to_string();
    let id: String = id.chars().filter(char::is_ascii_hexdigit).take(8).collect();
    format!("signalbox-{}-{id}.{extension}", made.get(..10).unwrap_or_default())
}
