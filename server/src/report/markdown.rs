//! A hand-over for a wiki or a ticket. The signed document stands in a fenced block at its end.
//!
//! Plain GitHub-flavoured Markdown without HTML, because half of the places it is pasted into strip that.

use std::fmt::Write;

use super::carry::Sealed;
use super::escape::markdown as safe;
use super::outline::{Part, Table, outline};

/// What the fenced block at the end begins with.
const FENCE: &str = "\n```signalbox-report\n";
/// How it ends, and the file.
const END: &str = "\n```\n";

/// The file.
pub(super) fn render(sealed: &Sealed) -> String {
    let mut out = String::with_capacity(64 * 1024);
    for part in outline(sealed.document()) {
        // writing to a String cannot fail
        write_part(&mut out, &part).unwrap_or_default();
    }
    let key = sealed.key();
    out.push_str("\n## The evidence\n\nThe block below is the whole report with all its evidence, compressed and signed. ");
    out.push_str(
        "`signalbox report verify FILE --key KEY` checks the signature, adds the score up again and compares every word above.\n\n",
    );
    write!(out, "- Key: `{key}`\n- SHA-256 of the document: `{}`\n", sealed.digest()).unwrap_or_default();
    out.push_str(FENCE);
    out.push_str(&sealed.lines());
    out.push_str(END);
    out
}

/// The block at the end of a file.
pub(super) fn carried(text: &str) -> Option<&str> {
    let (_, block) = text.rsplit_once(FENCE)?;
    block.strip_suffix(END)
}

fn write_part(out: &mut String, part: &Part<'_>) -> std::fmt::Result {
    match part {
        Part::Title(title) => writeln!(out, "# {}", safe(title)),
        Part::Heading(_, title) => writeln!(out, "\n## {}", safe(title)),
        Part::Subheading(title) => writeln!(out, "\n### {}", safe(title)),
        Part::Figures(figures) => {
            out.push('\n');
            for (what, number) in figures {
                writeln!(out, "- {}: **{}**", safe(what), safe(number))?;
            }
            Ok(())
        }
        Part::Say(said) => writeln!(out, "\n{}", safe(said)),
        Part::Warn(said) => writeln!(out, "\n**{}**", safe(said)),
        Part::List(points) => {
            out.push('\n');
            points.iter().try_for_each(|point| writeln!(out, "- {}", safe(point)))
        }
        Part::Table(table) => write_table(out, table),
        Part::Plot(plot) => writeln!(out, "\n- {}: {}", safe(&plot.title), safe(&plot.words)),
        Part::Sheet => writeln!(out, "\n---"),
    }
}

fn write_table(out: &mut String, table: &Table) -> std::fmt::Result {
    if table.rows.is_empty() {
        return writeln!(out, "\n{}", safe(table.empty));
    }
    out.push_str("\n|");
    table.heads.iter().try_for_each(|(head, _)| write!(out, " {} |", safe(head)))?;
    out.push_str("\n|");
    for (_, number) in &table.heads {
        out.push_str(if *number { " ---: |" } else { " --- |" });
    }
    out.push('\n');
    for row in &table.rows {
        out.push('|');
        row.iter().try_for_each(|cell| write!(out, " {} |", safe(&cell.text)))?;
        out.push('\n');
    }
    if table.left_out > 0 {
        writeln!(out, "\n{} more stand in the document.", table.left_out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    #[test]
    fn every_row_of_a_table_is_as_wide_as_its_heading_whatever_stands_in_it() {
        let text = render(&sample::hostile());
        let mut width = None;
        for line in text.lines() {
            // an escaped bar is no border
            let bars = line.replace("\\\\", "").replace("\\|", "").matches('|').count();
            if !line.starts_with('|') {
                width = None;
                continue;
            }
            assert_eq!(*width.get_or_insert(bars), bars, "{line}");
        }
    }

    #[test]
    fn names_are_neither_links_nor_headings_nor_html() {
        let text = render(&sample::hostile());
        let (visible, _) = text.rsplit_once(FENCE).unwrap();
        assert!(!visible.contains("<script") && !visible.contains("\u{202E}") && !visible.contains('\0'));
        assert!(!visible.contains("[x]("), "{visible}");
        let headings: Vec<&str> = visible.lines().filter(|line| line.starts_with('#')).collect();
        assert_eq!(headings.iter().filter(|line| line.starts_with("# ")).count(), 1, "{headings:?}");
        assert!(!headings.contains(&"# h"));
    }

    #[test]
    fn page_one_says_what_a_manager_asks() {
        let text = render(&sample::sealed());
        let (first, _) = text.split_once("\n---\n").unwrap();
        for part in [
            "Readiness of production",
            "**D**",
            "Target reached: **none**",
            "The most important gaps",
            "nobody yet",
            "accepted until",
            "Held down by gates: H1",
        ] {
            assert!(first.contains(part), "{part} in {first}");
        }
    }
}
