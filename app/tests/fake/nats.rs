//! NATS in each scene: judged by the domain's own functions, as everything here.

use domain::Timestamp;
use domain::judge::Tone;
use domain::nats::finding::{Ill, NodeStanding, Picture, findings};
use domain::nats::jetstream::{Flow, Meta, Replica};
use domain::nats::{Certificate, Connection, Node, NodeCounters, TlsMode};
use domain::owner::{Register, TaskLife, owner_of};
use domain::service::ServiceKey;
use domain::source::SourceKind;
use domain::view::{Facts, FlowRow, NatsCluster, NatsQuery, NatsView, NodeRow, OwnedConnection, ServiceNats, Share};

use super::facts::HOSTILE;
use super::{Scene, before};

const DAY: u64 = 86_400;

pub(crate) fn view(scene: Scene, query: NatsQuery, facts: &Facts, now: Timestamp) -> NatsView {
    let health = facts.sources.iter().find(|health| health.id.kind == SourceKind::Nats);
    let empty = scene == Scene::Empty;
    let nodes = if empty { Vec::new() } else { nodes(scene, facts, now) };
    let flows = if empty { Vec::new() } else { flows(scene, now) };
    let connections = if empty { Vec::new() } else { connections(scene, facts, now) };
    let ill: Vec<Ill> = flows.iter().filter(|row| row.flow != Flow::Well).map(ill).collect();
    let standing = |row: &NodeRow| NodeStanding { node: row.node.clone(), answers: row.answers, counters: row.counters, slow: row.slow };
    let standings: Vec<NodeStanding> = nodes.iter().map(standing).collect();
    let picture = Picture { nodes: &standings, ill: &ill, unattributed: u64::from(!empty), ..Picture::default() };
    let cluster = NatsCluster {
        name: "main".into(),
        observed: health.and_then(|health| health.last_success),
        stale: health.and_then(|health| health.stale(now)),
        findings: findings(&picture, now).into_iter().map(|finding| (finding, before(now, 300))).collect(),
        meta: (!empty).then(|| (meta(scene, &nodes), before(now, 4))),
        nodes,
        flows,
    };
    let mut certainties: Vec<_> = connections.iter().map(|row| row.certainty).collect();
    certainties.sort();
    certainties.dedup();
    let count = |certainty| connections.iter().filter(|row| row.certainty == certainty).count() as u64;
    let share = |row: &OwnedConnection| Share {
        owner: row.owner.clone(),
        plaintext: 1,
        clients: row.client.iter().cloned().collect(),
        ..Share::default()
    };
    let plain: Vec<Share> = connections.iter().filter(|row| row.tls.is_none()).map(share).collect();
    NatsView {
        revision: 412,
        clusters: vec![cluster],
        matching: connections.len() as u64,
        total: connections.len() as u64,
        certainties: certainties.into_iter().map(|certainty| (certainty, count(certainty))).collect(),
        plaintext_owners: plain.len() as u64,
        plaintext: plain,
        connections,
        ended: facts.recent.iter().take(3).cloned().collect(),
        same_time: scene != Scene::Trouble,
        query,
    }
}

pub(crate) fn of_service(scene: Scene, key: &ServiceKey, facts: &Facts, now: Timestamp) -> ServiceNats {
    let held: Vec<OwnedConnection> = connections(scene, facts, now).into_iter().filter(|row| row.owner.as_ref() == Some(key)).collect();
    let tls = held.iter().filter(|row| row.tls.is_some()).count() as u64;
    let share = Share { owner: Some(key.clone()), tls, plaintext: held.len() as u64 - tls, ..Share::default() };
    ServiceNats { tasks: 2, usual: Some(1), share, conflicting: 0, connections: held }
}

fn nodes(scene: Scene, facts: &Facts, now: Timestamp) -> Vec<NodeRow> {
    facts
        .nodes
        .iter()
        .enumerate()
        .map(|(index, (_, name, answers, _))| {
            let ends = if index == 1 { 12 } else { 300 };
            let certificate = Certificate {
                subject: format!("CN={name}"),
                names: vec![name.clone(), "127.0.0.1".into()],
                until: Some(now.plus(std::time::Duration::from_secs(ends * DAY + 60))),
                ..Certificate::default()
            };
            let node = Node {
                id: format!("N{index}"),
                name: name.clone(),
                version: if scene == Scene::Hostile { HOSTILE[1].into() } else { "2.15.1".into() },
                cluster: Some("gaming".into()),
                started: Some(before(now, 3 * DAY)),
                address: Some(format!("10.0.1.{index}:4222")),
                jetstream: true,
                max_connections: 65_536,
                remotes: u32::try_from(facts.nodes.len()).unwrap_or(1) - 1,
                tls: Some(TlsMode::Mixed),
                certificate: Some(certificate),
                cores: 2,
                meta_leader: facts.nodes.first().map(|node| node.1.clone()),
                ..Node::default()
            };
            let counters = NodeCounters { connections: 9, cpu: 4.0, memory: 40 << 20, storage: (3 << 20, 0), ..NodeCounters::default() };
            let slow = (scene == Scene::Trouble && index == 1).then(|| (before(now, 60), 3));
            NodeRow { node, answers: *answers, counters, read: Some(before(now, 4)), restarts: 1, slow, tone: Tone::Good }
        })
        .collect()
}

/// The first node leads; in trouble the second lacks something and one that was taken out is still a member.
fn meta(scene: Scene, nodes: &[NodeRow]) -> Meta {
    let trouble = scene == Scene::Trouble;
    let replica = |(index, row): (usize, &NodeRow)| Replica {
        node: row.node.name.clone(),
        current: !(trouble && index == 1),
        offline: !row.answers,
        lag: if trouble && index == 1 { 1_240 } else { 0 },
        heard_ms: Some(120),
    };
    let mut replicas: Vec<Replica> = nodes.iter().enumerate().skip(1).map(replica).collect();
    if trouble {
        replicas.push(Replica { node: "nats-9".into(), offline: true, lag: 88_000, ..Replica::default() });
    }
    let size = u32::try_from(replicas.len() + 1).unwrap_or(0);
    Meta { leader: nodes.first().map(|row| row.node.name.clone()), size, replicas }
}

fn flows(scene: Scene, now: Timestamp) -> Vec<FlowRow> {
    let name = if scene == Scene::Hostile { HOSTILE[2] } else { "quest-system-nats" };
    let row = |consumer: &str, flow: Flow, why: &str| FlowRow {
        account: "GAMING".into(),
        stream: "QUESTS".into(),
        consumer: consumer.into(),
        flow,
        since: before(now, 300),
        why: why.into(),
        owner: (!consumer.is_empty()).then(|| key(name)),
        dependents: if consumer.is_empty() { vec![key(name)] } else { Vec::new() },
        numbers: "7 waiting, 0 unacknowledged of at most 1000, 0 asking".into(),
    };
    let flow =
        if scene == Scene::Trouble { (Flow::Stuck, "7 messages wait and nobody has asked for them for 5 min") } else { (Flow::Well, "") };
    vec![row(name, flow.0, flow.1), row("", Flow::Well, "")]
}

fn ill(row: &FlowRow) -> Ill {
    Ill {
        name: format!("{} / {}", row.stream, row.consumer),
        flow: row.flow,
        why: row.why.clone(),
        owner: row.owner.as_ref().map(|key| key.service.clone()),
        dependents: Vec::new(),
    }
}

fn key(service: &str) -> ServiceKey {
    ServiceKey { environment: "production".into(), cluster: "gaming-system-cluster".into(), service: service.into() }
}

/// One connection a service, every other one with TLS; the last is nobody's.
fn connections(scene: Scene, facts: &Facts, now: Timestamp) -> Vec<OwnedConnection> {
    let services: Vec<ServiceKey> = facts.services.iter().take(40).map(|row| row.key.clone()).collect();
    let life = |(index, key): (usize, &ServiceKey)| TaskLife {
        service: key.clone(),
        id: format!("{index:08x}"),
        address: Some(format!("10.0.4.{index}")),
        created: Some(before(now, 7_200)),
        stopped: None,
    };
    let register = Register::new(services.iter().cloned(), services.iter().enumerate().map(life));
    (0..=services.len())
        .map(|index| {
            let own = services.get(index).map(|key| key.service.clone());
            let named = if scene == Scene::Hostile {
                HOSTILE[index % HOSTILE.len()].to_owned()
            } else {
                own.clone().unwrap_or_else(|| "nats-cli".into())
            };
            let connection = Connection {
                node_name: facts.nodes.first().map(|node| node.1.clone()).unwrap_or_default(),
                cid: index as u64,
                name: Some(named),
                user: own,
                address: format!("10.0.4.{index}"),
                port: 40_000,
                lang: Some("rust".into()),
                version: Some("0.51.0".into()),
                started: Some(before(now, 3_600)),
                tls: (index % 2 == 0).then(|| "1.3".to_owned()),
                ..Connection::default()
            };
            let owned = owner_of(&connection, &register, true);
            OwnedConnection {
                cluster: "main".into(),
                client: connection.client(),
                wire: connection.wire(std::time::Duration::from_secs(7), now),
                address: format!("{}:{}", connection.address, connection.port),
                node: connection.node_name,
                cid: connection.cid,
                name: connection.name,
                user: connection.user,
                started: connection.started,
                tls: connection.tls,
                certainty: owned.certainty,
                owner: owned.owner,
                task: owned.task,
                proof: owned.proof,
            }
        })
        .collect()
}
