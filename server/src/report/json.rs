//! The document itself in an envelope: document, key, signature.
//!
//! The bytes between `"document":` and `,"key"` are exactly what was signed, so that any program can check it without knowing
//! what a canonical document is.

use domain::report::canonical::written;
use serde_json::Value;

use super::RENDERING;
use super::carry::{Carried, Sealed};
use super::sign::{PublicKey, Signature};

/// The envelope, with a line's end.
pub(super) fn render(sealed: &Sealed) -> String {
    let (document, key, signature) = (sealed.canonical(), sealed.key(), sealed.signature());
    // neither a key nor a signature has a sign that JSON escapes
    format!("{{\"document\":{document},\"key\":\"{key}\",\"signature\":\"{signature}\"}}\n")
}

/// What an envelope holds.
pub(super) fn carried(text: &str) -> Result<Carried, String> {
    let envelope: Value = serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))?;
    let word = |name: &str| envelope.get(name).and_then(Value::as_str).ok_or_else(|| format!("its envelope has no \"{name}\""));
    let key = word("key")?;
    let key = PublicKey::parse(key).filter(|parsed| parsed.to_string() == key).ok_or("it does not name the key that signed it")?;
    let signature = Signature::parse(word("signature")?).ok_or("its signature is no signature")?;
    let document = envelope.get("document").ok_or("its envelope has no \"document\"")?;
    Ok(Carried::plain(RENDERING, key, signature, written(document)))
}
