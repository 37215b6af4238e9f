//! Tables as CSV (RFC 4180), for spreadsheets.
//!
//! Separate because of the trap: a spreadsheet runs a cell that begins with `=`, `+`, `-` or `@`, and names come from
//! outside. Such a cell gets an apostrophe in front, which spreadsheets show as text; numbers stay numbers. What drives a
//! terminal or turns a line round becomes `·`, as on the pages: files are read with `less` too.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

/// A table under construction.
pub(crate) struct Csv {
    text: String,
}

impl Csv {
    /// A table with these headings.
    pub(crate) fn new(headings: &[&str]) -> Self {
        // the mark by which spreadsheets know that it is UTF-8
        let mut csv = Self { text: String::from("\u{feff}") };
        csv.row(headings.iter().map(|heading| (*heading).to_owned()));
        csv
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        for (index, cell) in cells.into_iter().enumerate() {
            if index > 0 {
                self.text.push(',');
            }
            self.text.push_str(&escaped(&cell));
        }
        self.text.push_str("\r\n");
    }

    /// The text so far.
    #[cfg(test)]
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The text, for whoever writes it to a file.
    pub(crate) fn into_text(self) -> String {
        self.text
    }

    /// The answer: a download under this name.
    pub(super) fn answer(self, name: &str) -> Response {
        let disposition = HeaderValue::from_str(&format!("attachment; filename=\"signalbox-{name}.csv\""));
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8; header=present")),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            (header::CONTENT_DISPOSITION, disposition.unwrap_or(HeaderValue::from_static("attachment"))),
        ];
        (headers, self.text).into_response()
    }
}

fn escaped(cell: &str) -> String {
    let cell = domain::text::plain(cell);
    let number = cell.parse::<f64>().is_ok_and(f64::is_finite);
    let guarded = if !number && runs(&cell) { format!("'{cell}") } else { cell };
    if guarded.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", guarded.replace('"', "\"\"")) } else { guarded }
}

/// Whether a spreadsheet may take the cell for a formula: OWASP's list ("CSV Injection"), behind any blank as well. The
/// wide forms are taken for the narrow ones where Japanese is set.
fn runs(cell: &str) -> bool {
    const SIGNS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
    cell.starts_with(['\t', '\r', '\n']) || cell.trim_start().starts_with(SIGNS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_text() {
        for (cell, written) in [
            ("auth-nats", "auth-nats"),
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            (" =1+1", "' =1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-dash-name", "'-dash-name"),
            ("-12", "-12"),
            ("-infinity", "'-infinity"),
            ("+nan", "'+nan"),
            ("＝1+1", "'＝1+1"),
            ("\u{a0}=1+1", "'\u{a0}=1+1"),
            ("\t=1+1", "'\t=1+1"),
            ("\n=1+1", "\"'\n=1+1\""),
            ("\u{200B}=1+1", "·=1+1"),
            ("\u{1b}[2J", "·[2J"),
            ("größe 日本 🚦", "größe 日本 🚦"),
            ("+4.5", "+4.5"),
            ("a,b", "\"a,b\""),
            ("say \"no\"", "\"say \"\"no\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("", ""),
        ] {
            assert_eq!(escaped(cell), written, "{cell:?}");
        }
    }
}
