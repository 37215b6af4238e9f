//! Asking every node at once, through one connection of a system-account user.
//!
//! `$SYS.REQ.SERVER.PING.<what>` is heard by every server of the cluster and each answers for itself, so nobody can say
//! how many answers there will be: we wait until all we know of have answered, or it has been quiet for a moment. The
//! waits run on the injected clock but are scaled by its speed, because the servers keep real time. The trap of
//! `connz`: a small page costs a server as much as a large one (it builds and sorts every connection first), so the
//! limit is set above what `varz` counted and pages are the exception.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_nats::connection::State;
use async_nats::{Client, ConnectErrorKind, ConnectOptions, Event, ServerAddr, StatusCode};
use domain::port::Clock;
use domain::source::{Fault, FaultKind, Shortfall};
use domain::{Timestamp, text};
use futures::StreamExt;
use serde::de::DeserializeOwned;

use super::jetstream::Jsz;
use super::map::Heard;
use super::wire::{ConnInfo, Connz, ConnzOptions, Envelope, JszOptions, RouteInfo, Routez, Speaker, Varz, parsed};
use super::{NatsScope, tls};
use crate::call::Tally;
use crate::classify::sentence;

/// How long an answer may take that is known to be missing. A node that is swapped out or lists ten thousand connections
/// is slow, and not yet silent.
const OWED: Duration = Duration::from_secs(2);
/// How long it must be quiet before all have spoken, where nobody knows how many they are.
const QUIET: Duration = Duration::from_millis(500);
/// How long one round may take in all.
const WHOLE: Duration = Duration::from_secs(8);
/// Answers taken in one round; more than this are not a cluster but an attack.
const MOST_ANSWERS: usize = 2_048;
/// Connections that ended asked for in one answer: more than a node remembers unless told otherwise (10,000).
pub(super) const CLOSED: u64 = 16_384;
/// Fewest connections asked for in one answer.
const SMALLEST_PAGE: u64 = 1_024;

/// A connection of a system-account user.
pub(super) struct System {
    client: Client,
    /// Most connections asked for in one answer.
    largest_page: u64,
    /// The newest thing the server complained about.
    complaint: Arc<Mutex<Option<String>>>,
}

/// One answer of one server.
struct Answer<T> {
    from: Speaker,
    data: T,
    at: Timestamp,
}

/// All answers to one question.
struct Answers<T> {
    answers: Vec<Answer<T>>,
    unreadable: Vec<Shortfall>,
}

/// What the answers so far say of those to come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Roll {
    /// Everybody has answered.
    Full,
    /// Somebody is known to be missing.
    Short,
    /// Nobody is known to be missing, and there may be more.
    Open,
}

impl Roll {
    fn of(answered: usize, asked: usize) -> Self {
        if answered >= asked { Self::Full } else { Self::Short }
    }
}

/// What the system account told.
pub(super) struct Told {
    pub(super) heard: Vec<Heard>,
    pub(super) shortfalls: Vec<Shortfall>,
    /// By node, its clock minus ours in milliseconds.
    pub(super) skews: Vec<i64>,
}

impl System {
    /// Connects; afterwards the connection is kept and restored by the client library.
    ///
    /// # Errors
    /// No server could be reached, or it refused the user.
    pub(super) async fn connect(scope: &NatsScope, largest_page: u64) -> Result<Self, Fault> {
        let complaint = Arc::new(Mutex::new(None));
        let heard = complaint.clone();
        let options = options(scope).await?.event_callback(move |event| {
            let heard = heard.clone();
            async move {
                if let Event::ServerError(error) = event {
                    *heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
                }
            }
        });
        let mut addresses = Vec::new();
        for url in &scope.urls {
            let address: ServerAddr = url.parse().map_err(|error| Fault::new(FaultKind::NotFound, None, &format!("{url}: {error}")))?;
            addresses.push(address);
        }
        let client = options.connect(addresses).await.map_err(|error| refused(scope, error.kind(), &sentence(&error)))?;
        Ok(Self { client, largest_page, complaint })
    }

    /// Asks every node for everything. `expected` are names that ought to answer; `closed`: also for the connections that
    /// ended.
    ///
    /// # Errors
    /// Nobody answered.
    pub(super) async fn ask(&self, clock: &dyn Clock, expected: &BTreeSet<String>, closed: bool, tally: &Tally) -> Result<Told, Fault> {
        let nodes = self.gather::<Varz>(clock, "PING.VARZ", "", tally, |answers| roll(answers, expected)).await?;
        let ids: BTreeSet<String> = nodes.answers.iter().map(|answer| answer.from.id.clone()).collect();
        let limit = nodes.answers.iter().filter_map(|answer| answer.data.connections).max().unwrap_or(0);
        let limit = (limit + limit / 4 + 64).max(SMALLEST_PAGE).min(self.largest_page);
        let question = asked(limit, 0);
        let complete = |count: usize| Roll::of(count, ids.len());
        let streaming = nodes.answers.iter().filter(|answer| has_jetstream(&answer.data)).count();
        let (connections, routes, mut ended, mut streams) = futures::join!(
            self.gather::<Connz>(clock, "PING.CONNZ", &question, tally, |answers| complete(answers.len())),
            self.gather::<Routez>(clock, "PING.ROUTEZ", "", tally, |answers| complete(answers.len())),
            self.ended(clock, closed, ids.len(), tally),
            self.streams(clock, streaming, tally),
        );
        let mut shortfalls = nodes.unreadable;
        let (mut connections, mut unreadable) = by_id(connections);
        // who has routes to whom is a hint only; without it nothing of the fleet is missing
        let mut routes = by_id(routes).0;
        let mut heard = Vec::new();
        let mut skews = Vec::new();
        let info = self.client.server_info();
        for answer in nodes.answers {
            let id = answer.from.id;
            skews.extend(answer.data.now.map(|theirs| millis_between(theirs, answer.at)));
            let (list, incomplete) = match connections.remove(&id) {
                Some(connz) => self.rest(clock, &id, connz, limit, tally).await,
                None => (Vec::new(), Some(why_unlisted(&answer.from.name, &mut unreadable))),
            };
            let ours = (info.server_id == id).then_some(info.client_id);
            let mut varz = answer.data;
            varz.server_id = id.clone();
            varz.server_name = answer.from.name;
            let routes: Vec<RouteInfo> = routes.remove(&id).map(|routez| routez.routes).unwrap_or_default();
            let skew_ms = varz.now.map(|theirs| millis_between(theirs, answer.at));
            let closed = ended.remove(&id).map(|connz| connz.connections);
            let jetstream = streams.remove(&id);
            heard.push(Heard { varz, connections: list, incomplete, routes, ours, closed, jetstream, skew_ms });
        }
        shortfalls.extend(unreadable);
        Ok(Told { heard, shortfalls, skews })
    }

    /// The connections that ended, of the nodes that tell. A node that does not is asked again next time, and nothing
    /// of the present is missing.
    async fn ended(&self, clock: &dyn Clock, wanted: bool, nodes: usize, tally: &Tally) -> BTreeMap<String, Connz> {
        if !wanted {
            return BTreeMap::new();
        }
        let question = ConnzOptions { auth: true, limit: CLOSED, offset: 0, state: 1 };
        let question = serde_json::to_string(&question).unwrap_or_default();
        by_id(self.gather::<Connz>(clock, "PING.CONNZ", &question, tally, |answers| Roll::of(answers.len(), nodes)).await).0
    }

    /// What the `nodes` with JetStream tell of it.
    async fn streams(&self, clock: &dyn Clock, nodes: usize, tally: &Tally) -> BTreeMap<String, Jsz> {
        if nodes == 0 {
            return BTreeMap::new();
        }
        let question = serde_json::to_string(&JszOptions::EVERYTHING).unwrap_or_default();
        by_id(self.gather::<Jsz>(clock, "PING.JSZ", &question, tally, |answers| Roll::of(answers.len(), nodes)).await).0
    }

    /// The pages after the first, where a node has more connections than fitted.
    async fn rest(&self, clock: &dyn Clock, id: &str, first: Connz, limit: u64, tally: &Tally) -> (Vec<ConnInfo>, Option<Fault>) {
        let total = first.total.unwrap_or(0);
        let mut list = first.connections;
        let mut read = list.len() as u64;
        while read < total {
            let question = asked(limit, read);
            let page = self.gather::<Connz>(clock, &format!("{id}.CONNZ"), &question, tally, |answers| Roll::of(answers.len(), 1)).await;
            let page = match page {
                Ok(page) => page.answers.into_iter().next().map(|answer| answer.data.connections).unwrap_or_default(),
                Err(fault) => return (list, Some(fault)),
            };
            // connections came and went between the pages: an empty one is the end
            if page.is_empty() {
                break;
            }
            read += page.len() as u64;
            list.extend(page);
        }
        let mut seen = BTreeSet::new();
        list.retain(|connection| connection.cid.is_none_or(|cid| seen.insert(cid)));
        (list, None)
    }

    /// Asks one question and takes answers until the `roll` is full, or it stays quiet.
    async fn gather<T: DeserializeOwned>(
        &self,
        clock: &dyn Clock,
        what: &str,
        question: &str,
        tally: &Tally,
        roll: impl Fn(&[Answer<T>]) -> Roll,
    ) -> Result<Answers<T>, Fault> {
        let subject = format!("$SYS.REQ.SERVER.{what}");
        let failed = |said: String| Fault::new(FaultKind::Unreachable, Some(&subject), &said);
        let inbox = self.client.new_inbox();
        let mut replies = self.client.subscribe(inbox.clone()).await.map_err(|error| failed(error.to_string()))?;
        tally.count();
        let asked = self.client.publish_with_reply(subject.clone(), inbox, question.to_owned().into());
        asked.await.map_err(|error| failed(error.to_string()))?;
        let mut got = Answers { answers: Vec::new(), unreadable: Vec::new() };
        let speed = clock.speed().max(f64::MIN_POSITIVE);
        let whole = clock.sleep(WHOLE.mul_f64(speed));
        tokio::pin!(whole);
        while got.answers.len() + got.unreadable.len() < MOST_ANSWERS {
            let patience = match roll(&got.answers) {
                Roll::Full => break,
                Roll::Short => OWED,
                Roll::Open => QUIET,
            };
            let message = tokio::select! {
                message = replies.next() => message,
                () = clock.sleep(patience.mul_f64(speed)) => break,
                () = &mut whole => break,
            };
            let Some(message) = message else { break };
            if message.status == Some(StatusCode::NO_RESPONDERS) {
                return Err(Fault::new(
                    FaultKind::AccessDenied,
                    Some(&subject),
                    "nobody answers this user's request: it is not a user of the system account",
                ));
            }
            got.take(&message.payload, &subject, clock.now());
        }
        if got.answers.is_empty() { Err(self.silence(&subject, &got)) } else { Ok(got) }
    }

    /// Why nobody answered.
    fn silence<T>(&self, subject: &str, got: &Answers<T>) -> Fault {
        if let Some(unreadable) = got.unreadable.first() {
            return unreadable.fault.clone();
        }
        let complaint = self.complaint.lock().unwrap_or_else(PoisonError::into_inner).take();
        match complaint {
            Some(said) if said.to_ascii_lowercase().contains("permissions violation") => {
                Fault::new(FaultKind::AccessDenied, Some(subject), &said)
            }
            Some(said) if said.to_ascii_lowercase().contains("authorization") => Fault::new(FaultKind::Credentials, Some(subject), &said),
            _ if self.client.connection_state() != State::Connected => {
                Fault::new(FaultKind::Unreachable, Some(subject), "the connection is lost and no node lets us in again")
            }
            _ => Fault::new(FaultKind::TimedOut, Some(subject), "no node answered"),
        }
    }
}

impl<T: DeserializeOwned> Answers<T> {
    fn take(&mut self, payload: &[u8], subject: &str, at: Timestamp) {
        let mut unreadable = |node: &str, said: &str| {
            let what = if node.is_empty() { "an answer of a node without a name".to_owned() } else { format!("node {node}") };
            self.unreadable.push(Shortfall { what, fault: Fault::new(FaultKind::Malformed, Some(subject), said) });
        };
        match parsed::<Envelope<T>>(payload) {
            Err(said) => unreadable(&speaker_of(payload).name, &said),
            Ok(Envelope { server, .. }) if server.id.is_empty() => {
                unreadable(&server.name, "the answer does not say which server it is of")
            }
            Ok(Envelope { server, data: Some(data), .. }) => {
                if self.answers.iter().all(|known| known.from.id != server.id) {
                    self.answers.push(Answer { from: server, data, at });
                }
            }
            Ok(Envelope { server, error, .. }) => {
                let said = error.map(|error| error.description).filter(|said| !said.is_empty());
                unreadable(&server.name, said.as_deref().unwrap_or("the answer holds no data"));
            }
        }
    }
}

/// Who sent an answer of which only the data is unusable.
fn speaker_of(payload: &[u8]) -> Speaker {
    parsed::<Envelope<serde::de::IgnoredAny>>(payload).map(|envelope| envelope.server).unwrap_or_default()
}

/// Whether everybody answered: all known names, and as many as any of them has routes to, and itself. Beyond gateways and
/// leaf nodes there are servers no route tells of; there only the quiet tells that all have spoken.
fn roll(answers: &[Answer<Varz>], expected: &BTreeSet<String>) -> Roll {
    let mesh = answers.iter().filter_map(|answer| answer.data.remotes).max().unwrap_or(0);
    let wider = |varz: &Varz| varz.leafnodes.unwrap_or(0) > 0 || varz.gateway.as_ref().is_some_and(|gateway| !gateway.name.is_empty());
    let named = |name: &String| answers.iter().any(|answer| answer.from.name == *name);
    if answers.len() as u64 <= mesh || answers.is_empty() || !expected.iter().all(named) {
        Roll::Short
    } else if answers.iter().any(|answer| wider(&answer.data)) {
        Roll::Open
    } else {
        Roll::Full
    }
}

/// Whether a node has JetStream on.
pub(super) fn has_jetstream(varz: &Varz) -> bool {
    varz.jetstream.as_ref().is_some_and(|jetstream| jetstream.config.is_some())
}

/// Answers by server id, and those that could not be read. Where nobody answered at all, every node will be found
/// without its part and say so itself.
fn by_id<T>(answers: Result<Answers<T>, Fault>) -> (BTreeMap<String, T>, Vec<Shortfall>) {
    let Ok(answers) = answers else { return (BTreeMap::new(), Vec::new()) };
    (answers.answers.into_iter().map(|answer| (answer.from.id, answer.data)).collect(), answers.unreadable)
}

/// Why a node's connections are not known: its answer was unreadable, or there was none.
fn why_unlisted(name: &str, unreadable: &mut Vec<Shortfall>) -> Fault {
    let what = format!("node {name}");
    match unreadable.iter().position(|shortfall| shortfall.what == what) {
        Some(index) => unreadable.swap_remove(index).fault,
        None => Fault::new(FaultKind::TimedOut, Some("$SYS.REQ.SERVER.PING.CONNZ"), "it did not list its connections"),
    }
}

fn asked(limit: u64, offset: u64) -> String {
    serde_json::to_string(&ConnzOptions { auth: true, limit, offset, state: 0 }).unwrap_or_default()
}

pub(super) fn millis_between(theirs: Timestamp, ours: Timestamp) -> i64 {
    theirs.as_micros().saturating_sub(ours.as_micros()) / 1_000
}

async fn options(scope: &NatsScope) -> Result<ConnectOptions, Fault> {
    let mut options = ConnectOptions::new().name("signalbox").connection_timeout(Duration::from_secs(5));
    if let (Some(user), Some(password)) = (&scope.user, &scope.password) {
        options = options.user_and_password(user.clone(), password.clone());
    }
    if let Some(path) = &scope.creds_file {
        let creds = String::from_utf8_lossy(&tls::read(path).await?).into_owned();
        options = options.credentials(&creds).map_err(|error| unusable(path, &error.to_string()))?;
    }
    if let Some(path) = &scope.nkey_file {
        let seed = String::from_utf8_lossy(&tls::read(path).await?).trim().to_owned();
        options = options.nkey(seed);
    }
    // read once for nothing: the library's own error does not say which file it missed
    for path in [&scope.ca_file, &scope.cert_file, &scope.key_file].into_iter().flatten() {
        tls::read(path).await?;
    }
    if let Some(path) = &scope.ca_file {
        options = options.add_root_certificates(path.clone());
    }
    if let (Some(cert), Some(key)) = (&scope.cert_file, &scope.key_file) {
        options = options.add_client_certificate(cert.clone(), key.clone());
    }
    Ok(options)
}

fn unusable(path: &std::path::Path, said: &str) -> Fault {
    Fault::new(FaultKind::Credentials, None, &format!("{} cannot be used: {said}", path.display()))
}

fn refused(scope: &NatsScope, kind: ConnectErrorKind, said: &str) -> Fault {
    let class = match kind {
        ConnectErrorKind::AuthorizationViolation | ConnectErrorKind::Authentication => FaultKind::Credentials,
        ConnectErrorKind::ServerParse => FaultKind::NotFound,
        ConnectErrorKind::TimedOut => FaultKind::TimedOut,
        _ => FaultKind::Unreachable,
    };
    let places: Vec<&str> = scope.urls.iter().map(|url| url.rsplit('@').next().unwrap_or(url)).collect();
    Fault::new(class, Some("connect"), &format!("{}: {}", places.join(", "), text::shown(said)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(name: &str, varz: &str) -> Answer<Varz> {
        let from = Speaker { id: format!("N{name}"), name: name.to_owned() };
        Answer { from, data: parsed(varz.as_bytes()).unwrap(), at: Timestamp::default() }
    }

    #[test]
    fn nobody_is_waited_for_when_all_have_answered() {
        let known = BTreeSet::from(["n1".to_owned(), "n2".to_owned()]);
        let two = [answer("n1", r#"{"remotes": 1, "gateway": {}}"#), answer("n2", r#"{"remotes": 1}"#)];
        assert_eq!(roll(&two, &known), Roll::Full);
        assert_eq!(roll(&two[..1], &known), Roll::Short);
        assert_eq!(roll(&two[..1], &BTreeSet::new()), Roll::Short, "it has a route to one more");
        assert_eq!(roll(&[], &BTreeSet::new()), Roll::Short);
        assert_eq!(roll(&[answer("lone", "{}")], &BTreeSet::new()), Roll::Full);
    }

    #[test]
    fn beyond_a_gateway_or_a_leaf_node_only_the_quiet_tells() {
        for varz in [r#"{"gateway": {"name": "east"}}"#, r#"{"leafnodes": 1}"#] {
            let lone = [answer("n1", varz)];
            assert_eq!(roll(&lone, &BTreeSet::new()), Roll::Open, "{varz}");
            assert_eq!(roll(&lone, &BTreeSet::from(["n2".to_owned()])), Roll::Short, "{varz}: one that is known is waited for");
        }
    }

    #[test]
    fn an_unreadable_answer_names_its_node_where_it_can() {
        let mut got = Answers::<Connz> { answers: Vec::new(), unreadable: Vec::new() };
        got.take(br#"{"server": {"id": "N1", "name": "n1"}, "data": {"connections": 5}}"#, "s", Timestamp::default());
        got.take(b"\xff", "s", Timestamp::default());
        got.take(br#"{"server": {"id": "N2", "name": "n2"}, "error": {"code": 500, "description": "no"}}"#, "s", Timestamp::default());
        let whats: Vec<&str> = got.unreadable.iter().map(|shortfall| shortfall.what.as_str()).collect();
        assert_eq!(whats, ["node n1", "an answer of a node without a name", "node n2"]);
        let fault = why_unlisted("n1", &mut got.unreadable);
        assert_eq!((fault.kind, got.unreadable.len()), (FaultKind::Malformed, 2));
        assert_eq!(why_unlisted("n9", &mut got.unreadable).kind, FaultKind::TimedOut);
    }
}
