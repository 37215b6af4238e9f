//! NATS: the nodes, what is wrong with them, and whose the connections are.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{TimelineEntry, typed};
use crate::Timestamp;
use crate::nats::finding::Finding;
use crate::nats::jetstream::{Flow, Meta};
use crate::nats::{Node, NodeCounters, TlsMode, Wire};
use crate::owner::{Certainty, Proof};
use crate::service::{ServiceKey, encoded};

/// Connections on a page unless the reader asks for another number.
pub const CONNECTIONS_PER_PAGE: u32 = 25;
/// Most connections on a page.
pub const MOST_CONNECTIONS_PER_PAGE: u32 = 200;

/// Which connections, as the URL says it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct NatsQuery {
    /// Part of the name, user, address or client, in any case.
    pub q: String,
    /// Only those of the service called so.
    pub owner: Option<String>,
    /// Only those whose owner is known so well.
    pub certainty: Option<Certainty>,
    /// Only those that use TLS, or do not.
    pub tls: Option<Wire>,
    /// Only those to this node.
    pub node: Option<String>,
    /// Which page, from 1.
    pub page: u32,
    /// Rows on it, 1 to [`MOST_CONNECTIONS_PER_PAGE`].
    pub per: u32,
}

impl Default for NatsQuery {
    fn default() -> Self {
        Self { q: String::new(), owner: None, certainty: None, tls: None, node: None, page: 1, per: CONNECTIONS_PER_PAGE }
    }
}

impl NatsQuery {
    /// From the pairs of a URL's query; what cannot be understood is left at its default and named.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> (Self, Vec<String>) {
        let mut query = Self::default();
        let ignored = typed::ignored(pairs, |name, value| query.understand(name, value));
        (query, ignored)
    }

    fn understand(&mut self, name: &str, value: &str) -> bool {
        let number = |most: u32| value.parse().ok().filter(|number| (1..=most).contains(number));
        match name {
            "q" => value.clone_into(&mut self.q),
            "owner" => self.owner = Some(value.to_owned()),
            "node" => self.node = Some(value.to_owned()),
            "certainty" => match Certainty::from_word(value) {
                Some(certainty) => self.certainty = Some(certainty),
                None => return false,
            },
            "tls" => match [Wire::Tls, Wire::Plaintext, Wire::Young].into_iter().find(|wire| wire.as_str() == value) {
                Some(wire) => self.tls = Some(wire),
                None => return false,
            },
            "page" => match number(u32::MAX) {
                Some(page) => self.page = page,
                None => return false,
            },
            "per" => match number(MOST_CONNECTIONS_PER_PAGE) {
                Some(per) => self.per = per,
                None => return false,
            },
            _ => return false,
        }
        true
    }

    /// The URL of this view; what stands at its default is left out.
    pub fn path(&self) -> String {
        self.in_url("/nats")
    }

    /// The connections of this view, on all its pages, as CSV.
    pub fn csv_path(&self) -> String {
        let default = Self::default();
        Self { page: default.page, per: default.per, ..self.clone() }.in_url("/api/v1/nats/connections.csv")
    }

    fn in_url(&self, path: &str) -> String {
        let default = Self::default();
        let number = |is: u32, usual: u32| if is == usual { String::new() } else { is.to_string() };
        let pairs = [
            ("q", self.q.clone()),
            ("owner", self.owner.clone().unwrap_or_default()),
            ("certainty", self.certainty.map_or_else(String::new, |certainty| certainty.as_str().to_owned())),
            ("tls", self.tls.map_or_else(String::new, |wire| wire.as_str().to_owned())),
            ("node", self.node.clone().unwrap_or_default()),
            ("page", number(self.page, default.page)),
            ("per", number(self.per, default.per)),
        ];
        let pairs: Vec<String> =
            pairs.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
    }
}

/// The NATS page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NatsView {
    /// The store's revision this was read at.
    pub revision: u64,
    /// The clusters, in the order of the config.
    pub clusters: Vec<NatsCluster>,
    /// The question, as it was understood.
    pub query: NatsQuery,
    /// The connections of this page.
    pub connections: Vec<OwnedConnection>,
    /// Connections that match, over all pages.
    pub matching: u64,
    /// Connections in all.
    pub total: u64,
    /// How many owners are known how well, worst first.
    pub certainties: Vec<(Certainty, u64)>,
    /// Services with plaintext connections, those with most first: at most 40.
    pub plaintext: Vec<Share>,
    /// Services with plaintext connections in all; connections nobody owns count as one.
    pub plaintext_owners: u64,
    /// Connections that ended lately, newest first.
    pub ended: Vec<TimelineEntry>,
    /// Whether the nodes' instants could be compared with ECS's.
    pub same_time: bool,
}

/// A NATS cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NatsCluster {
    /// Its name in the config.
    pub name: String,
    /// When it last answered.
    pub observed: Option<Timestamp>,
    /// Why it cannot be trusted as current.
    pub stale: Option<String>,
    /// What is wrong, worst first, each with since when.
    pub findings: Vec<(Finding, Timestamp)>,
    /// Its nodes, by name.
    pub nodes: Vec<NodeRow>,
    /// JetStream's own leadership and when it was told; nothing without JetStream, or where one node stands alone.
    pub meta: Option<(Meta, Timestamp)>,
    /// Streams and consumers, those that are not well first.
    pub flows: Vec<FlowRow>,
}

/// A node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NodeRow {
    /// What it last said.
    pub node: Node,
    /// Whether it answers.
    pub answers: bool,
    /// Its newest counters.
    pub counters: NodeCounters,
    /// When these were read.
    pub read: Option<Timestamp>,
    /// Restarts in the last seven days.
    pub restarts: u32,
    /// When slow consumers last came, and how many.
    pub slow: Option<(Timestamp, u64)>,
    /// How it is drawn: by the worst that was found of it.
    pub tone: crate::judge::Tone,
}

/// A stream or consumer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FlowRow {
    /// Account it is in.
    pub account: String,
    /// Its stream.
    pub stream: String,
    /// Its name; empty for the stream itself.
    pub consumer: String,
    /// How it stands.
    pub flow: Flow,
    /// Since when.
    pub since: Timestamp,
    /// Why.
    pub why: String,
    /// The service it belongs to, as far as it says.
    pub owner: Option<ServiceKey>,
    /// Services that depend on it: the owners of a stream's consumers.
    pub dependents: Vec<ServiceKey>,
    /// Its newest numbers, in words.
    pub numbers: String,
}

impl FlowRow {
    /// How many other services read the streams of one. Nothing where no stream is known to be its own: others may wait for it
    /// on subjects that no stream keeps.
    pub fn readers_of(rows: &[Self], owner: &ServiceKey) -> Option<u32> {
        let mut own = rows.iter().filter(|row| row.consumer.is_empty() && row.owner.as_ref() == Some(owner)).peekable();
        own.peek()?;
        let readers: BTreeSet<&ServiceKey> = own.flat_map(|row| row.dependents.iter()).filter(|reader| *reader != owner).collect();
        u32::try_from(readers.len()).ok()
    }
}

/// A connection with its owner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OwnedConnection {
    /// NATS cluster it is in.
    pub cluster: String,
    /// Name of its node.
    pub node: String,
    /// The node's number for it.
    pub cid: u64,
    /// The client's own name.
    pub name: Option<String>,
    /// The user it came in as.
    pub user: Option<String>,
    /// Source address and port.
    pub address: String,
    /// Client library and version.
    pub client: Option<String>,
    /// When it began.
    pub started: Option<Timestamp>,
    /// Whether it uses TLS.
    pub wire: Wire,
    /// Which version.
    pub tls: Option<String>,
    /// How well its owner is known.
    pub certainty: Certainty,
    /// Its owner.
    pub owner: Option<ServiceKey>,
    /// The owner's task.
    pub task: Option<String>,
    /// What speaks for and against.
    pub proof: Vec<Proof>,
}

/// The connections of one owner.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Share {
    /// Whose; nothing: nobody's.
    pub owner: Option<ServiceKey>,
    /// With TLS.
    pub tls: u64,
    /// Without.
    pub plaintext: u64,
    /// Too young to tell.
    pub young: u64,
    /// The clients they use.
    pub clients: Vec<String>,
}

impl Share {
    /// All of them.
    pub const fn all(&self) -> u64 {
        self.tls + self.plaintext + self.young
    }
}

/// The connections of one service, on its page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct ServiceNats {
    /// Tasks that run.
    pub tasks: u64,
    /// Connections a task usually holds; unknown until some were seen.
    pub usual: Option<u64>,
    /// How its connections share TLS.
    pub share: Share,
    /// Of them, those whose proofs contradict each other.
    pub conflicting: u64,
    /// The first of them: at most 50.
    pub connections: Vec<OwnedConnection>,
}

impl ServiceNats {
    /// `2 tasks × 1 = 2 connections, 2 seen`.
    pub fn in_words(&self) -> String {
        let seen = self.share.all();
        let tasks = crate::text::count(self.tasks, "task");
        match self.usual {
            None if seen == 0 => "No connection of it is known.".to_owned(),
            None => format!("{} of {tasks}; how many are usual is not known yet.", crate::text::count(seen, "connection")),
            Some(usual) => {
                let expected = usual * self.tasks;
                let verdict = match seen.cmp(&expected) {
                    std::cmp::Ordering::Equal => "all seen".to_owned(),
                    std::cmp::Ordering::Less => format!("only {seen} seen"),
                    std::cmp::Ordering::Greater => format!("{seen} seen, more than usual"),
                };
                format!("{tasks} × {usual} usual = {}: {verdict}.", crate::text::count(expected, "connection"))
            }
        }
    }
}

/// The words for a TLS mode that may not be known.
pub(super) fn mode_words(node: &Node) -> String {
    match (node.tls, &node.tls_unknown) {
        (Some(mode), _) => TlsMode::as_str(mode).to_owned(),
        (None, Some(_)) => "unknown".to_owned(),
        (None, None) => "not looked at".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_a_saved_view() {
        let query = NatsQuery {
            q: "a b".into(),
            owner: Some("auth&nats".into()),
            certainty: Some(Certainty::Conflicting),
            tls: Some(Wire::Plaintext),
            node: Some("n1".into()),
            page: 2,
            per: 20,
        };
        assert_eq!(query.path(), "/nats?q=a%20b&owner=auth%26nats&certainty=conflicting&tls=plaintext&node=n1&page=2&per=20");
        assert_eq!(query.csv_path(), "/api/v1/nats/connections.csv?q=a%20b&owner=auth%26nats&certainty=conflicting&tls=plaintext&node=n1");
        let pairs = [
            ("q", "a b"),
            ("owner", "auth&nats"),
            ("certainty", "conflicting"),
            ("tls", "plaintext"),
            ("node", "n1"),
            ("page", "2"),
            ("per", "20"),
        ];
        assert_eq!(NatsQuery::from_pairs(pairs), (query, vec![]));
        let (query, ignored) = NatsQuery::from_pairs([("tls", "maybe"), ("page", "0"), ("per", "201"), ("x", "y"), ("q", "")]);
        assert_eq!((query.path().as_str(), ignored.join(" ").as_str()), ("/nats", "tls=maybe page=0 per=201 x=y"));
    }

    #[test]
    fn readers_are_counted_once_and_without_the_owner() {
        let key = |name: &str| ServiceKey { environment: "production".into(), cluster: "main".into(), service: name.into() };
        let flow = |consumer: &str, owner: Option<&str>, dependents: &[&str]| FlowRow {
            account: "APP".into(),
            stream: "QUESTS".into(),
            consumer: consumer.into(),
            flow: Flow::Well,
            since: Timestamp::from_secs(0),
            why: String::new(),
            owner: owner.map(key),
            dependents: dependents.iter().map(|name| key(name)).collect(),
            numbers: String::new(),
        };
        let rows = [
            flow("", Some("quest"), &["quest", "auth", "router"]),
            flow("", Some("quest"), &["auth"]),
            flow("auth-work", Some("auth"), &[]),
            flow("", Some("event-bus"), &["event-bus"]),
            flow("", None, &["auth"]),
        ];
        for (owner, readers) in [("quest", Some(2)), ("event-bus", Some(0)), ("auth", None)] {
            assert_eq!(FlowRow::readers_of(&rows, &key(owner)), readers, "{owner}");
        }
    }

    #[test]
    fn what_is_expected_is_told_beside_what_is_seen() {
        let with = |tasks, usual, tls| ServiceNats { tasks, usual, share: Share { tls, ..Share::default() }, ..ServiceNats::default() };
        assert_eq!(with(2, Some(1), 2).in_words(), "2 tasks × 1 usual = 2 connections: all seen.");
        assert_eq!(with(3, Some(1), 2).in_words(), "3 tasks × 1 usual = 3 connections: only 2 seen.");
        assert_eq!(with(1, Some(2), 3).in_words(), "1 task × 2 usual = 2 connections: 3 seen, more than usual.");
        assert_eq!(with(2, None, 0).in_words(), "No connection of it is known.");
    }
}
