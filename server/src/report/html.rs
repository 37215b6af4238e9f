//! One page for a browser or a printer: no scripts, nothing from the network, its plots inside, the signed document in a
//! `<template>` that no browser shows.
//!
//! A policy in its head says so as well: whatever a name in it tries, the page may load nothing and run nothing.

use std::fmt::Write;

use domain::judge::Tone;
use domain::report::PlottedTimes;
use domain::series::{Line, Reach};

use super::carry::Sealed;
use super::escape::html as safe;
use super::outline::{Cell, Part, Table, outline};
use crate::plot::{Picture, svg};

/// What the carried document stands between.
const BEGIN: &str = "<template id=\"signalbox-report\">\n";
const END: &str = "\n</template>";
/// Characters of a cell that stays in one line.
const SHORT: usize = 14;
const STYLE: &str = include_str!("html.css");
const HEAD: &str = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
    <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
    <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
    <meta name=\"referrer\" content=\"no-referrer\">\n";

/// The file.
pub(super) fn render(sealed: &Sealed) -> String {
    let mut out = String::with_capacity(512 * 1024);
    // writing to a String cannot fail
    write_all(&mut out, sealed).unwrap_or_default();
    out
}

/// What a file carries.
pub(super) fn carried(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(BEGIN)?;
    Some(rest.split_once(END)?.0)
}

fn write_all(out: &mut String, sealed: &Sealed) -> std::fmt::Result {
    let parts = outline(sealed.document());
    let title = parts.iter().find_map(|part| if let Part::Title(title) = part { Some(title.as_str()) } else { None });
    out.push_str(HEAD);
    writeln!(out, "<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>", safe(title.unwrap_or("Readiness")))?;
    for part in &parts {
        write_part(out, part)?;
        if matches!(part, Part::Title(_)) {
            contents(out, &parts)?;
        }
    }
    writeln!(out, "<h2 id=\"evidence\">The evidence</h2>")?;
    writeln!(
        out,
        "<p class=\"screen\">This file holds the whole report with all its evidence, compressed and signed. <code>signalbox report verify FILE --key KEY</code> checks the signature, adds the score up again and compares everything that is shown here.</p>"
    )?;
    writeln!(
        out,
        "<p class=\"print\">This was printed from the HTML of the report, which holds all its evidence, signed. Paper and PDF hold neither: ask for the HTML, the JSON or the Markdown of this report to check it.</p>"
    )?;
    writeln!(out, "<ul>\n<li>Key: <code>{}</code></li>", safe(&sealed.key().to_string()))?;
    writeln!(out, "<li>SHA-256 of the document: <code>{}</code></li>\n</ul>", sealed.digest())?;
    writeln!(out, "{BEGIN}{}{END}\n</body>\n</html>", sealed.lines())
}

/// Links to the sections, after the heading.
fn contents(out: &mut String, parts: &[Part<'_>]) -> std::fmt::Result {
    writeln!(out, "<nav aria-label=\"Sections\"><ul>")?;
    for part in parts {
        if let Part::Heading(id, title) = part {
            writeln!(out, "<li><a href=\"#{id}\">{}</a></li>", safe(title))?;
        }
    }
    writeln!(out, "</ul></nav>")
}

fn write_part(out: &mut String, part: &Part<'_>) -> std::fmt::Result {
    match part {
        Part::Title(title) => writeln!(out, "<h1>{}</h1>", safe(title)),
        Part::Heading(id, title) => writeln!(out, "<h2 id=\"{id}\">{}</h2>", safe(title)),
        Part::Subheading(title) => writeln!(out, "<h3>{}</h3>", safe(title)),
        Part::Figures(figures) => {
            writeln!(out, "<dl class=\"figures\">")?;
            figures.iter().try_for_each(|(what, number)| writeln!(out, "<div><dt>{}</dt><dd>{}</dd></div>", safe(what), safe(number)))?;
            writeln!(out, "</dl>")
        }
        Part::Say(said) => writeln!(out, "<p>{}</p>", safe(said)),
        Part::Warn(said) => writeln!(out, "<p class=\"caution\">{}</p>", safe(said)),
        Part::List(points) => {
            writeln!(out, "<ul>")?;
            points.iter().try_for_each(|point| writeln!(out, "<li>{}</li>", safe(point)))?;
            writeln!(out, "</ul>")
        }
        Part::Table(table) => write_table(out, table),
        Part::Plot(plot) => write_plot(out, plot),
        Part::Sheet => writeln!(out, "<hr class=\"sheet\">"),
    }
}

fn write_table(out: &mut String, table: &Table) -> std::fmt::Result {
    if table.rows.is_empty() {
        return writeln!(out, "<p>{}</p>", safe(table.empty));
    }
    let class = |number: bool| if number { " class=\"n\"" } else { "" };
    write!(out, "<div class=\"wide\"><table>\n<thead><tr>")?;
    table.heads.iter().try_for_each(|(head, number)| write!(out, "<th scope=\"col\"{}>{}</th>", class(*number), safe(head)))?;
    writeln!(out, "</tr></thead>\n<tbody>")?;
    for row in &table.rows {
        out.push_str("<tr>");
        for (cell, (_, number)) in row.iter().zip(&table.heads) {
            // a short word is not broken to make room for a long one beside it
            let short = !number && cell.text.chars().count() <= SHORT;
            let kept = if short { " class=\"k\"" } else { class(*number) };
            write!(out, "<td{kept}>")?;
            write_cell(out, cell)?;
            out.push_str("</td>");
        }
        out.push_str("</tr>\n");
    }
    writeln!(out, "</tbody>\n</table></div>")?;
    if table.left_out > 0 {
        writeln!(out, "<p class=\"more\">{} more stand in the document inside.</p>", table.left_out)?;
    }
    Ok(())
}

/// The lamp has a shape as well as a colour, and the words say the same.
fn write_cell(out: &mut String, cell: &Cell) -> std::fmt::Result {
    let shape = match cell.tone {
        Tone::Bad => "■",
        Tone::Warn => "▲",
        Tone::Move => "○",
        Tone::Unknown => "▨",
        Tone::Good => "●",
        Tone::Quiet => return write!(out, "{}", safe(&cell.text)),
    };
    let class = cell.tone.as_str();
    write!(out, "<span class=\"{class}\"><span class=\"lamp\" aria-hidden=\"true\">{shape}</span>{}</span>", safe(&cell.text))
}

fn write_plot(out: &mut String, plot: &PlottedTimes) -> std::fmt::Result {
    let lines: Vec<Line> = plot
        .lines
        .iter()
        .map(|line| Line {
            start: line.start,
            // a document is somebody's file: a width of nought would never end
            width: line.width.max(1),
            values: line.thousandths.iter().map(|value| value.map(|value| value as f64 / 1_000.0)).collect(),
        })
        .collect();
    let picture = Picture {
        reach: Reach::spanning(plot.to.saturating_sub(plot.from)),
        span: (plot.from, plot.to),
        lines: &lines,
        steps: plot.steps,
        whole: plot.steps,
        top: None,
        gaps: &plot.gaps,
        marks: &[],
        words: &plot.words,
    };
    writeln!(out, "<figure>\n<figcaption><b>{}</b> {}", safe(&plot.title), safe(&plot.unit))?;
    write!(out, "<ul class=\"legend\">")?;
    for (index, line) in plot.lines.iter().enumerate() {
        write!(out, "<li><span class=\"key key-{}\"></span>{}</li>", index + 1, safe(&line.label))?;
    }
    writeln!(out, "</ul></figcaption>")?;
    match svg(&picture) {
        Some(drawn) => out.push_str(&drawn),
        None => write!(out, "<p>{}</p>", safe(&plot.words))?,
    }
    writeln!(out, "\n</figure>")
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    #[test]
    fn it_runs_nothing_and_asks_nobody() {
        for sealed in [sample::sealed(), sample::hostile()] {
            let text = render(&sealed);
            let small = text.to_lowercase();
            for never in ["<script", "<link", "<img", "<iframe", "<object", "url(", "@import", "javascript:1\"", " onerror=\""] {
                assert!(!small.contains(never), "{never}");
            }
            assert!(!small.contains("href=\"http") && !text.contains('\u{202E}') && !text.contains('\0'));
            assert_eq!(text.matches("<template").count(), 1);
            assert_eq!(text.matches("</template>").count(), 1);
            assert!(text.contains("<svg class=\"plot\""));
        }
    }

    #[test]
    fn every_element_that_begins_ends() {
        let text = render(&sample::hostile());
        for name in ["div", "table", "tr", "td", "th", "p", "ul", "li", "span", "figure", "dl", "h2", "h3", "svg", "style", "nav"] {
            let begins = text.matches(&format!("<{name}>")).count() + text.matches(&format!("<{name} ")).count();
            assert_eq!(begins, text.matches(&format!("</{name}>")).count(), "{name}");
        }
    }
}
