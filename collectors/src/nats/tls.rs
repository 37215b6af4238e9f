//! Whom we trust and who we are on a TLS connection to a monitoring port.
//!
//! The client connection has its own way of saying this (async-nats' options, see `system`); here is the same config
//! for `https` monitoring ports. With a `ca_file` only that CA is trusted: a private CA beside the public ones would
//! let any public certificate through.

use std::path::Path;
use std::sync::Arc;

use domain::source::{Fault, FaultKind};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use super::NatsScope;

/// The TLS settings of `scope`.
///
/// # Errors
/// A file cannot be read or holds no usable certificate or key.
pub(super) async fn client_config(scope: &NatsScope) -> Result<Arc<ClientConfig>, Fault> {
    let mut roots = RootCertStore::empty();
    match &scope.ca_file {
        Some(path) => {
            for certificate in certificates(path).await? {
                roots.add(certificate).map_err(|error| unusable(path, &error.to_string()))?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| Fault::new(FaultKind::Unreachable, None, &error.to_string()))?.with_root_certificates(roots);
    let config = match (&scope.cert_file, &scope.key_file) {
        (Some(cert), Some(key)) => {
            let bytes = read(key).await?;
            let secret = PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| unusable(key, &error.to_string()))?;
            let chain = certificates(cert).await?;
            builder.with_client_auth_cert(chain, secret).map_err(|error| unusable(cert, &error.to_string()))?
        }
        _ => builder.with_no_client_auth(),
    };
    Ok(Arc::new(config))
}

async fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let bytes = read(path).await?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(unusable(path, "it holds no certificate")),
        Err(error) => Err(unusable(path, &error.to_string())),
    }
}

/// The content of a file the config names.
pub(super) async fn read(path: &Path) -> Result<Vec<u8>, Fault> {
    tokio::fs::read(path).await.map_err(|error| unusable(path, &error.to_string()))
}

fn unusable(path: &Path, said: &str) -> Fault {
    Fault::new(FaultKind::Credentials, None, &format!("{} cannot be used: {said}", path.display()))
}
