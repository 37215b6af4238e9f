//! Whether a request is signed as it came: AWS Signature Version 4, reckoned once more from what was heard.

use sha2::{Digest, Sha256};

use crate::site::Heard;

/// The secret of `collectors::Keys::dummy`.
const SECRET: &str = "dummy";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn digest(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).to_vec()
}

/// HMAC (RFC 2104) with SHA-256, of a key no longer than its block.
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let pad = |with: u8| -> Vec<u8> { (0..64).map(|at| key.get(at).copied().unwrap_or(0) ^ with).collect() };
    let inner = digest(&[pad(0x36).as_slice(), message].concat());
    digest(&[pad(0x5c).as_slice(), inner.as_slice()].concat())
}

/// Panics unless the signature is that of this very body and these headers.
pub(crate) fn assert_signed(heard: &Heard) {
    let header = |name: &str| heard.headers[name].to_str().unwrap().trim().to_owned();
    let authorization = header("authorization");
    let field = |name: &str| {
        let rest = authorization.split_once(&format!("{name}=")).unwrap().1;
        rest.split(',').next().unwrap().trim().to_owned()
    };
    let (credential, names, signature) = (field("Credential"), field("SignedHeaders"), field("Signature"));
    assert!(names.split(';').any(|name| name == "content-length" || name == "host"), "{names}");
    let headers: String = names.split(';').map(|name| format!("{name}:{}\n", header(name))).collect();
    let canonical = format!("POST\n/\n\n{headers}\n{names}\n{}", hex(&digest(&heard.body)));
    let (_, scope) = credential.split_once('/').unwrap();
    let to_sign = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{}", header("x-amz-date"), hex(&digest(canonical.as_bytes())));
    let key = scope.split('/').fold(format!("AWS4{SECRET}").into_bytes(), |key, part| hmac(&key, part.as_bytes()));
    assert_eq!(hex(&hmac(&key, to_sign.as_bytes())), signature, "{canonical}");
}
