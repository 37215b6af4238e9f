//! A page that is a sheet: panels of sentences and tables whose words were made on the server.
//!
//! One renderer for all of them, because every page of tables written by hand costs the bundle as much again.

use domain::judge::Tone;
use domain::view::{Cell, Sheet, SheetField, SheetPanel, SheetRow};
use leptos::prelude::*;

use super::age::Age;
use super::stale::StaleNote;
use crate::ui::export::export;
use crate::ui::lamp::Lamp;
use crate::ui::pager::Pager;
use crate::ui::rows::rows;
use crate::ui::title::titled;

/// The whole page.
pub(crate) fn sheet(sheet: RwSignal<Sheet>) -> AnyView {
    let title = Memo::new(move |_| sheet.with(|sheet| sheet.title.clone()));
    let tone = Memo::new(move |_| sheet.with(|sheet| sheet.tone));
    let observed = Memo::new(move |_| sheet.with(|sheet| sheet.observed));
    let stale = Signal::derive(move || sheet.with(|sheet| sheet.stale.clone()));
    view! {
        {titled(move || title.get())}
        <div class="headline">
            <h1>{move || view! { <Lamp light=tone.get().into()/><span>{title}</span> }}</h1>
            <p class="dim">{move || observed.get().map(|at| view! { "as seen "<Age of=at/> })}</p>
        </div>
        {move || sheet.with(|sheet| said(&sheet.ignored, "stale-note"))}
        <StaleNote why=stale/>
        {panels(sheet)}
    }
    .into_any()
}

/// Its panels alone, where they are a part of another page.
pub(crate) fn panels(sheet: RwSignal<Sheet>) -> AnyView {
    rows(move || sheet.with(|sheet| sheet.panels.clone()), |panel| panel.id.clone(), panel)
}

fn panel(panel: ArcRwSignal<SheetPanel>) -> AnyView {
    let (id, title, heading) = panel.with_untracked(|panel| (panel.id.clone(), panel.title.clone(), format!("{}-heading", panel.id)));
    let named_by = heading.clone();
    let part = |of: fn(&SheetPanel) -> AnyView| {
        let panel = panel.clone();
        move || panel.with(of)
    };
    let table = panel.with_untracked(|panel| !panel.heads.is_empty());
    let items = {
        let panel = panel.clone();
        move || panel.with(|panel| panel.rows.clone())
    };
    let body = if table {
        let heads = part(|panel| panel.heads.iter().map(|head| view! { <th scope="col">{head.clone()}</th> }).collect_view().into_any());
        let caption = title.clone();
        view! {
            <table class="cards sheet">
                <caption class="sr">{caption}</caption>
                <thead><tr>{heads}</tr></thead>
                <tbody>{rows(items, |row| row.key.clone(), table_row)}</tbody>
            </table>
        }
        .into_any()
    } else {
        view! { <ul class="sentences">{rows(items, |row| row.key.clone(), sentence)}</ul> }.into_any()
    };
    view! {
        <section class="panel" id=id aria-labelledby=named_by>
            <header>
                <h2 id=heading>{title}</h2>
                <div class="aside">{part(|panel| panel.aside.clone().into_any())}</div>
            </header>
            {part(form)}
            {part(chips)}
            {body}
            {part(foot)}
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

fn table_row(row: ArcRwSignal<SheetRow>) -> AnyView {
    view! { <tr>{move || row.with(|row| row.cells.iter().enumerate().map(|(index, cell)| table_cell(cell, index)).collect_view())}</tr> }
        .into_any()
}

fn table_cell(cell: &Cell, index: usize) -> AnyView {
    if index == 0 {
        view! { <th scope="row"><span>{content(cell, true)}</span></th> }.into_any()
    } else {
        view! { <td><span>{content(cell, true)}</span></td> }.into_any()
    }
}

fn sentence(row: ArcRwSignal<SheetRow>) -> AnyView {
    view! { <li>{move || row.with(|row| row.cells.iter().map(|cell| content(cell, false)).collect_view())}</li> }.into_any()
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
