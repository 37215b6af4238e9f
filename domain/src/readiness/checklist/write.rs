//! A checklist as Markdown again.
//!
//! What is written reads back as the same checklist: the property test stands with the reader, in `server::checklist`. Lists
//! become dashes, headings hashes, and notes stand below their item, indented into it. The trap is text that runs into what
//! comes after it: a blank line stands wherever the next line could be taken for more of the same paragraph.

use super::{Checklist, ListItem, Section};

/// Columns by which an item's content stands to the right of its dash.
const STEP: usize = 2;

impl Checklist {
    /// The Markdown of it.
    pub fn to_markdown(&self) -> String {
        let mut out = String::new();
        for section in &self.sections {
            section.write(&mut out);
        }
        out
    }
}

impl Section {
    fn write(&self, out: &mut String) {
        if self.level > 0 {
            part(out);
            out.push_str(&"#".repeat(usize::from(self.level)));
            if !self.title.is_empty() {
                out.push(' ');
                out.push_str(&self.title);
            }
            out.push('\n');
        }
        if !self.prose.is_empty() {
            part(out);
            out.push_str(&self.prose);
            out.push('\n');
        }
        let mut parted = false;
        for item in &self.items {
            if !parted {
                part(out);
            }
            item.write(out);
            parted = item.notes.is_empty();
        }
    }
}

impl ListItem {
    fn write(&self, out: &mut String) {
        let indent = usize::from(self.depth) * STEP;
        out.push_str(&" ".repeat(indent));
        out.push_str(match self.done {
            None => "- ",
            Some(false) => "- [ ] ",
            Some(true) => "- [x] ",
        });
        out.push_str(&self.text);
        out.push('\n');
        if !self.notes.lines().next().is_none_or(interrupts) {
            out.push('\n');
        }
        let indent = " ".repeat(indent + STEP);
        for line in self.notes.lines() {
            if !line.is_empty() {
                out.push_str(&indent);
                out.push_str(line);
            }
            out.push('\n');
        }
    }
}

/// A blank line, unless nothing stands before it.
fn part(out: &mut String) {
    if !out.is_empty() {
        out.push('\n');
    }
}

/// Whether a line begins something new right below a paragraph (CommonMark 0.31, 4.5, 5.1 and 5.3).
fn interrupts(line: &str) -> bool {
    let bullet = ["- ", "* ", "+ "].iter().any(|dash| line.strip_prefix(dash).is_some_and(|rest| !rest.trim().is_empty()));
    let fence = line.starts_with("~~~") || line.strip_prefix("```").is_some_and(|rest| !rest.trim_start_matches('`').contains('`'));
    bullet || fence || line.starts_with("> ")
}
