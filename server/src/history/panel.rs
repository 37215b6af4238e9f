//! The history as a piece of a service's page: HTML, made here so that nothing of it has to be compiled for the browser.
//!
//! The trap is escaping, which Leptos does elsewhere: every text that is put in goes through [`safe`].

use std::fmt::Write;

use domain::customers::Feeling;
use domain::judge::Tone;
use domain::series::Reach;
use domain::time::ago;
use domain::view::{History, Plot};

/// The panel's inside.
pub(super) fn html(history: &History) -> String {
    let mut out = String::with_capacity(64 * 1024);
    // writing to a String cannot fail
    write(&mut out, history).unwrap_or_default();
    out
}

fn write(out: &mut String, history: &History) -> std::fmt::Result {
    let path = safe(&history.key.path());
    if let Some(row) = &history.customers {
        let tone = row.tone.as_str();
        write!(
            out,
            "<p class=\"feel\" id=\"customers\"><i class=\"lamp lamp-{tone}\" role=\"img\" aria-label=\"{}\"></i><b>Customers: </b>",
            meaning(row.tone)
        )?;
        write!(out, "<span>{}</span>", safe(&row.sentence))?;
        if let Some(at) = row.observed {
            write!(out, " <time class=\"age\" datetime=\"{at}\" title=\"{at}\">up to {}</time>", ago(history.to, at))?;
        }
        out.push_str("</p>");
    }
    if let Some(Feeling { reasons, .. }) = history.feeling.as_ref().filter(|feeling| !feeling.reasons.is_empty()) {
        write!(out, "<p class=\"feel-why\">{}</p>", safe(&reasons.join("; ")))?;
    }
    out.push_str("<nav class=\"reaches\" aria-label=\"How far back\"><ul>");
    for reach in Reach::ALL {
        let current = if reach == history.reach { " aria-current=\"true\"" } else { "" };
        let word = reach.as_str();
        write!(out, "<li><a href=\"{path}?reach={word}#history\"{current}>{word}</a></li>")?;
    }
    let word = history.reach.as_str();
    write!(
        out,
        "<li class=\"numbers\"><a href=\"/api/v1{path}/history.csv?reach={word}\" rel=\"external\" download>numbers (CSV)</a></li></ul></nav>"
    )?;
    for note in &history.notes {
        write!(out, "<p class=\"plot-note\">{}</p>", safe(note))?;
    }
    out.push_str("<div class=\"plots\">");
    for plot in &history.plots {
        figure(out, plot, history)?;
    }
    out.push_str("</div><p class=\"note\">Times are UTC. Dashed upright: a deployment began or ended. Tick from below: a task stopped. Tick from above: an alarm changed. Shaded: nobody looked. CPU and memory are CloudWatch's, in percent of what the service reserves.");
    if history.plots.iter().any(|plot| plot.id == "messages") {
        out.push_str(" NATS messages are counted by the NATS servers on the connections that are this service's: sent to NATS and received from it, a second, as the mean of five minutes.");
    }
    out.push_str("</p>");
    Ok(())
}

fn figure(out: &mut String, plot: &Plot, history: &History) -> std::fmt::Result {
    write!(out, "<figure id=\"plot-{0}\"><figcaption><h3>{1}</h3><ul class=\"legend\">", safe(&plot.id), safe(&plot.title))?;
    for (number, line) in plot.lines.iter().enumerate() {
        write!(
            out,
            "<li><i class=\"key key-{}\" aria-hidden=\"true\"></i>{} <b>{}</b></li>",
            number + 1,
            safe(&line.label),
            safe(&line.newest)
        )?;
    }
    out.push_str("</ul>");
    if let Some(at) = plot.newest {
        write!(out, "<time class=\"age\" datetime=\"{at}\" title=\"{at}\">{}</time>", ago(history.to, at))?;
    }
    out.push_str("</figcaption>");
    match &plot.svg {
        Some(svg) => out.push_str(svg),
        None => write!(
            out,
            "<p class=\"empty\">{}</p>",
            if plot.newest.is_some() {
                "It could not be drawn; the numbers are in the CSV."
            } else {
                "Nothing is known of it in this time."
            }
        )?,
    }
    out.push_str("</figure>");
    Ok(())
}

fn meaning(tone: Tone) -> &'static str {
    match tone {
        Tone::Bad => "bad",
        Tone::Warn => "caution",
        Tone::Move => "changing",
        Tone::Unknown => "unknown",
        Tone::Good => "good",
        Tone::Quiet => "quiet",
    }
}

/// Text as text, wherever it came from.
pub(crate) fn safe(text: &str) -> String {
    domain::text::shown(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
