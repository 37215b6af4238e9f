//! The one TLS provider of the process.
//!
//! Separate because it is process-wide state: rustls panics at the first handshake when two providers are compiled in
//! and none was chosen. The SDK, async-nats and our own monitoring client all use ring.

/// Makes ring the process's TLS provider. Call it once before the first connection; more calls do nothing.
pub fn install_crypto() {
    // an error only says that a provider is installed already, which is what we want
    drop(rustls::crypto::ring::default_provider().install_default());
}
