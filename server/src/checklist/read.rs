//! Text to a checklist: where the parser sees headings and boxes, and what stands between them.

mod lines;

use std::ops::Range;

use domain::readiness::checklist::{Checklist, DEEPEST, ListItem, Section};
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use self::lines::{dedent, end_of_line, start_of_line, within};
use super::{Notice, Refused, TOO_MANY_ITEMS};

/// What an item without words is called: an empty one would not be read again as an item.
const WORDLESS: &str = "(no text)";
/// Lines a block of metadata at the beginning has at most.
const MOST_METADATA: usize = 200;
/// What people write where a box belongs.
const UNLIKE: [&str; 10] = ["[]", "[✓]", "[✔]", "[-]", "[~]", "[ x ]", "[ X ]", "☐", "☑", "✅"];

/// Reads a text; what looks like an item and is none is told.
pub(super) fn read(whole: &str) -> Result<(Checklist, Vec<Notice>), Refused> {
    let text = whole.trim_start_matches('\n');
    let (front, body) = text.split_at_checked(metadata(text)).unwrap_or(("", text));
    let boxes = boxes(body);
    if boxes.is_empty() {
        return Err(Refused("There is no item with a box in it, such as \"- [ ] Restore test\".".to_owned()));
    }
    if boxes.len() >= TOO_MANY_ITEMS {
        let count = domain::text::grouped(u64::try_from(boxes.len()).unwrap_or(u64::MAX));
        return Err(Refused(format!("The file has {count} items, and a checklist must have fewer than 10,000: split it.")));
    }
    let mut walk = Walk { body, boxes, heads: Vec::new(), code: Vec::new(), open: Vec::new(), depth: 0, quoted: 0, taking: None };
    for (event, range) in events(body) {
        walk.event(&event, range);
    }
    walk.finish();
    let before = whole.strip_suffix(body).unwrap_or_default().matches('\n').count();
    let notices = unlike_boxes(body, &walk.code, before).collect();
    Ok((Checklist { sections: walk.sections(front) }.settled(), notices))
}

/// Lines that look as if they had a box and have none the parser knows; `before` lines stand before the body.
fn unlike_boxes(body: &str, code: &[Range<usize>], before: usize) -> impl Iterator<Item = Notice> {
    let mut at = 0;
    body.split('\n').enumerate().filter_map(move |(index, line)| {
        let start = at;
        at += line.len() + 1;
        let bare = line.trim_start().strip_prefix(['-', '*', '+'])?.trim_start();
        let seen = UNLIKE.iter().find(|unlike| bare.starts_with(**unlike)).filter(|_| !within(code, start))?;
        let said = format!("\"{seen}\" is no box, so the line was kept as a note: write \"[ ]\" or \"[x]\" for an item.");
        Some(Notice { line: before + index + 1, said })
    })
}

fn events(body: &str) -> impl Iterator<Item = (Event<'_>, Range<usize>)> {
    Parser::new_ext(body, Options::ENABLE_TASKLISTS).into_offset_iter()
}

/// Where the boxes are, in order. Those in a quotation are somebody else's.
fn boxes(body: &str) -> Vec<usize> {
    let mut quoted = 0_usize;
    let found = events(body).filter_map(|(event, range)| {
        match event {
            Event::Start(Tag::BlockQuote(_)) => quoted += 1,
            Event::End(TagEnd::BlockQuote(_)) => quoted = quoted.saturating_sub(1),
            Event::TaskListMarker(_) if quoted == 0 => return Some(range.start),
            _ => {}
        }
        None
    });
    found.collect()
}

/// How long a block of metadata at the beginning is: lines of `key: value` between two of dashes, as site generators have them.
/// CommonMark takes it for a rule and a heading.
fn metadata(text: &str) -> usize {
    let mut length = 0;
    for (index, line) in text.split_inclusive('\n').take(MOST_METADATA).enumerate() {
        length += line.len();
        let line = line.trim_end();
        match (index, line) {
            (0, "---") => {}
            (1.., "---" | "...") => return length,
            (1.., line) if line.contains(':') || line.starts_with([' ', '-', '#']) => {}
            _ => return 0,
        }
    }
    0
}

/// A heading or an item: where its line begins, and where what it says itself ends.
struct Head {
    start: usize,
    end: usize,
    what: What,
}

enum What {
    Heading { level: u8, title: String },
    Item { depth: usize, column: usize, text: String, done: Option<bool> },
}

/// An open list item.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    /// Boxes stand in it, and whether it has one itself, or words, is not known yet.
    Waiting(usize),
    /// It is an item of the checklist.
    Item,
    /// It is only a container, or a note.
    Plain,
}

/// The words of an item, while they go on.
struct Taking {
    line: usize,
    column: usize,
    depth: usize,
    done: Option<bool>,
    words: Range<usize>,
    /// Where its first hard line break is: what stands after it is a note.
    broken: Option<usize>,
}

struct Walk<'a> {
    body: &'a str,
    boxes: Vec<usize>,
    heads: Vec<Head>,
    /// Where fenced code is.
    code: Vec<Range<usize>>,
    open: Vec<Open>,
    /// How many of those are items: counted along, since a line of a million dashes opens a million.
    depth: usize,
    quoted: usize,
    taking: Option<Taking>,
}

impl Walk<'_> {
    fn event(&mut self, event: &Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(Tag::BlockQuote(_)) => {
                self.other_block();
                self.quoted += 1;
            }
            Event::End(TagEnd::BlockQuote(_)) => self.quoted = self.quoted.saturating_sub(1),
            _ if self.quoted > 0 => {}
            Event::TaskListMarker(done) => self.marked(*done, range),
            Event::Start(Tag::Item) => {
                self.other_block();
                let holds = self.boxes.get(self.boxes.partition_point(|at| *at < range.start)).is_some_and(|at| *at < range.end);
                let takes_part = holds && self.depth < DEEPEST;
                self.open.push(if takes_part { Open::Waiting(range.start) } else { Open::Plain });
            }
            Event::End(TagEnd::Item) => {
                self.finish();
                self.depth -= usize::from(self.open.pop() == Some(Open::Item));
            }
            Event::Start(Tag::Heading { level, .. }) if self.open.is_empty() => self.heading(*level, &range),
            // whether the item has a box is told by what comes next
            Event::Start(Tag::Paragraph | Tag::Heading { .. }) => self.finish(),
            event if inline(event) => self.words(event, &range),
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_))) => {
                self.other_block();
                self.code.push(range);
            }
            _ => self.other_block(),
        }
    }

    /// Something that is no word of the item it stands in.
    fn other_block(&mut self) {
        self.finish();
        if let Some(open) = self.open.last_mut().filter(|open| matches!(open, Open::Waiting(_))) {
            *open = Open::Plain;
        }
    }

    fn marked(&mut self, done: bool, range: Range<usize>) {
        if !matches!(self.open.last(), Some(Open::Waiting(_))) {
            return;
        }
        let column = lines::column(self.body, range.start);
        self.take(start_of_line(self.body, range.start), column, Some(done), range.end..range.end);
    }

    fn words(&mut self, event: &Event<'_>, range: &Range<usize>) {
        if let Some(Open::Waiting(start)) = self.open.last().copied() {
            let content = lines::content(self.body, start);
            self.take(start_of_line(self.body, content), lines::column(self.body, content), None, content..range.end);
            return;
        }
        let Some(taking) = &mut self.taking else { return };
        taking.words.end = taking.words.end.max(range.end);
        if matches!(event, Event::HardBreak) {
            taking.broken.get_or_insert(range.start);
        }
    }

    /// The open item is one of the checklist; its words begin.
    fn take(&mut self, line: usize, column: usize, done: Option<bool>, words: Range<usize>) {
        self.finish();
        let depth = self.depth;
        if let Some(open) = self.open.last_mut() {
            *open = Open::Item;
            self.depth += 1;
        }
        self.taking = Some(Taking { line, column, depth, done, words, broken: None });
    }

    /// The words of the item that was begun last are over.
    fn finish(&mut self) {
        let Some(Taking { line, column, depth, done, words, broken }) = self.taking.take() else { return };
        let last = if words.end > words.start { words.end - 1 } else { words.end };
        let whole = end_of_line(self.body, last);
        // a rest with a box in it would become an item of its own where it stands alone
        let rest = broken.and_then(|at| self.body.get(at..whole)).unwrap_or_default();
        let broken = broken.filter(|_| !rest.contains("[ ]") && !rest.contains("[x]") && !rest.contains("[X]"));
        let text = joined(self.body.get(words.start..broken.unwrap_or(whole)).unwrap_or_default());
        let end = broken.map_or(whole, |at| end_of_line(self.body, at));
        let text = if text.is_empty() { WORDLESS.to_owned() } else { text };
        self.heads.push(Head { start: line, end, what: What::Item { depth, column, text, done } });
    }

    fn heading(&mut self, level: HeadingLevel, range: &Range<usize>) {
        let written = self.body.get(range.clone()).unwrap_or_default().trim_end();
        let hashed = written.trim_start();
        let words = hashed.trim_start_matches('#');
        // the other way to write one is to underline it
        let atx = (1..=6).contains(&(hashed.len() - words.len())) && (words.is_empty() || words.starts_with([' ', '\t', '\n']));
        let (title, last) = if atx {
            (words.lines().next().unwrap_or_default(), range.start + (written.len() - hashed.len()))
        } else {
            let (above, line) = written.rsplit_once('\n').unwrap_or(("", written));
            let underline = !above.is_empty() && line.trim().chars().all(|letter| matches!(letter, '=' | '-'));
            (if underline { above } else { written }, range.start + written.len().saturating_sub(1))
        };
        let title = unclosed(&joined(title)).to_owned();
        let (start, end) = (start_of_line(self.body, range.start), end_of_line(self.body, last));
        self.heads.push(Head { start, end, what: What::Heading { level: number(level), title } });
    }

    /// What stands where, with everything between two heads given to the first.
    fn sections(&self, front: &str) -> Vec<Section> {
        let first = self.heads.first().map_or(self.body.len(), |head| head.start);
        let begin = dedent(self.body, 0..first, 0, &self.code);
        let prose = [front.trim_end(), begin.as_str()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n");
        let mut section = Section { prose, ..Section::default() };
        let mut sections = Vec::new();
        for (index, head) in self.heads.iter().enumerate() {
            let next = self.heads.get(index + 1).map_or(self.body.len(), |next| next.start);
            let below = head.end..next.max(head.end);
            match &head.what {
                What::Heading { level, title } => {
                    if section.level > 0 || !section.prose.is_empty() || !section.items.is_empty() {
                        sections.push(section);
                    }
                    let prose = dedent(self.body, below, 0, &self.code);
                    section = Section { level: *level, title: title.clone(), prose, items: Vec::new() };
                }
                What::Item { depth, column, text, done } => section.items.push(ListItem {
                    depth: u8::try_from(*depth).unwrap_or(u8::MAX),
                    text: text.clone(),
                    notes: dedent(self.body, below, *column, &self.code),
                    done: *done,
                    ..ListItem::default()
                }),
            }
        }
        sections.push(section);
        sections
    }
}

/// Whether an event is part of the words of a block.
const fn inline(event: &Event<'_>) -> bool {
    matches!(
        event,
        Event::Text(_)
            | Event::Code(_)
            | Event::InlineHtml(_)
            | Event::SoftBreak
            | Event::HardBreak
            | Event::Start(Tag::Emphasis | Tag::Strong | Tag::Strikethrough | Tag::Link { .. } | Tag::Image { .. })
            | Event::End(TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image)
    )
}

/// Lines as one.
fn joined(words: &str) -> String {
    words.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A heading without the hashes that close it.
fn unclosed(title: &str) -> &str {
    let mut title = title;
    loop {
        let bare = title.trim_end_matches('#');
        let closes = bare.len() < title.len() && (bare.is_empty() || bare.ends_with(char::is_whitespace));
        if !closes {
            return title;
        }
        title = bare.trim_end();
    }
}

const fn number(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}
