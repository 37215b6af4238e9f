//! What a container may do and is told.
//!
//! Separate because of what must never be here: the value of an environment variable. Names are judged where they are read
//! ([`looks_secret`], [`sets_nats`]), and only names leave that place. The trap is a rule that calls every `TOKEN_TTL` a secret:
//! then nobody reads the list.

use serde::{Deserialize, Serialize};

/// What a container may do and is told, as far as readiness asks for it. Of its environment the names, and never a value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Hardening {
    /// Whether it has the rights of its host.
    pub privileged: bool,
    /// The user it runs as, as written; none: the image decides.
    pub user: Option<String>,
    /// Whether it cannot write to its root filesystem.
    pub read_only_root: bool,
    /// MiB at which it is ended, and MiB it reserves.
    pub memory: Option<u32>,
    /// See `memory`.
    pub memory_reservation: Option<u32>,
    /// Environment variables in plain text whose names look like a secret's, by name.
    pub secret_like: Vec<String>,
    /// How many it is given from Secrets Manager or Parameter Store.
    pub secrets: u32,
    /// Settings of NATS among its environment and its secrets, by name.
    pub nats: Vec<String>,
}

/// Whether an environment variable of this name likely holds a secret. `TOKEN_FILE` names a file, and `SECRET_ARN` a place:
/// they hold none. Those that AWS's own rule names (Security Hub, ECS.8) always count.
pub fn looks_secret(name: &str) -> bool {
    const ALWAYS: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "ECS_ENGINE_AUTH_DATA"];
    const TELLING: [&str; 9] = ["PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN", "APIKEY", "CREDENTIALS", "CREDS", "NKEY"];
    const KEYS: [&str; 6] = ["API", "ACCESS", "PRIVATE", "SIGNING", "ENCRYPTION", "AUTH"];
    const BESIDE: [&str; 18] = [
        "FILE", "PATH", "DIR", "ARN", "NAME", "ID", "URL", "URI", "HOST", "TTL", "EXPIRY", "TIMEOUT", "LENGTH", "HEADER", "ISSUER",
        "REGION", "ENABLED", "VERSION",
    ];
    let name = name.to_ascii_uppercase();
    let words: Vec<&str> = name.split(['_', '-', '.']).filter(|word| !word.is_empty()).collect();
    let mut pairs = words.iter().zip(words.iter().skip(1));
    let telling = words.iter().any(|word| TELLING.contains(word)) || pairs.any(|(one, two)| *two == "KEY" && KEYS.contains(one));
    ALWAYS.contains(&name.as_str()) || (telling && !words.last().is_some_and(|last| BESIDE.contains(last)))
}

/// Whether an environment variable of this name is a setting of NATS: `NATS_URL`, `APP_NATS_CREDS`.
pub fn sets_nats(name: &str) -> bool {
    name.to_ascii_uppercase().split(['_', '-', '.']).any(|word| word == "NATS")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_names() {
        for (name, secret) in [
            ("DB_PASSWORD", true),
            ("STRIPE_API_KEY", true),
            ("jwt.signing-key", true),
            ("GITHUB_TOKEN", true),
            ("AWS_ACCESS_KEY_ID", true),
            ("DB_PASSWORD_FILE", false),
            ("SECRET_ARN", false),
            ("TOKEN_TTL", false),
            ("PARTITION_KEY", false),
            ("TOKENIZER", false),
            ("SERVICE_NAME", false),
            ("", false),
        ] {
            assert_eq!(looks_secret(name), secret, "{name}");
        }
        assert_eq!(["NATS_URL", "app.nats.creds", "SIGNATS"].map(sets_nats), [true, true, false]);
    }
}
