//! Secrets that are random: session, token, link. Given out once; kept as their hash.
//!
//! A plain SHA-256 is enough for 256 random bits, there is nothing to guess; and it is quick, which every request needs.

use sha2::{Digest as _, Sha256};

use crate::dice::Dice;

/// The hash of a secret: what the store keeps of it.
pub type Digest = [u8; 32];

/// How an API token begins, so that a leaked one is recognised.
pub const TOKEN_PREFIX: &str = "sbx_";

/// A new secret, and what is kept of it.
pub struct Made {
    /// Shown once.
    pub secret: String,
    /// Kept.
    pub hash: Digest,
}

impl Made {
    /// A secret of 256 random bits.
    ///
    /// # Errors
    /// When the system has no random bytes to give.
    pub fn new(dice: &dyn Dice) -> std::io::Result<Self> {
        Self::with_prefix(dice, "")
    }

    /// The same as an API token.
    ///
    /// # Errors
    /// As [`Made::new`].
    pub fn token(dice: &dyn Dice) -> std::io::Result<Self> {
        Self::with_prefix(dice, TOKEN_PREFIX)
    }

    fn with_prefix(dice: &dyn Dice, prefix: &str) -> std::io::Result<Self> {
        let mut bytes = [0; 32];
        dice.fill(&mut bytes)?;
        let secret = bytes.iter().fold(prefix.to_owned(), |text, byte| format!("{text}{byte:02x}"));
        Ok(Self { hash: digest(&secret), secret })
    }
}

/// What is kept of a secret.
pub fn digest(secret: &str) -> Digest {
    Sha256::digest(secret.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::SystemDice;

    #[test]
    fn secrets_differ_and_are_found_by_their_hash() {
        let (one, other) = (Made::new(&SystemDice).unwrap(), Made::token(&SystemDice).unwrap());
        assert_eq!((one.secret.len(), other.secret.len()), (64, 68));
        assert!(other.secret.starts_with(TOKEN_PREFIX) && other.secret.get(4..) != Some(one.secret.as_str()));
        assert_eq!(digest(&other.secret), other.hash);
    }
}
