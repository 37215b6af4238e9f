//! The key that signs reports: Ed25519, made at the first start, kept beside the store, known to nobody else.
//!
//! Separate from what is signed. The public half is given out freely: it is printed, published under `/.well-known/` and stands
//! in every report, but a file is only ever checked against a key that its reader has from somewhere else, because whoever
//! edits a report can put their own key into it. The traps are a key that others can read, which is refused, and half a key
//! after a crash, which cannot be: the file gets its name when it is whole.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

use crate::dice::Dice;

/// Bytes of a seed and of a public key.
const KEY: usize = 32;
/// Bytes of a signature.
const SIGNATURE: usize = 64;
/// What the published line begins with.
const PUBLISHED: &str = "signalbox-report-key ed25519";

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum NoKey {
    /// The file could not be read or made.
    #[error("The key that signs reports, {path}, cannot be used: {why}. No report was made.")]
    File {
        /// Where it should be.
        path: PathBuf,
        /// The system's words.
        why: String,
    },
    /// Others may read it.
    #[error(
        "The key that signs reports, {path}, can be read by others (mode {mode:o}). Whoever has it can sign in your name: run chmod 600 {path}, or remove it to get a new one."
    )]
    Open {
        /// Where it is.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It is no key.
    #[error(
        "{path} holds no key: 64 hexadecimal digits were expected. Restore it from a backup, or remove it to get a new one; reports that were signed before keep the old public key."
    )]
    Damaged {
        /// Where it is.
        path: PathBuf,
    },
    /// There is none, and none may be made.
    #[error("There is no key that signs reports at {path}. Start `signalbox serve` once, which makes it.")]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
}

/// The half that signs.
pub struct Key(Ed25519KeyPair);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.public())
    }
}

impl Key {
    /// Where the key of a store is: beside it, so that whoever moves the one moves the other.
    pub fn path(store: &Path) -> PathBuf {
        let mut name = store.as_os_str().to_owned();
        name.push(".report-key");
        PathBuf::from(name)
    }

    /// The key of a store, made where there is none.
    ///
    /// # Errors
    /// A sentence, when the file cannot be used or the system has no random bytes to give.
    pub fn open(store: &Path, dice: &dyn Dice) -> Result<Self, NoKey> {
        let path = Self::path(store);
        match Self::read(store) {
            Err(NoKey::Missing { .. }) => {
                make(&path, dice).map_err(|error| NoKey::File { path: path.clone(), why: error.to_string() })?;
                Self::read(store)
            }
            other => other,
        }
    }

    /// The key of a store, where there is one.
    ///
    /// # Errors
    /// A sentence, when there is none or it cannot be used.
    pub fn read(store: &Path) -> Result<Self, NoKey> {
        let path = Self::path(store);
        let unusable = |error: &std::io::Error| match error.kind() {
            ErrorKind::NotFound => NoKey::Missing { path: path.clone() },
            _ => NoKey::File { path: path.clone(), why: error.to_string() },
        };
        let file = File::open(&path).map_err(|error| unusable(&error))?;
        let mode = file.metadata().map_err(|error| unusable(&error))?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(NoKey::Open { path, mode });
        }
        let mut text = String::new();
        // no key is as long as this
        file.take(1_024).read_to_string(&mut text).map_err(|error| unusable(&error))?;
        unhexed(text.trim()).and_then(|seed| Self::from_seed(&seed)).ok_or(NoKey::Damaged { path })
    }

    /// The key of a seed.
    pub fn from_seed(seed: &[u8]) -> Option<Self> {
        Ed25519KeyPair::from_seed_unchecked(seed).ok().map(Self)
    }

    /// Signs bytes. The same bytes get the same signature.
    pub fn sign(&self, bytes: &[u8]) -> Signature {
        Signature(self.0.sign(bytes).as_ref().to_vec())
    }

    /// The half that is given out.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.public_key().as_ref().to_vec())
    }
}

/// Writes a new seed under another name first, so that the file is whole or not there. What came first stays.
fn make(path: &Path, dice: &dyn Dice) -> std::io::Result<()> {
    let mut seed = [0; KEY];
    dice.fill(&mut seed)?;
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let unfinished = PathBuf::from(name);
    // left over from a start that ended in the middle of this
    match std::fs::remove_file(&unfinished) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    file.write_all(hexed(&seed).as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    // a link does not replace what is there already, as a rename would
    let linked = match std::fs::hard_link(&unfinished, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        other => other,
    };
    std::fs::remove_file(&unfinished)?;
    linked?;
    match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => File::open(directory)?.sync_all(),
        _ => Ok(()),
    }
}

/// The half that checks, as 32 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(Vec<u8>);

impl PublicKey {
    /// A key as people pass it on: 64 hexadecimal digits, base64, or a text in which one of these stands as a word, such as what
    /// a server publishes.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = |word: &str| {
            let word = word.trim_matches(['"', '\'', ',', ';']);
            let engines = [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD];
            let decoded = || engines.into_iter().find_map(|engine| engine.decode(word).ok().filter(|bytes| bytes.len() == KEY));
            unhexed(word).filter(|bytes| bytes.len() == KEY).or_else(decoded)
        };
        text.split_whitespace().find_map(bytes).map(Self)
    }

    /// Whether this signed those bytes.
    pub fn signed(&self, bytes: &[u8], signature: &Signature) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(bytes, &signature.0).is_ok()
    }

    /// The text a server publishes, and a command prints.
    pub fn published(&self) -> String {
        format!("{PUBLISHED} {self}\n")
    }
}

impl fmt::Display for PublicKey {
    /// In base64, as it stands in reports.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(&self.0))
    }
}

/// A signature, as 64 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature(Vec<u8>);

impl Signature {
    /// From its bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        (bytes.len() == SIGNATURE).then(|| Self(bytes.to_vec()))
    }

    /// From base64, written in exactly one way.
    pub fn parse(text: &str) -> Option<Self> {
        Self::from_bytes(&STANDARD.decode(text).ok()?)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(&self.0))
    }
}

/// In hexadecimal digits.
pub(super) fn hexed(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // writing to a String cannot fail
        write!(text, "{byte:02x}").unwrap_or_default();
        text
    })
}

fn unhexed(text: &str) -> Option<Vec<u8>> {
    if text.len() != KEY * 2 || !text.is_ascii() {
        return None;
    }
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    // `+1` would be a number too
    text.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| text.as_bytes().chunks(2).map(pair).collect())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::SystemDice;

    #[test]
    fn a_key_is_made_once_and_for_its_owner_alone() {
        let directory = tempfile::tempdir().unwrap();
        let store = directory.path().join("signalbox.db");
        assert!(matches!(Key::read(&store), Err(NoKey::Missing { .. })));
        let made = Key::open(&store, &SystemDice).unwrap();
        let again = Key::open(&store, &SystemDice).unwrap();
        assert_eq!(made.public(), again.public());
        let mode = std::fs::metadata(Key::path(&store)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(!directory.path().join("signalbox.db.report-key.new").exists());
    }

    #[test]
    fn a_key_that_others_can_read_or_that_is_none_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let store = directory.path().join("signalbox.db");
        let path = Key::path(&store);
        std::fs::write(&path, "ab".repeat(32)).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(Key::open(&store, &SystemDice).unwrap_err().to_string().contains("chmod 600"));
        std::fs::write(&path, "no key").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(Key::open(&store, &SystemDice), Err(NoKey::Damaged { .. })));
    }

    #[test]
    fn a_public_key_is_read_however_it_is_passed_on() {
        let key = Key::from_seed(&[7; 32]).unwrap().public();
        let url_safe = URL_SAFE_NO_PAD.encode(&key.0);
        for text in [key.to_string(), hexed(&key.0), key.published(), url_safe, format!("{{\"key\": \"{key}\",")] {
            assert_eq!(PublicKey::parse(&text).as_ref(), Some(&key), "{text}");
        }
        for text in ["", "signalbox-report-key ed25519", "abc", &"g".repeat(64), &"a".repeat(63)] {
            assert_eq!(PublicKey::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_signature_is_of_its_bytes_and_its_key() {
        let (key, other) = (Key::from_seed(&[1; 32]).unwrap(), Key::from_seed(&[2; 32]).unwrap());
        let signature = key.sign(b"report");
        assert!(key.public().signed(b"report", &signature));
        assert!(!key.public().signed(b"repord", &signature) && !other.public().signed(b"report", &signature));
        assert_eq!(Signature::parse(&signature.to_string()), Some(signature));
    }
}
