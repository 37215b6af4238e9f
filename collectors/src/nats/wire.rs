//! What NATS servers answer, read tolerantly.
//!
//! Versions differ, fields come and go, and a monitoring port may be anybody's. So: every field is optional, a field
//! of the wrong type reads as absent, a number that cannot be (negative, too large) reads as absent, and only what is
//! no JSON at all, or no object, or nested beyond serde_json's limit, makes the whole answer unreadable. The trap is
//! what is *not* here: `connz` with `auth=1` carries users' JWTs, and a field that is in no type cannot be stored.

mod loose;

use domain::Timestamp;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

pub(super) use loose::{Text, flag, instant, list, nested, number, real, text, texts};

/// An answer over the system account: who speaks, and what.
#[derive(Debug, Deserialize)]
pub(super) struct Envelope<T> {
    #[serde(default)]
    pub(super) server: Speaker,
    pub(super) data: Option<T>,
    pub(super) error: Option<Refusal>,
}

/// The server that answers.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Speaker {
    #[serde(deserialize_with = "text")]
    pub(super) id: String,
    #[serde(deserialize_with = "text")]
    pub(super) name: String,
}

/// Why a server did not answer the question.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Refusal {
    #[serde(deserialize_with = "text")]
    pub(super) description: String,
}

/// `varz`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Varz {
    #[serde(deserialize_with = "text")]
    pub(super) server_id: String,
    #[serde(deserialize_with = "text")]
    pub(super) server_name: String,
    #[serde(deserialize_with = "text")]
    pub(super) version: String,
    #[serde(deserialize_with = "text")]
    pub(super) host: String,
    #[serde(deserialize_with = "number")]
    pub(super) port: Option<u64>,
    #[serde(deserialize_with = "instant")]
    pub(super) start: Option<Timestamp>,
    #[serde(deserialize_with = "instant")]
    pub(super) now: Option<Timestamp>,
    #[serde(deserialize_with = "nested")]
    pub(super) cluster: Option<VarzCluster>,
    #[serde(deserialize_with = "nested")]
    pub(super) gateway: Option<VarzCluster>,
    #[serde(deserialize_with = "number")]
    pub(super) leafnodes: Option<u64>,
    #[serde(deserialize_with = "nested")]
    pub(super) jetstream: Option<VarzJetStream>,
    #[serde(deserialize_with = "flag")]
    pub(super) tls_required: bool,
    #[serde(deserialize_with = "number")]
    pub(super) max_connections: Option<u64>,
    #[serde(deserialize_with = "number")]
    pub(super) connections: Option<u64>,
    #[serde(deserialize_with = "number")]
    pub(super) remotes: Option<u64>,
    #[serde(deserialize_with = "real")]
    pub(super) cpu: f64,
    #[serde(deserialize_with = "number")]
    pub(super) mem: Option<u64>,
    #[serde(deserialize_with = "number")]
    pub(super) slow_consumers: Option<u64>,
    #[serde(deserialize_with = "number")]
    pub(super) in_msgs: Option<u64>,
    #[serde(deserialize_with = "number")]
    pub(super) out_msgs: Option<u64>,
    #[serde(deserialize_with = "text")]
    pub(super) config_digest: String,
    #[serde(deserialize_with = "text")]
    pub(super) system_account: String,
    #[serde(deserialize_with = "real")]
    pub(super) tls_timeout: f64,
    #[serde(deserialize_with = "instant")]
    pub(super) tls_cert_not_after: Option<Timestamp>,
    #[serde(deserialize_with = "number")]
    pub(super) max_pending: Option<u64>,
    #[serde(deserialize_with = "number")]
    pub(super) cores: Option<u64>,
    #[serde(deserialize_with = "number")]
    pub(super) gomaxprocs: Option<u64>,
    #[serde(deserialize_with = "number")]
    pub(super) total_connections: Option<u64>,
    #[serde(deserialize_with = "number")]
    pub(super) subscriptions: Option<u64>,
    #[serde(deserialize_with = "nested")]
    pub(super) slow_consumer_stats: Option<SlowStats>,
}

/// Slow consumers by kind of link; since 2.10.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SlowStats {
    #[serde(deserialize_with = "number")]
    pub(super) routes: Option<u64>,
    #[serde(deserialize_with = "number")]
    pub(super) gateways: Option<u64>,
    #[serde(deserialize_with = "number")]
    pub(super) leafs: Option<u64>,
}

/// `cluster` or `gateway`; `{}` where there is none.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct VarzCluster {
    #[serde(deserialize_with = "text")]
    pub(super) name: String,
}

/// Present as `{}` where JetStream is off.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct VarzJetStream {
    #[serde(deserialize_with = "nested")]
    pub(super) config: Option<JetStreamConfig>,
    #[serde(deserialize_with = "nested")]
    pub(super) stats: Option<JetStreamStats>,
    #[serde(deserialize_with = "nested")]
    pub(super) meta: Option<super::jetstream::MetaInfo>,
}

/// What JetStream may use on a node.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct JetStreamConfig {
    #[serde(deserialize_with = "number")]
    pub(super) max_storage: Option<u64>,
}

/// What it uses.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct JetStreamStats {
    #[serde(deserialize_with = "number")]
    pub(super) storage: Option<u64>,
    #[serde(deserialize_with = "nested")]
    pub(super) api: Option<JetStreamApi>,
}

/// Its API.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct JetStreamApi {
    #[serde(deserialize_with = "number")]
    pub(super) errors: Option<u64>,
}

/// `connz`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Connz {
    #[serde(deserialize_with = "number")]
    pub(super) total: Option<u64>,
    pub(super) connections: Vec<ConnInfo>,
}

/// One connection of `connz`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ConnInfo {
    #[serde(deserialize_with = "number")]
    pub(super) cid: Option<u64>,
    #[serde(deserialize_with = "text")]
    pub(super) kind: String,
    #[serde(deserialize_with = "text")]
    pub(super) ip: String,
    #[serde(deserialize_with = "number")]
    pub(super) port: Option<u64>,
    #[serde(deserialize_with = "instant")]
    pub(super) start: Option<Timestamp>,
    #[serde(deserialize_with = "text")]
    pub(super) name: String,
    #[serde(deserialize_with = "text")]
    pub(super) lang: String,
    #[serde(deserialize_with = "text")]
    pub(super) version: String,
    #[serde(deserialize_with = "text")]
    pub(super) account: String,
    #[serde(deserialize_with = "text")]
    pub(super) authorized_user: String,
    #[serde(deserialize_with = "text")]
    pub(super) tls_version: String,
    #[serde(deserialize_with = "number")]
    pub(super) pending_bytes: Option<u64>,
    #[serde(deserialize_with = "number")]
    pub(super) in_msgs: Option<u64>,
    #[serde(deserialize_with = "number")]
    pub(super) out_msgs: Option<u64>,
    #[serde(deserialize_with = "number")]
    pub(super) subscriptions: Option<u64>,
    #[serde(deserialize_with = "list")]
    pub(super) tls_peer_certs: Vec<PeerCertificate>,
    #[serde(deserialize_with = "nested")]
    pub(super) proxy: Option<IgnoredAny>,
    #[serde(deserialize_with = "instant")]
    pub(super) stop: Option<Timestamp>,
    #[serde(deserialize_with = "text")]
    pub(super) reason: String,
}

/// The certificate a client showed; only its subject is of use here.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PeerCertificate {
    #[serde(deserialize_with = "text")]
    pub(super) subject: String,
}

/// `routez`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Routez {
    pub(super) routes: Vec<RouteInfo>,
}

/// One route connection of `routez`; several per server, because routes are pooled.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RouteInfo {
    #[serde(deserialize_with = "text")]
    pub(super) remote_id: String,
    #[serde(deserialize_with = "text")]
    pub(super) remote_name: String,
    #[serde(deserialize_with = "text")]
    pub(super) ip: String,
    #[serde(deserialize_with = "number")]
    pub(super) pending_size: Option<u64>,
}

/// What is asked of `connz`.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct ConnzOptions {
    /// With users, accounts and TLS facts.
    pub(super) auth: bool,
    /// Most connections in one answer.
    pub(super) limit: u64,
    /// How many to leave out at the beginning.
    pub(super) offset: u64,
    /// Which: 0 the open ones, 1 those that ended (nats-server, `ConnState`).
    pub(super) state: u8,
}

/// What is asked of `jsz`: streams and consumers of every account, with what their owners wrote on them.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct JszOptions {
    pub(super) accounts: bool,
    pub(super) streams: bool,
    pub(super) consumer: bool,
    pub(super) config: bool,
    /// Accounts in one answer.
    pub(super) limit: u64,
}

impl JszOptions {
    /// Accounts in one answer: nats-server's own default.
    pub(super) const LIMIT: u64 = 1_024;
    /// Everything.
    pub(super) const EVERYTHING: Self = Self { accounts: true, streams: true, consumer: true, config: true, limit: Self::LIMIT };
}

/// Reads an answer; the error says in words what was wrong with it.
pub(super) fn parsed<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    // serde would take a list for a struct, field by field
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err("the answer is no JSON object".to_owned());
    }
    serde_json::from_slice(bytes).map_err(|error| format!("the answer is no JSON we understand: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn odd_fields_read_as_absent_and_harm_nothing_else() {
        let varz: Varz = parsed(
            br#"{"server_id": "N1", "server_name": 7, "connections": -3, "remotes": 2.0, "cpu": "hot", "mem": 1e300, "start": "yesterday",
                 "now": "0001-01-01T00:00:00Z", "cluster": "none", "jetstream": [1, {"a": 2}], "tls_required": "yes", "unknown": {"deep": []}}"#,
        )
        .unwrap();
        assert_eq!((varz.server_id.as_str(), varz.server_name.as_str()), ("N1", ""));
        assert_eq!((varz.connections, varz.remotes, varz.mem, varz.start, varz.now), (None, Some(2), None, None, None));
        assert!(varz.cluster.is_none() && varz.jetstream.is_none() && !varz.tls_required);
        assert_eq!(varz.cpu, 0.0);
    }

    #[test]
    fn what_cannot_be_json_is_an_error_in_words() {
        let bomb = "[".repeat(100_000);
        let bomb = format!("{{\"cluster\": {bomb}");
        for bytes in [&b"{\"cpu\": NaN}"[..], b"[]", b"", b"<html>", b"{\"server_id\": \"\xff\xfe\"}", b"{\"mem\": 1e999}", bomb.as_bytes()]
        {
            let error = parsed::<Varz>(bytes).unwrap_err();
            assert!(error.starts_with("the answer is no JSON"), "{error}");
        }
    }

    #[test]
    fn a_jwt_goes_nowhere() {
        let connz: Connz = parsed(
            br#"{"connections": [{"cid": 1, "jwt": "CANARY", "issuer_key": "A", "name": "x", "tags": ["CANARY"],
                 "tls_peer_certs": [{"subject": "CN=auth", "raw": "CANARY"}, 7], "proxy": {"key": "CANARY"}}, {"cid": 2, "proxy": 1, "tls_peer_certs": {}}]}"#,
        )
        .unwrap();
        assert!(!format!("{connz:?}").contains("CANARY"));
        let [first, second] = &connz.connections[..] else { panic!() };
        assert_eq!((first.tls_peer_certs.len(), first.proxy.is_some()), (1, true));
        assert!(second.tls_peer_certs.is_empty() && second.proxy.is_none());
    }

    #[test]
    fn jetstream_is_off_without_a_config() {
        assert!(parsed::<Varz>(br#"{"jetstream": {}}"#).unwrap().jetstream.unwrap().config.is_none());
        assert!(parsed::<Varz>(br#"{"jetstream": {"config": {"max_memory": 1}}}"#).unwrap().jetstream.unwrap().config.is_some());
    }

    proptest! {
        /// Any bytes, and any JSON in any field, either parse or are an error; never a panic.
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), field in "server_id|cpu|connections|cluster|start", value in "-?[0-9]{1,30}|true|null|\"\"|\\[\\]|\\{\\}") {
            let _bytes = parsed::<Varz>(&bytes);
            let _field = parsed::<Varz>(format!("{{\"{field}\": {value}}}").as_bytes());
        }
    }
}
