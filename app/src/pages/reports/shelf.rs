//! The reports that were made, newest first, each in every format it is kept in.

use domain::text;
use domain::view::{ReportFileRow, ReportRow, ReportsPage};
use leptos::prelude::*;

use crate::parts::age::{Age, At};
use crate::ui::pager::Pager;
use crate::ui::tag::Tag;

/// One page of them.
pub(super) fn shelf(page: &ReportsPage) -> AnyView {
    if page.paging.total == 0 {
        return view! { <p class="empty">"No report was made yet. The form above makes one; so does the command signalbox report, which keeps none here."</p> }
            .into_any();
    }
    let at = page.paging.clone();
    view! {
        <table class="cards reports">
            <caption class="sr">"Reports that were made, newest first"</caption>
            <thead>
                <tr>
                    <th scope="col">"Report"</th><th scope="col">"Score"</th><th scope="col">"Tells of"</th><th scope="col">"Files"</th>
                </tr>
            </thead>
            <tbody>{page.reports.iter().map(row).collect::<Vec<_>>()}</tbody>
        </table>
        <Pager page=at.page pages=at.pages previous=at.previous next=at.next/>
    }
    .into_any()
}

fn row(row: &ReportRow) -> AnyView {
    let names = row.redacted.then_some(", without names");
    let reached = row.reached.as_ref().map(|name| format!("target {name}, "));
    let score = format!("{}confidence {} %", reached.unwrap_or_default(), row.scored.percent);
    let grade = row.scored.grade.clone();
    view! {
        <tr data-key=row.id.clone() id=ReportRow::anchor(&row.id)>
            <th scope="row" data-label="Report">
                <span>
                    <Age of=row.made/>" by "<bdi>{row.requester.clone()}</bdi>
                    <span class="line faint">{row.id.clone()}</span>
                </span>
            </th>
            <td data-label="Score">
                <span><Tag light=row.scored.tone.into()>{grade}</Tag>" "{row.scored.range.clone()}<span class="line faint">{score}</span></span>
            </td>
            <td data-label="Tells of">
                <span>
                    <bdi>{row.about.clone()}</bdi>{format!(", {}", text::count(row.services, "service"))}{names}
                    <span class="line faint"><At at=row.period.from/>" to "<At at=row.period.to/></span>
                </span>
            </td>
            <td data-label="Files"><ul class="report-files">{row.files.iter().map(|file| self::file(file, &row.id)).collect::<Vec<_>>()}</ul></td>
        </tr>
    }
    .into_any()
}

/// A link to the file; the page is opened, the others are saved.
fn file(file: &ReportFileRow, report: &str) -> AnyView {
    let Some(path) = file.path.clone() else {
        let said = file.missing.clone().unwrap_or_default();
        return view! { <li class="dim">{said}</li> }.into_any();
    };
    let label = format!("{} of report {report}, {}", file.label, size(file.bytes));
    let saved = (file.format != "html").then_some("");
    view! { <li><a href=path rel="external" download=saved aria-label=label>{file.label.clone()}</a></li> }.into_any()
}

/// `12 KB`: enough to know whether it fits into a mail.
fn size(bytes: u64) -> String {
    match bytes {
        0..=999 => format!("{bytes} bytes"),
        1_000..=999_999 => format!("{} KB", bytes.div_ceil(1_000)),
        _ => format!("{} MB", bytes.div_ceil(1_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_rounded_up() {
        assert_eq!([size(0), size(999), size(1_001), size(4_000_001)], ["0 bytes", "999 bytes", "2 KB", "5 MB"]);
    }
}
