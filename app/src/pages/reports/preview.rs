//! The first page of a report that was not made, or what stands in its way.

use domain::change::FieldProblem;
use domain::text;
use domain::view::{PreviewPart, ReportPreview};
use leptos::prelude::*;

use crate::parts::age::At;
use crate::ui::panel::panel;

/// What a report would say, or why there would be none; nothing where nobody asked.
pub(super) fn preview(preview: Option<&ReportPreview>, problems: &[FieldProblem]) -> AnyView {
    match preview {
        Some(preview) => shown(preview),
        None if !problems.is_empty() => in_the_way(problems),
        None => ().into_any(),
    }
}

fn in_the_way(problems: &[FieldProblem]) -> AnyView {
    let each = problems.iter().map(|problem| view! { <li>{text::shown(&problem.field)}": "<bdi>{text::shown(&problem.said)}</bdi></li> });
    view! {
        <section class="callout callout-bad callout-block" id="preview" aria-labelledby="preview-heading" role="alert">
            <h2 id="preview-heading">"No report can be made of this"</h2>
            <ul class="remarks">{each.collect::<Vec<_>>()}</ul>
        </section>
    }
    .into_any()
}

fn shown(preview: &ReportPreview) -> AnyView {
    let aside = view! { <At at=preview.period.from/>" to "<At at=preview.period.to/> };
    let parts = preview.parts.iter().map(part).collect::<Vec<_>>();
    let content = view! {
        <div class="report-page">{parts}</div>
        <p class="note">"The first page, as it would be now. Nothing is kept of it."</p>
    };
    panel("preview", "Preview", aside, content)
}

fn part(part: &PreviewPart) -> AnyView {
    match part {
        PreviewPart::Heading { said } => view! { <h3>{said.clone()}</h3> }.into_any(),
        PreviewPart::Say { said } => view! { <p>{said.clone()}</p> }.into_any(),
        PreviewPart::Warn { said } => view! { <p class="stale-note">{said.clone()}</p> }.into_any(),
        PreviewPart::List { points } => {
            let each = points.iter().map(|point| view! { <li>{point.clone()}</li> });
            view! { <ul class="remarks">{each.collect::<Vec<_>>()}</ul> }.into_any()
        }
        PreviewPart::Figures { figures } => {
            let each = figures.iter().map(|(what, number)| view! { <div><dt>{what.clone()}</dt><dd>{number.clone()}</dd></div> });
            view! { <dl class="report-figures">{each.collect::<Vec<_>>()}</dl> }.into_any()
        }
        PreviewPart::Table { rows, empty, .. } if rows.is_empty() => view! { <p>{empty.clone()}</p> }.into_any(),
        PreviewPart::Table { heads, rows, .. } => table(heads, rows),
    }
}

fn table(heads: &[String], rows: &[Vec<String>]) -> AnyView {
    let titles = heads.iter().map(|head| view! { <th scope="col">{head.clone()}</th> });
    let row = |cells: &Vec<String>| {
        let cell = |(head, cell): (&String, &String)| view! { <td data-label=head.clone()><span>{cell.clone()}</span></td> };
        view! { <tr>{heads.iter().zip(cells).map(cell).collect::<Vec<_>>()}</tr> }
    };
    view! {
        <table class="cards">
            <caption class="sr">"The most important gaps"</caption>
            <thead><tr>{titles.collect::<Vec<_>>()}</tr></thead>
            <tbody>{rows.iter().map(row).collect::<Vec<_>>()}</tbody>
        </table>
    }
    .into_any()
}
