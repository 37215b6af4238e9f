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
    pub(super) config: Option<IgnoredAny>,
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

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match Loose::deserialize(deserializer)? {
        Loose::Text(text) => text,
        _ => String::new(),
    })
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(match Loose::deserialize(deserializer)? {
        Loose::Whole(number) => Some(number),
        // some proxies write counts as 12.0; beyond 2^53 a float is no count any more
        Loose::Real(real) if real.fract() == 0.0 && real < 9e15 => Some(real as u64),
        _ => None,
    })
}

fn real<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(match Loose::deserialize(deserializer)? {
        Loose::Real(real) => real,
        Loose::Whole(number) => u32::try_from(number).map_or(0.0, f64::from),
        _ => 0.0,
    })
}

fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(matches!(Loose::deserialize(deserializer)?, Loose::Flag(true)))
}

/// RFC 3339; Go's zero time (year 1) means that it is not known.
fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    Ok(match Loose::deserialize(deserializer)? {
        Loose::Text(text) if !text.starts_with("0001-") => text.parse().ok(),
        _ => None,
    })
}

/// An object; anything else in its place reads as absent.
fn nested<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    deserializer.deserialize_any(NestedVisitor(PhantomData))
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
        let connz: Connz = parsed(br#"{"connections": [{"cid": 1, "jwt": "CANARY", "issuer_key": "A", "name": "x"}]}"#).unwrap();
        assert!(!format!("{connz:?}").contains("CANARY"));
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
