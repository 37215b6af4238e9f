//! A page that is a sheet: panels of sentences and tables whose words were made in `domain`.
//!
//! One renderer for all of them, so that tables of the same kind look the same.

use domain::judge::Tone;
use domain::view::{Cell, Sheet, SheetField, SheetPanel, SheetRow};
use leptos::prelude::*;

use super::age::Age;
use super::stale::StaleNote;
use crate::ui::export::export;
use crate::ui::lamp::Lamp;
use crate::ui::pager::Pager;

/// The whole page.
pub(crate) fn sheet(sheet: &Sheet) -> AnyView {
    view! {
        <div class="headline">
            <h1><Lamp light=sheet.tone.into()/><span>{sheet.title.clone()}</span></h1>
            <p class="dim">{sheet.observed.map(|at| view! { "as seen "<Age of=at/> })}</p>
        </div>
        {said(&sheet.ignored, "stale-note")}
        <StaleNote why=sheet.stale.clone()/>
        {sheet.panels.iter().map(panel).collect::<Vec<_>>()}
    }
    .into_any()
}

/// One of its panels, which may be a part of another page as well.
pub(crate) fn panel(panel: &SheetPanel) -> AnyView {
    let heading = format!("{}-heading", panel.id);
    let named_by = heading.clone();
    let body = if panel.heads.is_empty() {
        view! { <ul class="sentences">{panel.rows.iter().map(sentence).collect::<Vec<_>>()}</ul> }.into_any()
    } else {
        let heads = panel.heads.iter().map(|head| view! { <th scope="col">{head.clone()}</th> });
        view! {
            <table class="cards sheet">
                <caption class="sr">{panel.title.clone()}</caption>
                <thead><tr>{heads.collect::<Vec<_>>()}</tr></thead>
                <tbody>{panel.rows.iter().map(table_row).collect::<Vec<_>>()}</tbody>
            </table>
        }
        .into_any()
    };
    view! {
        <section class="panel" id=panel.id.clone() aria-labelledby=named_by>
            <header>
                <h2 id=heading>{panel.title.clone()}</h2>
                <div class="aside">{panel.aside.clone()}</div>
            </header>
            {form(panel)}
            {chips(panel)}
            {body}
            {foot(panel)}
        </section>
    }
    .into_any()
}

fn said(text: &str, class: &'static str) -> Option<AnyView> {
    (!text.is_empty()).then(|| view! { <p class=class><bdi>{text.to_owned()}</bdi></p> }.into_any())
}

fn foot(panel: &SheetPanel) -> AnyView {
    let empty = panel.rows.is_empty().then(|| said(&panel.empty, "empty")).flatten();
    let pager = panel.pager.clone().map(|(page, pages, previous, next)| view! { <Pager page pages previous next/> });
    let csv = panel.csv.clone().map(|csv| export(csv.label, csv.path));
    view! { {empty}{pager}{said(&panel.note, "note")}{csv} }.into_any()
}

fn form(panel: &SheetPanel) -> AnyView {
    if panel.fields.is_empty() {
        return ().into_any();
    }
    view! {
        <form class="filter sheet-filter" action=panel.action.clone() method="get" role="search">
            {panel.fields.iter().map(field).collect_view()}
            <button class="btn" type="submit">"Filter"</button>
        </form>
    }
    .into_any()
}

fn field(field: &SheetField) -> AnyView {
    let (name, value) = (field.name.clone(), field.value.clone());
    let control = if field.choices.is_empty() {
        view! { <input name=name type="search" value=value autocomplete="off" spellcheck="false"/> }.into_any()
    } else {
        let option = |(word, words): &(String, String)| {
            view! { <option value=word.clone() selected=*word == value>{words.clone()}</option> }
        };
        view! { <select name=name>{field.choices.iter().map(option).collect_view()}</select> }.into_any()
    };
    view! { <label><span>{field.label.clone()}</span>{control}</label> }.into_any()
}

fn chips(panel: &SheetPanel) -> AnyView {
    if panel.chips.is_empty() {
        return ().into_any();
    }
    let chip = |(link, here): &(domain::view::Link, bool)| {
        view! { <li><a class="chip" href=link.path.clone() aria-current=here.then_some("true")>{link.label.clone()}</a></li> }
    };
    view! { <ul class="chips sheet-filter">{panel.chips.iter().map(chip).collect_view()}</ul> }.into_any()
}

fn table_row(row: &SheetRow) -> AnyView {
    let cells = row.cells.iter().enumerate().map(|(index, cell)| table_cell(cell, index));
    view! { <tr data-key=row.key.clone()>{cells.collect::<Vec<_>>()}</tr> }.into_any()
}

fn table_cell(cell: &Cell, index: usize) -> AnyView {
    if index == 0 {
        view! { <th scope="row"><span>{content(cell, true)}</span></th> }.into_any()
    } else {
        view! { <td><span>{content(cell, true)}</span></td> }.into_any()
    }
}

fn sentence(row: &SheetRow) -> AnyView {
    view! { <li data-key=row.key.clone()>{row.cells.iter().map(|cell| content(cell, false)).collect::<Vec<_>>()}</li> }.into_any()
}

/// A lamp, words, an age, and smaller lines below. In a table the word beside the lamp says what it shows; in a sentence
/// the lamp says how bad it is.
fn content(cell: &Cell, worded: bool) -> AnyView {
    let lamp = cell.tone.map(|tone: Tone| view! { <Lamp light=tone.into() worded=worded/>" " });
    let words = match cell.path.clone() {
        Some(path) => view! { <a href=path><bdi>{cell.text.clone()}</bdi></a> }.into_any(),
        None => view! { <bdi>{cell.text.clone()}</bdi> }.into_any(),
    };
    view! {
        <span class="state">{lamp}{words}</span>
        {cell.at.map(|at| view! { " "<Age of=at/> })}
        {cell.lines.iter().map(|line| view! { <span class="line dim"><bdi>{line.clone()}</bdi></span> }).collect_view()}
    }
    .into_any()
}
