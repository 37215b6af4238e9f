//! What importing the file would change, before anything is kept.

use domain::readiness::checklist::compare::{Line, Moved};
use domain::text;
use domain::view::{ChecklistPreview, ChecklistQuery};
use leptos::prelude::*;

use super::Reading;
use crate::parts::age::Age;
use crate::ui::panel::panel;

/// Most lines of one kind that are shown; the API tells all of them.
const MOST: usize = 200;

/// The preview; nothing where no file was handed in.
pub(super) fn preview(reading: &Reading) -> AnyView {
    match &reading.preview {
        None => ().into_any(),
        Some(Err(why)) => {
            let content = view! { <p class="problem pad" role="alert">{text::shown(why)}</p> };
            panel("preview", "It cannot be imported", (), content)
        }
        Some(Ok(preview)) => panel("preview", "What would change", (), changes(preview, &reading.query)),
    }
}

fn changes(preview: &ChecklistPreview, query: &ChecklistQuery) -> AnyView {
    let changes = &preview.changes;
    let all = format!("{} of {} ticked", preview.ticked, text::count(preview.items, "item"));
    let makes = text::count(preview.checks.len() as u64, "check");
    let replaces = match &preview.kept {
        Some((by, at)) => {
            view! { <p class="dim">"It replaces what "<bdi>{text::shown(by)}</bdi>" stood for "<Age of=*at/>"."</p> }.into_any()
        }
        None => view! { <p class="dim">"No list of that name counts yet."</p> }.into_any(),
    };
    let same = preview.same.then(|| view! { <p role="status">"It is what is kept already: importing it changes nothing."</p> });
    let prose = changes.prose.then(|| view! { <p class="dim">"Headings, or what is said beside items, are others."</p> });
    let query = ChecklistQuery { name: preview.name.clone(), ..query.clone() };
    let (_, typed) = query.path().split_once('?').map(|(path, query)| (path.to_owned(), query.to_owned())).unwrap_or_default();
    let keep = (!preview.same).then(|| {
        view! {
            <form class="act" action="/api/checklist_keep" method="post" data-key="checklist-keep">
                <p>"You stand for its ticks by name, for 90 days."</p>
                <input type="hidden" name="typed" value=typed/>
                <input type="hidden" name="seen" value=preview.seen.clone()/>
                <button class="btn btn-primary" type="submit">"Import it"</button>
            </form>
        }
    });
    view! {
        <div class="import">
            <p>
                <b><bdi>{text::shown(&preview.name)}</bdi></b>" of "<bdi>{text::shown(&preview.environment)}</bdi>": "{all}", "{makes}
                {format!(", {} as before", text::grouped(changes.unchanged as u64))}
            </p>
            {replaces}
            {same}
            {repaired(preview)}
            {lines("New", &changes.new)}
            {lines("Ticked now", &changes.ticked)}
            {lines("Open again", &changes.unticked)}
            {lines("Gone", &changes.gone)}
            {moved(&changes.reworded)}
            {lines("With other notes or priority", &changes.noted)}
            {prose}
        </div>
        {keep}
    }
    .into_any()
}

/// What was mended, and what is doubtful.
fn repaired(preview: &ChecklistPreview) -> AnyView {
    let mended = (preview.repaired > 0).then(|| {
        let said = format!("{} had been decoded wrongly and were repaired.", text::count(preview.repaired, "character"));
        view! { <p role="status">{said}</p> }
    });
    let notices: Vec<AnyView> = preview
        .notices
        .iter()
        .map(|notice| view! { <li>{format!("Line {}: ", notice.line)}<bdi>{text::shown(&notice.said)}</bdi></li> }.into_any())
        .collect();
    let doubtful = (!notices.is_empty()).then(|| {
        view! {
            <details class="changed" open=true>
                <summary>{format!("Look at {}", text::count(notices.len() as u64, "line"))}</summary>
                <ul>{notices}</ul>
            </details>
        }
    });
    view! { {mended}{doubtful} }.into_any()
}

/// Items of one kind of change.
fn lines(title: &'static str, lines: &[Line]) -> AnyView {
    let shown = lines.iter().take(MOST).map(|line| view! { <li>{item(line)}</li> }.into_any()).collect();
    folded(title, lines.len(), shown)
}

fn moved(moved: &[Moved]) -> AnyView {
    let line = |moved: &Moved| {
        let was = text::shown(&moved.was.text);
        view! { <li>{item(&moved.is)}<span class="line dim">"was: "<bdi>{was}</bdi></span></li> }.into_any()
    };
    folded("Reworded or elsewhere", moved.len(), moved.iter().take(MOST).map(line).collect())
}

fn folded(title: &'static str, all: usize, shown: Vec<AnyView>) -> AnyView {
    if all == 0 {
        return ().into_any();
    }
    let more = all.saturating_sub(shown.len());
    let more = (more > 0).then(|| view! { <p class="dim">{format!("and {} more", text::grouped(more as u64))}</p> });
    view! {
        <details class="changed">
            <summary>{format!("{title}: {}", text::grouped(all as u64))}</summary>
            <ul>{shown}</ul>
            {more}
        </details>
    }
    .into_any()
}

fn item(line: &Line) -> AnyView {
    let done = if line.done { "[x] " } else { "[ ] " };
    let path = (!line.path.is_empty()).then(|| {
        let path = line.path.iter().map(|part| text::shown(part)).collect::<Vec<_>>().join(" › ");
        view! { <span class="line faint"><bdi>{path}</bdi></span> }
    });
    view! { <span>{done}<bdi>{text::shown(&line.text)}</bdi></span>{path} }.into_any()
}
