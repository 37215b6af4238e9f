//! Whether a file is what was handed over.
//!
//! Three questions: was the document inside signed with the key the reader trusts; does its score follow from its evidence; is
//! the rest of the file what this document looks like. The last is asked of a document that was signed: a forged one can be
//! drawn like any other, and drawing what nobody vouches for is work for whoever forged it. The trap is the key in the file: it
//! says who claims to have signed, and is never what the signature is checked with.

use domain::report::{Difference, SCHEMA, recomputed};

use super::carry::{Carried, Sealed};
use super::sign::PublicKey;
use super::{Format, RENDERING, html, json, junit, markdown, render, sarif};

/// Letters of an excerpt that shows a difference.
const EXCERPT: usize = 60;

/// What came of it.
#[derive(Debug)]
pub struct Verdict {
    /// What the file is.
    pub format: Format,
    /// The report, where it could be read.
    pub report: Option<Sealed>,
    /// What is wrong with it, as sentences; none: it is what was handed over.
    pub faults: Vec<String>,
}

/// The file is no report that can be checked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoReport(String);

impl Verdict {
    /// Whether it is what was handed over.
    pub const fn holds(&self) -> bool {
        self.faults.is_empty()
    }

    /// What was found, in lines for people.
    pub fn said(&self) -> String {
        let mut lines = Vec::new();
        if let Some(report) = &self.report {
            let document = report.document();
            let fleet = &document.readiness.fleet;
            lines.push(format!(
                "Report {} of {}, made {} by {}.",
                document.id,
                document.environments.join(", "),
                document.made,
                document.product
            ));
            lines.push(format!(
                "Score {} ({}), confidence {} %. SHA-256 {}.",
                fleet.range(),
                fleet.grade(),
                fleet.percent(),
                report.digest()
            ));
        }
        if self.holds() {
            lines.push("It is what was handed over: the signature is of this key, the score follows from the evidence inside, and everything shown is as it was.".to_owned());
        } else {
            lines.push("It is NOT what was handed over, or cannot be told to be:".to_owned());
            lines.extend(self.faults.iter().map(|fault| format!("- {fault}")));
        }
        lines.iter().map(|line| domain::text::plain(line)).collect::<Vec<_>>().join("\n")
    }
}

/// Checks a file against a key that its reader has from somewhere else.
///
/// # Errors
/// When it is no report, or one in a format that carries no evidence.
pub fn verify(file: &[u8], key: &PublicKey) -> Result<Verdict, NoReport> {
    let text = std::str::from_utf8(file).map_err(|error| {
        NoReport(format!(
            "It is no text: byte {} cannot be read. A PDF carries no evidence; check the HTML or JSON of the same report.",
            error.valid_up_to()
        ))
    })?;
    let format = kind(text)?;
    let carried = match carried(format, text) {
        Ok(carried) => carried,
        Err(fault) => return Ok(Verdict { format, report: None, faults: vec![sentence(&fault)] }),
    };
    let mut faults = Vec::new();
    if carried.key != *key {
        faults.push(format!("It says that it was signed with the key {}, and not with the one you trust.", carried.key));
    }
    let signed = key.signed(carried.canonical.as_bytes(), &carried.signature);
    if !signed {
        faults.push(
            "The signature is not of the key you trust over the document inside: the document was edited, or somebody else signed it."
                .to_owned(),
        );
    }
    let drawn_by = carried.rendering;
    let report = match Sealed::read(carried) {
        Ok(report) => report,
        Err(fault) => {
            faults.push(sentence(&fault));
            return Ok(Verdict { format, report: None, faults });
        }
    };
    follows(&report, &mut faults);
    if drawn_by != RENDERING {
        faults.push(format!("Version {drawn_by} of how reports are drawn made it and this Signalbox has version {RENDERING}: what is shown cannot be compared. Check it with the Signalbox that made it ({}).", report.document().product));
    } else if signed {
        faults.extend(differs(&render(format, &report), text));
    }
    Ok(Verdict { format, report: Some(report), faults })
}

/// Whether the numbers follow from the evidence.
fn follows(report: &Sealed, faults: &mut Vec<String>) {
    let document = report.document();
    if document.schema != SCHEMA {
        faults.push(format!(
            "The document is of schema {} and this Signalbox knows {SCHEMA}: check it with {}.",
            document.schema, document.product
        ));
        return;
    }
    if document.readiness.model != domain::readiness::card::MODEL {
        let (theirs, ours) = (document.readiness.model, domain::readiness::card::MODEL);
        faults.push(format!(
            "Its score was made by version {theirs} of the formula and this Signalbox has version {ours}: check it with {}.",
            document.product
        ));
        return;
    }
    let Err(differences) = recomputed(document) else { return };
    faults.extend(
        differences
            .iter()
            .map(|Difference { place, said, computed }| format!("{place} says {said}, and the evidence inside comes to {computed}.")),
    );
}

/// What a file is, by how it begins.
fn kind(text: &str) -> Result<Format, NoReport> {
    let begins = text.trim_start_matches('\u{feff}').trim_start();
    let found = match begins {
        _ if begins.get(..9).is_some_and(|first| first.eq_ignore_ascii_case("<!doctype")) => Some(Format::Html),
        _ if begins.starts_with("<?xml") => Some(Format::Junit),
        _ if begins.starts_with("{\"$schema\"") => Some(Format::Sarif),
        _ if begins.starts_with('{') => Some(Format::Json),
        _ if begins.starts_with("# HELP ") => Some(Format::Prometheus),
        _ if begins.starts_with("# ") => Some(Format::Markdown),
        _ if begins.starts_with("report,") => Some(Format::Csv),
        _ => None,
    };
    match found {
        Some(format) if format.carries_evidence() => Ok(format),
        Some(format) => Err(NoReport(format!(
            "A report as {} carries no evidence, so nothing in it can be checked. Check the JSON, HTML, Markdown, JUnit or SARIF of the same report; its id is in all of them.",
            format.as_str()
        ))),
        None => {
            Err(NoReport("It is no report of Signalbox in a format that can be checked: JSON, HTML, Markdown, JUnit or SARIF.".to_owned()))
        }
    }
}

fn carried(format: Format, text: &str) -> Result<Carried, String> {
    let missing = || "it carries no signed document where one belongs".to_owned();
    match format {
        Format::Json => json::carried(text),
        Format::Html => Carried::parse(html::carried(text).ok_or_else(missing)?),
        Format::Markdown => Carried::parse(markdown::carried(text).ok_or_else(missing)?),
        Format::Junit => Carried::parse(junit::carried(text).ok_or_else(missing)?),
        Format::Sarif => Carried::parse(&sarif::carried(text).ok_or_else(missing)?),
        Format::Csv | Format::Prometheus => Err(missing()),
    }
}

/// Where the file first differs from what its document looks like.
fn differs(wanted: &str, is: &str) -> Option<String> {
    if wanted == is {
        return None;
    }
    let place = wanted.bytes().zip(is.bytes()).take_while(|(one, other)| one == other).count();
    let line = is.bytes().take(place).filter(|byte| *byte == b'\n').count() + 1;
    Some(format!(
        "What is shown was edited, first in line {line}: \"{}\" stands where the document inside says \"{}\".",
        around(is, place),
        around(wanted, place)
    ))
}

/// A few letters from a place on, beginning a little before it.
fn around(text: &str, place: usize) -> String {
    let mut from = place.saturating_sub(EXCERPT / 3).min(text.len());
    while !text.is_char_boundary(from) {
        from -= 1;
    }
    let excerpt: String = text.get(from..).unwrap_or_default().chars().take(EXCERPT).collect();
    domain::text::shown(&excerpt.replace('\n', " "))
}

/// With a capital and a full stop.
fn sentence(fault: &str) -> String {
    let mut letters = fault.chars();
    let first = letters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}
