//! The one way a document is written: keys sorted, no blanks, integers only.
//!
//! What is signed is bytes, so two programs must write the same document alike; this is what RFC 8785 (JSON Canonicalization
//! Scheme) comes to for documents without floating point whose keys are ASCII. The trap is a JSON library that keeps the order
//! of insertion because some other crate asked it to (`preserve_order`): the order is made here and not taken from a map.

use serde::Serialize;
use serde_json::Value;

/// `value` as canonical JSON.
///
/// # Errors
/// When it cannot be JSON: a map whose keys are no text.
pub fn canonical<T: Serialize>(value: &T) -> serde_json::Result<String> {
    Ok(written(&serde_json::to_value(value)?))
}

/// A JSON value, canonically.
pub fn written(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            out.push('{');
            for (index, (name, value)) in fields.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                text(name, out);
                out.push(':');
                write(value, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::String(said) => text(said, out),
        Value::Null | Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
    }
}

/// A text in quotes. Only what JSON demands is escaped, the rest stands as it is.
fn text(said: &str, out: &mut String) {
    use std::fmt::Write;
    out.push('"');
    for character in said.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            // writing to a String cannot fail
            '\0'..'\u{20}' => write!(out, "\\u{:04x}", u32::from(character)).unwrap_or_default(),
            other => out.push(other),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_are_sorted_and_nothing_is_added() {
        let value = json!({ "b": [1, true, null, "x\u{1}\n\"\\é"], "a": { "z": -1, "y": {} }, "": [] });
        assert_eq!(written(&value), "{\"\":[],\"a\":{\"y\":{},\"z\":-1},\"b\":[1,true,null,\"x\\u0001\\n\\\"\\\\é\"]}");
    }

    proptest! {
        #[test]
        fn any_text_is_read_back(said in any::<String>()) {
            let text = written(&Value::String(said.clone()));
            prop_assert_eq!(&serde_json::from_str::<String>(&text).unwrap(), &said);
            prop_assert_eq!(text, serde_json::to_string(&said).unwrap());
        }
    }
}
