//! Passwords, hashed with argon2id.
//!
//! Off the async threads, and at most two at once: each takes 19 MiB and tens of milliseconds, and a crowd at the door must
//! not take the memory of what is inside. The trap is the account that does not exist: it is checked against a hash of
//! nobody's, so that the time of an answer tells nothing.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use tokio::sync::Semaphore;

use crate::dice::Dice;

/// OWASP's current minimum for argon2id (Password Storage Cheat Sheet, "Argon2id": m = 19 MiB, t = 2, p = 1).
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Bytes of salt and of hash (RFC 9106 §3.1 and §4: 16 and 32).
const SALT: usize = 16;
const HASH: usize = 32;
/// How many are hashed at once.
const AT_ONCE: usize = 2;

/// Why a password could not be hashed or compared: our own fault, never the password's.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// The system has no random bytes to give.
    #[error("no random bytes for a salt")]
    Salt(#[from] std::io::Error),
    /// The parameters are wrong, or there is no memory.
    #[error("argon2 refused: {0}")]
    Argon2(argon2::Error),
    /// A row holds no hash of ours.
    #[error("the store holds a password hash that cannot be read")]
    Kept,
    /// The thread was lost.
    #[error("the hashing thread ended")]
    Thread,
}

/// Hashes and compares.
#[derive(Clone)]
pub struct Hashing {
    places: Arc<Semaphore>,
}

impl Default for Hashing {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Hashing {
    /// A password as it is kept, with a salt of its own.
    ///
    /// # Errors
    /// Our own fault only.
    pub async fn hash(&self, password: String, dice: &dyn Dice) -> Result<String, HashError> {
        let mut salt = [0; SALT];
        dice.fill(&mut salt)?;
        self.off(move || Ok(written(&salt, &hashed(password.as_bytes(), &salt, parameters()?)?))).await
    }

    /// Whether this is the password that was hashed; takes as long for `None`, which is nobody's.
    ///
    /// # Errors
    /// Our own fault only.
    pub async fn is(&self, password: String, kept: Option<String>) -> Result<bool, HashError> {
        self.off(move || {
            let (salt, hash, parameters) = match &kept {
                Some(kept) => read(kept).ok_or(HashError::Kept)?,
                None => (vec![0; SALT], vec![0; HASH], parameters()?),
            };
            let same = alike(&hashed(password.as_bytes(), &salt, parameters)?, &hash);
            Ok(same && kept.is_some())
        })
        .await
    }

    async fn off<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T, HashError> + Send + 'static) -> Result<T, HashError> {
        let _place = self.places.acquire().await.map_err(|_| HashError::Thread)?;
        tokio::task::spawn_blocking(work).await.map_err(|_| HashError::Thread)?
    }
}

fn parameters() -> Result<Params, HashError> {
    Params::new(MEMORY_KIB, PASSES, LANES, Some(HASH)).map_err(HashError::Argon2)
}

fn hashed(password: &[u8], salt: &[u8], parameters: Params) -> Result<[u8; HASH], HashError> {
    let mut hash = [0; HASH];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters)
        .hash_password_into(password, salt, &mut hash)
        .map_err(HashError::Argon2)?;
    Ok(hash)
}

/// As a PHC string, which says itself how it was made, so that later parameters can stand beside these.
fn written(salt: &[u8], hash: &[u8]) -> String {
    let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash));
    format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${hash}")
}

fn read(kept: &str) -> Option<(Vec<u8>, Vec<u8>, Params)> {
    let (numbers, rest) = kept.strip_prefix("$argon2id$v=19$")?.split_once('$')?;
    let (salt, hash) = rest.split_once('$')?;
    let mut numbers = numbers.split(',').zip(["m=", "t=", "p="]).filter_map(|(text, name)| text.strip_prefix(name)?.parse::<u32>().ok());
    let (memory, passes, lanes) = (numbers.next()?, numbers.next()?, numbers.next()?);
    let hash = STANDARD_NO_PAD.decode(hash).ok().filter(|hash| hash.len() == HASH)?;
    Some((STANDARD_NO_PAD.decode(salt).ok()?, hash, Params::new(memory, passes, lanes, Some(HASH)).ok()?))
}

/// Compared without stopping at the first difference.
fn alike(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |differs, (one, other)| differs | (one ^ other)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::SystemDice;

    #[tokio::test]
    async fn a_password_is_known_again_and_no_other_is() {
        let hashing = Hashing::default();
        let kept = hashing.hash("correct horse battery".into(), &SystemDice).await.unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert!(hashing.is("correct horse battery".into(), Some(kept.clone())).await.unwrap());
        assert!(!hashing.is("correct horse batterx".into(), Some(kept.clone())).await.unwrap());
        assert!(!hashing.is("correct horse battery".into(), None).await.unwrap());
        assert_ne!(kept, hashing.hash("correct horse battery".into(), &SystemDice).await.unwrap(), "each has a salt of its own");
        assert!(matches!(hashing.is("x".into(), Some("$2b$12$x".into())).await, Err(HashError::Kept)));
    }

    #[test]
    fn a_hash_made_elsewhere_is_read() {
        // the reference implementation's own test (src/test.c): argon2id, version 0x13, t 2, m 2^16, p 1
        let kept = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        let (salt, hash, parameters) = read(kept).unwrap();
        assert_eq!(salt, b"somesalt");
        assert!(alike(&hashed(b"password", &salt, parameters).unwrap(), &hash));
    }
}
