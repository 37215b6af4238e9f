//! A document with its signature as text that fits into any format.
//!
//! Compressed, because a thousand services with their evidence are twenty megabytes, and in base64, because a template, a
//! fenced block and an attribute each have signs of their own. One text means one document and one document one text: base64
//! is read strictly and the compressed bytes have a digest, because both leave bits that could be turned without anything
//! else noticing. The document that is read is written again and compared, so that not a blank differs from what was signed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::report::{Document, canonical};
use sha2::{Digest as _, Sha256};

use super::RENDERING;
use super::sign::{Key, PublicKey, Signature, hexed};

/// What a carried document begins with: its name and the version of this shape.
const HEAD: [&str; 2] = ["signalbox-report", "1"];
/// Most bytes of a document: many times what ten thousand services have. A few kilobytes can be made to unpack to any size.
const MOST_BYTES: usize = 512 * 1024 * 1024;
/// How hard is compressed; more takes three times as long for a twentieth less.
const LEVEL: u8 = 6;
/// Letters of a line where it is broken into lines.
const WIDTH: usize = 120;

/// A document with its signature.
#[derive(Clone, Debug)]
pub struct Sealed {
    document: Document,
    canonical: String,
    signature: Signature,
    key: PublicKey,
    /// By which version it was drawn, where it is read back.
    rendering: u32,
    /// The compressed document in base64; made when a format wants it.
    packed: std::sync::OnceLock<String>,
}

/// What a file carries, before anything of it is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// By which version the file was drawn.
    pub rendering: u32,
    /// The key it names.
    pub key: PublicKey,
    /// The signature it has.
    pub signature: Signature,
    /// The document's text.
    pub canonical: String,
    packed: Option<String>,
}

impl Sealed {
    /// Signs a document.
    ///
    /// # Errors
    /// When it cannot be written as JSON, which no document of ours is.
    pub fn new(document: Document, key: &Key) -> serde_json::Result<Self> {
        let canonical = canonical(&document)?;
        let signature = key.sign(canonical.as_bytes());
        let (key, packed) = (key.public(), std::sync::OnceLock::new());
        Ok(Self { document, canonical, signature, key, rendering: RENDERING, packed })
    }

    /// From what the store keeps: the document byte for byte, its signature, the public key. Nothing of it is checked here.
    ///
    /// # Errors
    /// A sentence, when one of these is none.
    pub fn stored(canonical: String, signature: &[u8], key: &str) -> Result<Self, String> {
        let signature = Signature::from_bytes(signature).ok_or("the report's signature is not 64 bytes long")?;
        let key = PublicKey::parse(key).ok_or("the report names no key")?;
        Self::read(Carried { rendering: RENDERING, key, signature, canonical, packed: None })
    }

    /// What a file carries, understood.
    ///
    /// # Errors
    /// A sentence, when the document is not of this schema.
    pub fn read(carried: Carried) -> Result<Self, String> {
        let document = serde_json::from_str(&carried.canonical).map_err(|error| format!("the document inside cannot be read: {error}"))?;
        let packed = std::sync::OnceLock::new();
        if let Some(text) = carried.packed {
            packed.get_or_init(|| text);
        }
        let Carried { rendering, key, signature, canonical, .. } = carried;
        Ok(Self { document, canonical, signature, key, rendering, packed })
    }

    /// The document.
    pub const fn document(&self) -> &Document {
        &self.document
    }

    /// Its text, as it was signed.
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// Its signature.
    pub const fn signature(&self) -> &Signature {
        &self.signature
    }

    /// The key that is said to have signed it.
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The SHA-256 of its text, by which two copies in different formats are known to be the same report.
    pub fn digest(&self) -> String {
        hexed(&Sha256::digest(self.canonical.as_bytes()))
    }

    /// All of it in one line.
    pub(super) fn line(&self) -> String {
        let packed = self.packed.get_or_init(|| {
            let bytes = miniz_oxide::deflate::compress_to_vec_zlib(self.canonical.as_bytes(), LEVEL);
            STANDARD.encode(bytes)
        });
        let digest = hexed(&Sha256::digest(packed.as_bytes()));
        let [name, version] = HEAD;
        format!("{name} {version} {} {} {} {digest} {packed}", self.rendering, self.key, self.signature)
    }

    /// All of it in lines that an editor can show.
    pub(super) fn lines(&self) -> String {
        let line = self.line();
        let (head, packed) = line.rsplit_once(' ').unwrap_or_default();
        let mut out = String::with_capacity(line.len() + line.len() / WIDTH + 8);
        out.push_str(head);
        let mut rest = packed;
        while !rest.is_empty() {
            let (some, others) = rest.split_at_checked(WIDTH).unwrap_or((rest, ""));
            out.push('\n');
            out.push_str(some);
            rest = others;
        }
        out
    }
}

impl Carried {
    /// Reads what a file carries, in one line or in several.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut words = text.split_ascii_whitespace();
        let mut next = || words.next().unwrap_or_default();
        if [next(), next()] != HEAD {
            return Err("what it carries does not begin as a report of this version".to_owned());
        }
        let rendering = next().parse::<u32>().map_err(|_| "it does not say which version drew it")?;
        // a key is written in base64 here and in no other way
        let word = next();
        let key = PublicKey::parse(word).filter(|key| key.to_string() == word).ok_or("it does not name the key that signed it")?;
        let signature = Signature::parse(next()).ok_or("its signature is no signature")?;
        let digest = next().to_owned();
        let packed: String = words.collect();
        if hexed(&Sha256::digest(packed.as_bytes())) != digest {
            return Err("what it carries was changed: its digest is another".to_owned());
        }
        let bytes = STANDARD.decode(&packed).map_err(|error| format!("what it carries is not base64: {error}"))?;
        let bytes = miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(&bytes, MOST_BYTES)
            .map_err(|error| format!("what it carries cannot be unpacked: {error}"))?;
        let canonical = String::from_utf8(bytes).map_err(|_| "what it carries is no text")?;
        Ok(Self { rendering, key, signature, canonical, packed: Some(packed) })
    }

    /// What an envelope of JSON holds.
    pub(super) const fn plain(rendering: u32, key: PublicKey, signature: Signature, canonical: String) -> Self {
        Self { rendering, key, signature, canonical, packed: None }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    #[test]
    fn what_is_packed_is_unpacked() {
        let sealed = sample::sealed();
        for text in [sealed.line(), sealed.lines()] {
            let carried = Carried::parse(&text).unwrap();
            assert_eq!(
                (carried.canonical.as_str(), &carried.key, &carried.signature),
                (sealed.canonical(), sealed.key(), sealed.signature())
            );
            assert_eq!(Sealed::read(carried).unwrap().lines(), sealed.lines());
        }
        assert!(sealed.lines().lines().skip(1).all(|line| line.len() <= WIDTH));
        assert!(sealed.line().len() * 2 < sealed.canonical().len(), "it is compressed");
    }

    #[test]
    fn what_the_store_keeps_is_the_same_report() {
        let sealed = sample::sealed();
        let again = Sealed::stored(sealed.canonical().to_owned(), sealed.signature().as_bytes(), &sealed.key().to_string()).unwrap();
        assert_eq!((again.document(), again.line()), (sealed.document(), sealed.line()));
        assert!(Sealed::stored("{}".into(), sealed.signature().as_bytes(), &sealed.key().to_string()).is_err());
    }

    #[test]
    fn no_letter_of_it_can_be_turned_unseen() {
        let line = sample::sealed().line();
        // the digest is of the text and not of the bytes, so that the spare bits of base64 are in it too
        for place in (0..line.len()).step_by(line.len() / 300 + 1) {
            let mut bytes = line.clone().into_bytes();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            let text = String::from_utf8(bytes).unwrap();
            let same = Carried::parse(&text).is_ok_and(|carried| carried == Carried::parse(&line).unwrap());
            assert!(!same, "{place}");
        }
    }
}
