//! Whom we trust and who we are on a TLS connection to a monitoring port, or to a node whose certificate we look at.
//!
//! The client connection has its own way of saying this (async-nats' options, see `system`); here is the same config
//! for `https` monitoring ports. With a `ca_file` only that CA is trusted: a private CA beside the public ones would
//! let any public certificate through.

use std::path::Path;
use std::sync::Arc;

use domain::source::{Fault, FaultKind};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use super::NatsScope;

/// Whom we trust and who we are.
pub(super) struct Trust {
    roots: Arc<RootCertStore>,
    pub(super) provider: Arc<CryptoProvider>,
    /// What a client that trusts the same CA would say of a certificate.
    /// None where there is no CA to trust: then nothing is.
    pub(super) verifier: Option<Arc<WebPkiServerVerifier>>,
    own: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
}

impl Trust {
    /// As the config of `scope` says.
    ///
    /// # Errors
    /// A file cannot be read or holds no usable certificate or key.
    pub(super) async fn of(scope: &NatsScope) -> Result<Self, Fault> {
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
        let own = match (&scope.cert_file, &scope.key_file) {
            (Some(cert), Some(key)) => {
                let bytes = read(key).await?;
                let secret = PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| unusable(key, &error.to_string()))?;
                Some((certificates(cert).await?, secret))
            }
            _ => None,
        };
        let (roots, provider) = (Arc::new(roots), Arc::new(rustls::crypto::ring::default_provider()));
        let verifier = WebPkiServerVerifier::builder_with_provider(roots.clone(), provider.clone()).build().ok();
        Ok(Self { roots, provider, verifier, own })
    }

    /// Settings with which a certificate is checked as always.
    ///
    /// # Errors
    /// Our own certificate and key do not fit together.
    pub(super) fn client_config(&self) -> Result<ClientConfig, Fault> {
        let unfit = |error: rustls::Error| Fault::new(FaultKind::Credentials, None, &error.to_string());
        let builder = ClientConfig::builder_with_provider(self.provider.clone()).with_safe_default_protocol_versions().map_err(unfit)?;
        let builder = builder.with_root_certificates(self.roots.clone());
        Ok(match &self.own {
            Some((chain, key)) => builder.with_client_auth_cert(chain.clone(), key.clone_key()).map_err(unfit)?,
            None => builder.with_no_client_auth(),
        })
    }

    /// Settings with which `witness` sees a certificate, whatever is wrong with it.
    ///
    /// # Errors
    /// Our own certificate and key do not fit together.
    pub(super) fn watched_by(&self, witness: Arc<dyn ServerCertVerifier>) -> Result<ClientConfig, String> {
        let mut config = self.client_config().map_err(|fault| fault.message)?;
        config.dangerous().set_certificate_verifier(witness);
        Ok(config)
    }
}

/// The TLS settings of `scope`.
///
/// # Errors
/// A file cannot be read or holds no usable certificate or key.
pub(super) async fn client_config(scope: &NatsScope) -> Result<Arc<ClientConfig>, Fault> {
    Trust::of(scope).await?.client_config().map(Arc::new)
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
