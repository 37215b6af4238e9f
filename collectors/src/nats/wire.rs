//! What NATS servers answer, read tolerantly.
//!
//! Versions differ, fields come and go, and a monitoring port may be anybody's. So: every field is optional, a field
//! of the wrong type reads as absent, a number that cannot be (negative, too large) reads as absent, and only what is
//! no JSON at all, or no object, or nested beyond serde_json's limit, makes the whole answer unreadable. The trap is
//! what is *not* here: `connz` with `auth=1` carries users' JWTs, and a field that is in no type cannot be stored.

use std::fmt;
use std::marker::PhantomData;

use domain::Timestamp;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

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

/// Whatever stands there, reduced to what can be used.
enum Loose {
    Text(String),
    Whole(u64),
    Real(f64),
    Flag(bool),
    Other,
}

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LooseVisitor)
    }
}

struct LooseVisitor;

impl<'de> Visitor<'de> for LooseVisitor {
    type Value = Loose;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Loose, E> {
        Ok(Loose::Flag(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Loose, E> {
        Ok(Loose::Whole(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Loose, E> {
        Ok(u64::try_from(value).map_or(Loose::Other, Loose::Whole))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Loose, E> {
        Ok(if value.is_finite() && value >= 0.0 { Loose::Real(value) } else { Loose::Other })
    }

    fn visit_str<E>(self, value: &str) -> Result<Loose, E> {
        Ok(Loose::Text(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Loose, E> {
        Ok(Loose::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Loose, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Loose::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Loose, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Loose::Other)
    }
}

pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match Loose::deserialize(deserializer)? {
        Loose::Text(text) => text,
        _ => String::new(),
    })
}

pub(super) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(match Loose::deserialize(deserializer)? {
        Loose::Whole(number) => Some(number),
        // some proxies write counts as 12.0; beyond 2^53 a float is no count any more
        Loose::Real(real) if real.fract() == 0.0 && real < 9e15 => Some(real as u64),
        _ => None,
    })
}

pub(super) fn real<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(match Loose::deserialize(deserializer)? {
        Loose::Real(real) => real,
        Loose::Whole(number) => u32::try_from(number).map_or(0.0, f64::from),
        _ => 0.0,
    })
}

pub(super) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(matches!(Loose::deserialize(deserializer)?, Loose::Flag(true)))
}

/// RFC 3339; Go's zero time (year 1) means that it is not known.
pub(super) fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    Ok(match Loose::deserialize(deserializer)? {
        Loose::Text(text) if !text.starts_with("0001-") => text.parse().ok(),
        _ => None,
    })
}

/// An object; anything else in its place reads as absent.
pub(super) fn nested<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    deserializer.deserialize_any(NestedVisitor(PhantomData))
}

/// A list of objects; anything else in its place reads as empty, and what is no object in it is left out.
pub(super) fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let list = deserializer.deserialize_any(ListVisitor::<Maybe<T>>(PhantomData))?;
    Ok(list.into_iter().filter_map(|item| item.0).collect())
}

/// A list of texts; anything else in its place reads as empty.
pub(super) fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let list = deserializer.deserialize_any(ListVisitor::<Text>(PhantomData))?;
    Ok(list.into_iter().map(|text| text.0).filter(|text| !text.is_empty()).collect())
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Vec<T>, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Vec::new())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_str<E>(self, _: &str) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_unit<E>(self) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }
}

/// An object of a list, or nothing where it is none.
struct Maybe<T>(Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Maybe<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        nested(deserializer).map(Self)
    }
}

/// A text in a list of texts, or a value of a map of texts; anything else reads as empty.
#[derive(Clone, Debug, Default)]
pub(super) struct Text(pub(super) String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text(deserializer).map(Self)
    }
}

struct NestedVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for NestedVisitor<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Option<T>, A::Error> {
        T::deserialize(serde::de::value::MapAccessDeserializer::new(entries)).map(Some)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Option<T>, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }
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
