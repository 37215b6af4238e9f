//! What is wrong with a config file, as one sentence with the place and the cure.

use std::path::Path;

/// A config that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

/// How alike a key must be to be suggested (Jaro-Winkler, 0 to 1).
const ALIKE: f64 = 0.7;

impl ConfigError {
    pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Self {
        let advice = "Name the file with --config, or write one: `signalbox init` does, and signalbox.example.toml shows every key.";
        Self(format!("The config {} cannot be read: {error}. {advice}", path.display()))
    }

    pub(super) fn wrong(path: &Path, why: String) -> Self {
        Self(format!("The config {} cannot be used: {why}", path.display()))
    }

    pub(super) fn syntax(path: &Path, text: &str, error: &toml::de::Error) -> Self {
        let line = error.span().map(|span| text.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 1);
        let place = line.map(|line| format!(", line {line}")).unwrap_or_default();
        let message = error.message();
        let said = unknown_key(message).unwrap_or_else(|| message.to_owned());
        Self(format!("The config {}{place} cannot be used: {said}", path.display()))
    }
}

/// Turns serde's "unknown field `x`, expected one of `a`, `b`" into a sentence with the nearest right key.
pub(crate) fn unknown_key(message: &str) -> Option<String> {
    let rest = message.strip_prefix("unknown field `")?;
    let (key, rest) = rest.split_once('`')?;
    let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
    let nearest = known.iter().copied().max_by(|a, b| strsim::jaro_winkler(key, a).total_cmp(&strsim::jaro_winkler(key, b)));
    Some(match nearest.filter(|nearest| strsim::jaro_winkler(key, nearest) >= ALIKE) {
        Some(nearest) => format!("there is no key \"{key}\" here; did you mean \"{nearest}\"?"),
        None => format!("there is no key \"{key}\" here; the keys are {}.", known.join(", ")),
    })
}
