//! Searching a record of a million entries: each way of asking, many times with other words.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use domain::view::{TimelinePage, TimelineQuery};
use signalbox::store::Store;

use crate::draw::Draw;
use crate::record::{FROM, OUTAGE_SAID, Told, UNTIL};
use crate::{fleet, open, record, said};

/// Questions of each way of asking.
const QUESTIONS: usize = 150;
/// Pages that are walked in a row.
const PAGES: usize = 30;
/// What the record is meant to hold.
const AT_LEAST: u64 = 1_000_000;

pub(crate) async fn search(dir: &Path) -> Result<()> {
    let store = open(dir).await?;
    fleet::sources(&store).await?;
    let told = record::record(&store).await?;
    store.close().await;
    said::sizes("search", store.path()).await?;
    let entries = said::entries("search: entries", store.path()).await?;
    anyhow::ensure!(entries >= AT_LEAST, "only {entries} entries were told");
    drop(store);

    let store = open(dir).await?;
    let mut all = Vec::new();
    for (way, ask) in WAYS {
        let mut draw = Draw::of(4_000_000);
        let mut takings = Vec::new();
        for number in 0..QUESTIONS {
            let pairs = ask(&mut draw, &told, number);
            let page = said::timed(&mut takings, asked(&store, &pairs)).await?;
            found(way, &pairs, &page)?;
        }
        all.extend_from_slice(&takings);
        said::takings(&format!("search: {way}"), &takings);
    }
    let takings = walked(&store, &told).await?;
    all.extend_from_slice(&takings);
    said::takings("search: page after page", &takings);
    said::takings("search: all", &all);
    store.close().await;
    Ok(())
}

type Pairs = Vec<(&'static str, String)>;
type Ask = fn(&mut Draw, &Told, usize) -> Pairs;

/// The ways of asking. Words are taken in turn, services, tasks and times by seed.
const WAYS: [(&str, Ask); 11] = [
    ("nothing asked", |_, _, _| Vec::new()),
    ("a word that is rare", |draw, told, number| {
        let (once, task) = (some(draw, &told.once), some(draw, &told.tasks));
        q(if number.is_multiple_of(2) { once } else { task.chars().take(8).collect() })
    }),
    ("a word that is nowhere", |draw, _, _| q(format!("zz{:x}", draw.bits()))),
    ("a word that is common", |_, _, number| {
        q(turn(number, &["task", "stopped", "nats", "error", "started", "alarm", "deployment", "steady"]))
    }),
    ("a word common long ago", |_, _, number| q(turn(number, &["requirements", "unable", "place", "instance met", OUTAGE_SAID]))),
    ("the beginning of a word", |_, _, number| q(turn(number, &["st", "sto", "de", "al", "sta", "conn", "na", "re", "10", "3f"]))),
    ("several words", |draw, told, number| {
        let words = [
            "stopped exit 137",
            "connection refused",
            "deployment completed",
            "alarm threshold greater",
            "deployment killed",
            "health failed",
        ];
        q(if number.is_multiple_of(3) { format!("stopped {}", some(draw, &told.services)) } else { turn(number, &words) })
    }),
    ("a name of several parts", |draw, told, number| {
        let address = format!("10.0.{}.{}:4222", draw.below(64), draw.below(250));
        q(if number.is_multiple_of(2) { some(draw, &told.services) } else { address })
    }),
    ("filters alone", |draw, told, number| match number % 5 {
        0 => vec![("service", some(draw, &told.services))],
        1 => vec![("kind", "node".into())],
        2 => vec![("tone", "bad".into()), ("kind", "task_stopped".into())],
        3 => vec![("tone", "notable".into()), ("environment", fleet::ENVIRONMENT.into())],
        _ => vec![("from", day(draw)), ("kind", "alarm".into())],
    }),
    ("a word and filters", |draw, told, number| match number % 5 {
        0 => with("refused", vec![("service", some(draw, &told.services))]),
        1 => with("137", vec![("kind", "task_stopped".into()), ("tone", "bad".into())]),
        2 => with("task", vec![("to", day(draw))]),
        3 => with("st", vec![("kind", "deployment".into()), ("to", day(draw))]),
        _ => with("unable", vec![("tone", "notable".into()), ("from", day(draw))]),
    }),
    ("what is syntax elsewhere", |_, _, number| {
        q(turn(
            number,
            &[
                "\"task",
                "said:stopped*",
                "NEAR(task stopped, 3)",
                "a OR b AND NOT",
                "{words}: error^",
                "'; DROP TABLE timeline",
                "*** ((",
                "task* -alarm",
            ],
        ))
    }),
];

/// Whoever asks must have got an answer to what was asked, or the figures are of nothing.
fn found(way: &str, pairs: &Pairs, page: &TimelinePage) -> Result<()> {
    let nothing_expected =
        way == "a word that is nowhere" || way == "what is syntax elsewhere" || pairs.iter().any(|(_, value)| value == "node");
    let may_be_empty = nothing_expected || way == "several words" || way == "a name of several parts" || way == "a word and filters";
    anyhow::ensure!(may_be_empty || !page.entries.is_empty(), "{way}: nothing was found of {pairs:?}");
    anyhow::ensure!(page.unsearched == 0, "{} entries are not searched yet", page.unsearched);
    Ok(())
}

/// From the newest matching entry back, page after page, and from somewhere in the middle.
async fn walked(store: &Store, told: &Told) -> Result<Vec<Duration>> {
    let mut draw = Draw::of(5_000_000);
    let mut takings = Vec::new();
    let starts = [vec![], q("task".into()), vec![("service", some(&mut draw, &told.services))], with("st", vec![("to", day(&mut draw))])];
    for start in starts {
        let mut page = asked(store, &start).await?;
        for _ in 0..PAGES {
            let Some(older) = page.older.take() else { break };
            let mut pairs = start.clone();
            pairs.push(("before", older));
            page = said::timed(&mut takings, asked(store, &pairs)).await?;
        }
        for _ in 0..PAGES {
            let Some(newer) = page.newer.take() else { break };
            let mut pairs = start.clone();
            pairs.push(("after", newer));
            page = said::timed(&mut takings, asked(store, &pairs)).await?;
        }
    }
    Ok(takings)
}

async fn asked(store: &Store, pairs: &[(&'static str, String)]) -> Result<TimelinePage> {
    let (query, ignored) = TimelineQuery::from_pairs(pairs.iter().map(|(name, value)| (*name, value.as_str())));
    anyhow::ensure!(ignored.is_empty(), "{ignored:?} mean nothing to a search");
    store.timeline_page(query).await.with_context(|| format!("{pairs:?} was not answered"))
}

fn q(words: String) -> Pairs {
    vec![("q", words)]
}

fn with(words: &str, mut filters: Pairs) -> Pairs {
    filters.push(("q", words.to_owned()));
    filters
}

fn turn(number: usize, all: &[&str]) -> String {
    all.get(number % all.len()).map(|word| (*word).to_owned()).unwrap_or_default()
}

fn some(draw: &mut Draw, all: &[String]) -> String {
    usize::try_from(draw.below(all.len() as u64)).ok().and_then(|index| all.get(index)).cloned().unwrap_or_default()
}

/// A day of the record.
fn day(draw: &mut Draw) -> String {
    let second = FROM + 86_400 + draw.seconds(UNTIL - FROM - 2 * 86_400);
    domain::Timestamp::from_secs(second).to_string().chars().take(10).collect()
}
