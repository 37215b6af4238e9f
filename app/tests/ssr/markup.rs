//! Markup a browser must not repair: what it repairs, hydration would not find again.

use std::collections::BTreeSet;

use crate::ask::{CLUSTER, page};
use crate::fake::Scene;

const VOID: [&str; 6] = ["br", "hr", "img", "input", "link", "meta"];
const BLOCKS: [&str; 12] = ["div", "p", "ul", "ol", "li", "table", "section", "h1", "h2", "h3", "dl", "form"];

/// One opening tag and the tags it stands in.
pub(crate) struct Opened {
    pub(crate) name: String,
    pub(crate) tag: String,
    inside: Vec<String>,
}

pub(crate) fn opened(html: &str) -> Vec<Opened> {
    let mut stack: Vec<String> = Vec::new();
    let mut found = Vec::new();
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('<') {
        if let Some(comment) = after.strip_prefix('!') {
            let end = if comment.starts_with("--") { "-->" } else { ">" };
            rest = comment.split_once(end).map_or("", |(_, after)| after);
            continue;
        }
        let (tag, after_tag) = after.split_at(end_of_tag(after));
        rest = after_tag.strip_prefix('>').unwrap_or_default();
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default().to_owned();
        if tag.starts_with('/') {
            assert_eq!(stack.pop().as_deref(), Some(name.as_str()), "</{name}> closes what it did not open, in {stack:?}");
            continue;
        }
        found.push(Opened { name: name.clone(), tag: tag.to_owned(), inside: stack.clone() });
        if name == "script" || name == "title" {
            rest = rest.split_once(&format!("</{name}>")).map_or("", |(_, after)| after);
        } else if !VOID.contains(&name.as_str()) {
            stack.push(name);
        }
    }
    assert!(stack.is_empty(), "left open: {stack:?}");
    found
}

/// Where a tag ends: at the first `>` outside of quotes.
fn end_of_tag(tag: &str) -> usize {
    let mut quoted = false;
    let end = tag.bytes().position(|byte| {
        quoted ^= byte == b'"';
        byte == b'>' && !quoted
    });
    end.expect("a tag ends")
}

async fn every_page() -> Vec<(String, Vec<Opened>)> {
    let mut pages = Vec::new();
    for scene in Scene::ALL {
        for path in [
            "/",
            "/services",
            "/services?q=zzz",
            "/nats",
            "/sources",
            "/access",
            "/nowhere",
            &format!("{CLUSTER}/story-teller-nats"),
            "/reports",
            "/reports?preview=1",
            "/reports?preview=1&period=between",
            "/rollouts",
            "/rollouts/3",
            "/rollouts/4",
            "/rollouts/new?draft=1",
            "/readiness",
            "/readiness?q=zzz&state=fail",
            "/readiness/production/gaming-system-cluster/auth-nats",
            "/readiness/changes",
            "/readiness/changes?direction=worse&check=Z9&since=2030-01-01&environment=nowhere",
            "/rollouts/new?service=production%2Fgaming-system-cluster%2Fauth-nats&command=CMD%20true&reason=r&draft=1",
            "/rollouts/new?kind=put_back&service=production%2Fgaming-system-cluster%2Fauth-nats&revision=x",
            "/readiness/attest?check=load-test&environment=production&percent=x&sent=1",
            "/readiness/attest?check=load-test&environment=production&file=44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
            "/readiness/waivers",
            "/readiness/waivers?check=H1&environment=production&sent=1",
            "/readiness/checklists?environment=production&name=a&file=44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        ] {
            pages.push((format!("{scene:?} {path}"), opened(&page(scene, path).await.html)));
        }
    }
    pages
}

#[tokio::test]
async fn no_browser_has_to_repair_it() {
    for (name, tags) in every_page().await {
        for tag in &tags {
            let within = |outer: &str| tag.inside.iter().any(|inside| inside == outer);
            assert!(!(BLOCKS.contains(&tag.name.as_str()) && within("p")), "{name}: <{}> in a <p>", tag.tag);
            assert!(!(tag.name == "a" && within("a")), "{name}: a link in a link");
            let parent = tag.inside.last().map(String::as_str);
            assert!(tag.name != "tr" || matches!(parent, Some("tbody" | "thead")), "{name}: a row outside of a body");
            assert!(tag.name != "li" || matches!(parent, Some("ul" | "ol")), "{name}: <li> in {parent:?}");
            assert!(!matches!(parent, Some("ul" | "ol")) || tag.name == "li", "{name}: <{}> in a list", tag.tag);
        }
    }
}

#[tokio::test]
async fn ids_are_unique_and_every_label_finds_its_element() {
    for (name, tags) in every_page().await {
        let ids: Vec<&str> = tags.iter().filter_map(|tag| attribute(&tag.tag, "id")).collect();
        let unique: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), unique.len(), "{name}: {ids:?}");
        for label in tags.iter().filter_map(|tag| attribute(&tag.tag, "aria-labelledby")) {
            assert!(unique.contains(label), "{name}: nothing has the id {label}");
        }
    }
}

#[tokio::test]
async fn headings_go_down_by_one() {
    for (name, tags) in every_page().await {
        // the dialog of keys stands outside the page until it is opened
        let levels: Vec<u8> = tags
            .iter()
            .filter(|tag| !tag.inside.iter().any(|outer| outer == "dialog"))
            .filter_map(|tag| tag.name.strip_prefix('h')?.parse().ok())
            .collect();
        assert_eq!(levels.iter().filter(|level| **level == 1).count(), 1, "{name}: {levels:?}");
        assert_eq!(levels.first(), Some(&1), "{name}: {levels:?}");
        assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{name}: {levels:?}");
    }
}

#[tokio::test]
async fn every_lamp_has_a_word_and_every_table_a_caption() {
    for (name, tags) in every_page().await {
        for tag in &tags {
            let lamp = attribute(&tag.tag, "class").is_some_and(|class| class.starts_with("lamp"));
            assert!(!lamp || tag.tag.contains("aria-hidden=\"true\"") || tag.tag.contains("aria-label="), "{name}: <{}>", tag.tag);
            assert!(tag.name != "th" || tag.tag.contains("scope="), "{name}: <{}>", tag.tag);
        }
        let count = |wanted: &str| tags.iter().filter(|tag| tag.name == wanted).count();
        assert_eq!(count("table"), count("caption"), "{name}");
        assert_eq!(count("table"), count("tbody"), "{name}");
    }
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, after) = tag.split_once(&format!(" {name}=\""))?;
    after.split_once('"').map(|(value, _)| value)
}
