//! Between CBOR and the JSON tree in which the operations are written.
//!
//! The trap: CBOR marks a time with tag 1 and the SDK insists on it. In CloudWatch's answers exactly the members whose names end in `Timestamp` are times, and the items of
//! those that end in `Timestamps`.

use ciborium::Value as Cbor;
use serde_json::{Map, Value};

/// CBOR's tag for "seconds since 1970".
const EPOCH_TAG: u64 = 1;

pub(crate) fn encode(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Err(error) = ciborium::into_writer(&to_cbor(value), &mut bytes) {
        tracing::error!(%error, "an answer could not be written as CBOR");
    }
    bytes
}

/// None for anything that is not one CBOR map of plain values. An empty body is an empty map.
pub(crate) fn decode(bytes: &[u8]) -> Option<Value> {
    if bytes.is_empty() {
        return Some(Value::Object(Map::new()));
    }
    let value: Cbor = ciborium::from_reader(bytes).ok()?;
    from_cbor(&value).filter(Value::is_object)
}

fn to_cbor(value: &Value) -> Cbor {
    match value {
        Value::Null => Cbor::Null,
        Value::Bool(truth) => Cbor::Bool(*truth),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Cbor::Integer(whole.into()),
            None => Cbor::Float(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => Cbor::Text(text.clone()),
        Value::Array(items) => Cbor::Array(items.iter().map(to_cbor).collect()),
        Value::Object(members) => {
            Cbor::Map(members.iter().map(|(name, member)| (Cbor::Text(name.clone()), member_to_cbor(name, member))).collect())
        }
    }
}

fn member_to_cbor(name: &str, member: &Value) -> Cbor {
    match member.as_f64() {
        Some(seconds) if name.ends_with("Timestamp") => time(seconds),
        None if name.ends_with("Timestamps") => {
            Cbor::Array(member.as_array().into_iter().flatten().map(|item| item.as_f64().map_or_else(|| to_cbor(item), time)).collect())
        }
        _ => to_cbor(member),
    }
}

fn time(seconds: f64) -> Cbor {
    Cbor::Tag(EPOCH_TAG, Box::new(Cbor::Float(seconds)))
}

fn from_cbor(value: &Cbor) -> Option<Value> {
    Some(match value {
        Cbor::Null => Value::Null,
        Cbor::Bool(truth) => Value::from(*truth),
        Cbor::Integer(whole) => Value::from(i64::try_from(*whole).ok()?),
        Cbor::Float(number) => Value::from(*number),
        Cbor::Tag(EPOCH_TAG, seconds) => from_cbor(seconds)?,
        Cbor::Text(text) => Value::from(text.as_str()),
        Cbor::Array(items) => Value::Array(items.iter().map(from_cbor).collect::<Option<_>>()?),
        Cbor::Map(members) => Value::Object(
            members.iter().map(|(name, member)| Some((name.as_text()?.to_owned(), from_cbor(member)?))).collect::<Option<_>>()?,
        ),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_timestamp_gets_its_tag_and_nothing_else_does() {
        let bytes = encode(&json!({"StateUpdatedTimestamp": 1.5, "Threshold": 80.0, "Period": 60}));
        let Cbor::Map(members) = ciborium::from_reader(bytes.as_slice()).unwrap() else { panic!("no map") };
        let member = |name: &str| members.iter().find(|(key, _)| key.as_text() == Some(name)).map(|(_, value)| value.clone()).unwrap();
        assert_eq!(member("StateUpdatedTimestamp"), Cbor::Tag(1, Box::new(Cbor::Float(1.5))));
        assert_eq!(member("Threshold"), Cbor::Float(80.0));
        assert_eq!(member("Period"), Cbor::Integer(60.into()));
        assert_eq!(
            decode(&encode(&json!({"Timestamps": [1.5, 2.0]}))),
            Some(json!({"Timestamps": [1.5, 2.0]})),
            "a time is read as its seconds"
        );
    }

    #[test]
    fn only_a_whole_map_is_an_input() {
        assert_eq!(decode(&[]), Some(json!({})));
        assert_eq!(decode(&encode(&json!({"MaxRecords": 5, "AlarmNames": ["a"]}))), Some(json!({"MaxRecords": 5, "AlarmNames": ["a"]})));
        for broken in [&[0xff_u8][..], &[0x81, 0x01], &[0xa1, 0x61], b"{}"] {
            assert_eq!(decode(broken), None, "{broken:?}");
        }
    }
}
