//! `jsz`: streams and consumers as the nodes tell them, made one list.
//!
//! Every node tells of the streams and consumers it keeps a copy of, so with three copies each is told three times, and
//! only its leader knows the numbers. So all are gathered and of each the leader's word is taken; where no leader speaks,
//! anybody's, without a leader. The trap: a consumer may be led by another node than its stream.

use std::collections::BTreeMap;

use domain::nats::jetstream::{Consumer, Meta, Replica, Stream};
use domain::reading::{JetStreamReading, Seen};
use serde::Deserialize;

use super::wire::{Text, flag, list, nested, number, text, texts};

/// `jsz` with accounts, streams, consumers and their configuration.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Jsz {
    #[serde(deserialize_with = "nested")]
    meta_cluster: Option<MetaInfo>,
    #[serde(deserialize_with = "list")]
    account_details: Vec<AccountInfo>,
}

/// Who leads JetStream; `replicas` only in the leader's own answer.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct MetaInfo {
    #[serde(deserialize_with = "text")]
    pub(super) leader: String,
    #[serde(deserialize_with = "number")]
    cluster_size: Option<u64>,
    #[serde(deserialize_with = "list")]
    replicas: Vec<PeerInfo>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct PeerInfo {
    #[serde(deserialize_with = "text")]
    name: String,
    #[serde(deserialize_with = "flag")]
    current: bool,
    #[serde(deserialize_with = "flag")]
    offline: bool,
    #[serde(deserialize_with = "number")]
    lag: Option<u64>,
    /// Nanoseconds since the leader last heard of it.
    #[serde(deserialize_with = "number")]
    active: Option<u64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct AccountInfo {
    #[serde(deserialize_with = "text")]
    name: String,
    #[serde(deserialize_with = "list")]
    stream_detail: Vec<StreamInfo>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct StreamInfo {
    #[serde(deserialize_with = "text")]
    name: String,
    #[serde(deserialize_with = "nested")]
    cluster: Option<GroupInfo>,
    #[serde(deserialize_with = "nested")]
    config: Option<StreamConfig>,
    #[serde(deserialize_with = "nested")]
    state: Option<StreamState>,
    #[serde(deserialize_with = "list")]
    consumer_detail: Vec<ConsumerInfo>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct GroupInfo {
    #[serde(deserialize_with = "text")]
    leader: String,
    #[serde(deserialize_with = "list")]
    replicas: Vec<PeerInfo>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct StreamConfig {
    #[serde(deserialize_with = "texts")]
    subjects: Vec<String>,
    #[serde(deserialize_with = "number")]
    num_replicas: Option<u64>,
    #[serde(deserialize_with = "number")]
    max_msgs: Option<u64>,
    #[serde(deserialize_with = "number")]
    max_bytes: Option<u64>,
    #[serde(deserialize_with = "nested")]
    metadata: Option<BTreeMap<String, Text>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct StreamState {
    #[serde(deserialize_with = "number")]
    messages: Option<u64>,
    #[serde(deserialize_with = "number")]
    bytes: Option<u64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ConsumerInfo {
    #[serde(deserialize_with = "text")]
    name: String,
    #[serde(deserialize_with = "nested")]
    cluster: Option<GroupInfo>,
    #[serde(deserialize_with = "nested")]
    config: Option<ConsumerConfig>,
    #[serde(deserialize_with = "nested")]
    delivered: Option<Sequence>,
    #[serde(deserialize_with = "nested")]
    ack_floor: Option<Sequence>,
    #[serde(deserialize_with = "number")]
    num_ack_pending: Option<u64>,
    #[serde(deserialize_with = "number")]
    num_redelivered: Option<u64>,
    #[serde(deserialize_with = "number")]
    num_waiting: Option<u64>,
    #[serde(deserialize_with = "number")]
    num_pending: Option<u64>,
    #[serde(deserialize_with = "flag")]
    paused: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ConsumerConfig {
    #[serde(deserialize_with = "text")]
    deliver_subject: String,
    #[serde(deserialize_with = "number")]
    max_ack_pending: Option<u64>,
    #[serde(deserialize_with = "nested")]
    metadata: Option<BTreeMap<String, Text>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Sequence {
    #[serde(deserialize_with = "number")]
    consumer_seq: Option<u64>,
}

/// One list from what the nodes told: by name, and what each said. `whole`: every node with JetStream spoke.
pub(super) fn gathered(told: Vec<(String, Jsz)>, whole: bool) -> JetStreamReading {
    let mut streams: BTreeMap<(String, String), Stream> = BTreeMap::new();
    let mut consumers: BTreeMap<(String, String, String), Consumer> = BTreeMap::new();
    let mut meta: Option<Meta> = None;
    for (node, jsz) in told {
        if let Some(info) = jsz.meta_cluster {
            let own = info.leader == node;
            if own || meta.is_none() {
                meta = Some(Meta {
                    leader: filled(&info.leader),
                    size: small(info.cluster_size),
                    replicas: info.replicas.iter().map(replica).collect(),
                });
            }
        }
        for account in jsz.account_details {
            for info in account.stream_detail {
                for consumer in &info.consumer_detail {
                    let key = (account.name.clone(), info.name.clone(), consumer.name.clone());
                    let led = leads(consumer.cluster.as_ref(), &node);
                    if led || !consumers.contains_key(&key) {
                        consumers.insert(key, consumer_of(&account.name, &info.name, consumer));
                    }
                }
                let key = (account.name.clone(), info.name.clone());
                if leads(info.cluster.as_ref(), &node) || !streams.contains_key(&key) {
                    streams.insert(key, stream_of(&account.name, info));
                }
            }
        }
    }
    let streams = Seen::all(streams.into_values().collect(), whole);
    JetStreamReading { meta, streams, consumers: consumers.into_values().collect() }
}

/// Without a group there is one copy, and whoever tells of it leads.
fn leads(group: Option<&GroupInfo>, node: &str) -> bool {
    group.is_none_or(|group| group.leader == node)
}

fn stream_of(account: &str, info: StreamInfo) -> Stream {
    let config = info.config.unwrap_or_default();
    let state = info.state.unwrap_or_default();
    let group = info.cluster.unwrap_or_default();
    Stream {
        account: account.to_owned(),
        name: info.name,
        subjects: config.subjects,
        leader: filled(&group.leader),
        replicated: config.num_replicas.unwrap_or(1) > 1,
        replicas: group.replicas.iter().map(replica).collect(),
        messages: state.messages.unwrap_or(0),
        bytes: state.bytes.unwrap_or(0),
        // −1 means without limit and reads as absent
        max_messages: config.max_msgs.filter(|most| *most > 0),
        max_bytes: config.max_bytes.filter(|most| *most > 0),
        metadata: kept(config.metadata),
    }
}

fn consumer_of(account: &str, stream: &str, info: &ConsumerInfo) -> Consumer {
    let config = info.config.clone().unwrap_or_default();
    let sequence = |sequence: &Option<Sequence>| sequence.as_ref().and_then(|sequence| sequence.consumer_seq).unwrap_or(0);
    Consumer {
        account: account.to_owned(),
        stream: stream.to_owned(),
        name: info.name.clone(),
        leader: info.cluster.as_ref().and_then(|group| filled(&group.leader)),
        pull: config.deliver_subject.is_empty(),
        paused: info.paused,
        pending: info.num_pending.unwrap_or(0),
        ack_pending: info.num_ack_pending.unwrap_or(0),
        max_ack_pending: config.max_ack_pending.filter(|most| *most > 0),
        waiting: info.num_waiting.unwrap_or(0),
        redelivered: info.num_redelivered.unwrap_or(0),
        delivered: sequence(&info.delivered),
        acked: sequence(&info.ack_floor),
        metadata: kept(config.metadata),
    }
}

fn replica(peer: &PeerInfo) -> Replica {
    Replica {
        node: peer.name.clone(),
        current: peer.current,
        offline: peer.offline,
        lag: peer.lag.unwrap_or(0),
        heard_ms: peer.active.map(|nanos| nanos / 1_000_000),
    }
}

/// Metadata is its owner's to write: bounded, because it is kept.
fn kept(metadata: Option<BTreeMap<String, Text>>) -> BTreeMap<String, String> {
    const MOST: usize = 32;
    let cut = |text: String| text.chars().take(256).collect::<String>();
    metadata.into_iter().flatten().take(MOST).map(|(key, value)| (cut(key), cut(value.0))).collect()
}

fn filled(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn small(number: Option<u64>) -> u32 {
    number.and_then(|number| u32::try_from(number).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::wire::parsed;
    use super::*;

    fn told(node: &str, jsz: &str) -> (String, Jsz) {
        (node.to_owned(), parsed(jsz.as_bytes()).unwrap())
    }

    #[test]
    fn of_three_copies_the_leaders_word_is_taken() {
        let copy = |leader: &str, messages: u64, pending: u64| {
            format!(
                r#"{{"meta_cluster": {{"leader": "n2", "cluster_size": 3}}, "account_details": [{{"name": "APP", "stream_detail": [{{
                    "name": "QUESTS", "cluster": {{"leader": "n2", "replicas": [{{"name": "n1", "current": true, "lag": 0}}]}},
                    "config": {{"subjects": ["quest.>"], "num_replicas": 3, "max_msgs": -1, "max_bytes": 1000, "metadata": {{"owner": "quest"}}}},
                    "state": {{"messages": {messages}, "bytes": 10}},
                    "consumer_detail": [{{"name": "worker", "cluster": {{"leader": "{leader}"}}, "config": {{"max_ack_pending": 1000}},
                        "num_pending": {pending}, "delivered": {{"consumer_seq": 5}}, "ack_floor": {{"consumer_seq": 4}}}}]}}]}}]}}"#
            )
        };
        let reading = gathered(vec![told("n1", &copy("n1", 1, 7)), told("n2", &copy("n1", 2, 8)), told("n3", &copy("n1", 3, 9))], true);
        let stream = &reading.streams.items[0];
        assert_eq!((reading.streams.items.len(), stream.messages, stream.max_messages, stream.max_bytes), (1, 2, None, Some(1_000)));
        assert_eq!((stream.leader.as_deref(), stream.replicated, stream.metadata["owner"].as_str()), (Some("n2"), true, "quest"));
        let [consumer] = &reading.consumers[..] else { panic!() };
        assert_eq!(
            (consumer.pending, consumer.pull, consumer.max_ack_pending, consumer.delivered, consumer.acked),
            (7, true, Some(1_000), 5, 4)
        );
        assert_eq!(reading.meta.unwrap().leader.as_deref(), Some("n2"));
    }

    #[test]
    fn the_leader_tells_how_the_others_of_its_group_stand() {
        let follower = r#"{"meta_cluster": {"leader": "n2", "cluster_size": 3}}"#;
        let leader = r#"{"meta_cluster": {"leader": "n2", "cluster_size": 3, "replicas": [
            {"name": "n1", "current": true, "active": 120500000},
            {"name": "n3", "current": false, "offline": true, "active": 7200000000000, "lag": 41, "peer": "x"}]}}"#;
        for told_first in [[("n1", follower), ("n2", leader)], [("n2", leader), ("n1", follower)]] {
            let meta = gathered(told_first.map(|(node, jsz)| told(node, jsz)).into(), true).meta.unwrap();
            assert_eq!((meta.leader.as_deref(), meta.size), (Some("n2"), 3));
            let stands: Vec<_> = meta.replicas.iter().map(|one| (one.node.as_str(), one.standing().1, one.lag, one.heard_ms)).collect();
            assert_eq!(stands, [("n1", "current", 0, Some(120)), ("n3", "offline", 41, Some(7_200_000))]);
        }
    }

    #[test]
    fn odd_answers_harm_nothing() {
        let odd = r#"{"meta_cluster": 7, "account_details": [{"name": "A", "stream_detail": [null, {"name": 4, "config": []}]}, "x"]}"#;
        let reading = gathered(vec![told("n1", odd)], false);
        assert_eq!((reading.meta, reading.streams.items.len(), reading.streams.whole), (None, 1, false));
    }
}
