//! What a node's own client port says: its INFO and the certificate it really serves.
//!
//! `varz` cannot tell *mixed* from *off*, and tells the end of the certificate that is configured, not of the one that
//! is served. So we connect as any client would, read INFO, go through the TLS handshake and leave; nobody is logged
//! in and nothing is sent that is worth stealing. The traps: the certificate must be seen even where it would be refused
//! (that is when it matters), and a handshake-first node says nothing until TLS is up.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::Timestamp;
use domain::nats::{Certificate, TlsMode};
use domain::text;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, SignatureScheme};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::http::is_link_local;
use super::tls::Trust;
use super::wire::{flag, parsed};

/// How long one node may take for all of it.
const TIME_LIMIT: Duration = Duration::from_secs(4);
/// How long a node may stay silent before it is taken for one that wants TLS first.
const SILENCE: Duration = Duration::from_secs(1);
/// Most bytes of an INFO line: nats-server's own limit of a control line is 4 KiB; lists of peers make it longer.
const LONGEST_INFO: usize = 64 * 1024;
/// Most names of a certificate that are kept.
const MOST_NAMES: usize = 32;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Served {
    pub(super) tls: TlsMode,
    pub(super) certificate: Option<Certificate>,
    /// The port we came from, by which the node's list of closed connections knows us.
    pub(super) from: u16,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Info {
    #[serde(deserialize_with = "flag")]
    tls_required: bool,
    #[serde(deserialize_with = "flag")]
    tls_available: bool,
}

/// Looks at the node behind `address`, such as `10.0.1.10:4222`.
///
/// # Errors
/// Why nothing could be found out, as a clause.
pub(super) async fn look(address: &str, trust: &Trust) -> Result<Served, String> {
    // the wall's time: it bounds a real socket, whatever the injected clock does
    match tokio::time::timeout(TIME_LIMIT, looked(address, trust)).await {
        Ok(found) => found,
        Err(_) => Err(format!("{address} did not answer within {} s", TIME_LIMIT.as_secs())),
    }
}

async fn looked(address: &str, trust: &Trust) -> Result<Served, String> {
    let mut stream = connected(address).await?;
    let from = stream.local_addr().map_or(0, |own| own.port());
    let (tls, first) = match tokio::time::timeout(SILENCE, info(&mut stream)).await {
        Ok(info) => {
            let info = info?;
            (TlsMode::from_info(info.tls_required, info.tls_available), false)
        }
        // handshake_first: it waits for us to begin, so only TLS comes in
        Err(_) => (TlsMode::Required, true),
    };
    if tls == TlsMode::Off {
        return Ok(Served { tls, certificate: None, from });
    }
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host).trim_start_matches('[').trim_end_matches(']');
    match handshake(stream, host, trust).await {
        Ok(certificate) => Ok(Served { tls, certificate: Some(certificate), from }),
        Err(said) if first => Err(format!("{address} says nothing, and no TLS handshake succeeds: {said}")),
        Err(said) => {
            let certificate = Certificate { trouble: Some(format!("no TLS handshake succeeds: {said}")), ..Certificate::default() };
            Ok(Served { tls, certificate: Some(certificate), from })
        }
    }
}

/// Connects to the address a node told of; never to a link-local one, where machines keep their credentials.
async fn connected(address: &str) -> Result<TcpStream, String> {
    let found: Vec<SocketAddr> = tokio::net::lookup_host(address).await.map_err(|error| format!("{address}: {error}"))?.collect();
    let mut last = format!("{address} is an address that is never asked");
    for place in found.into_iter().filter(|place| !is_link_local(place.ip())) {
        match TcpStream::connect(place).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = format!("{address}: {error}"),
        }
    }
    Err(last)
}

/// Reads the INFO line.
async fn info(stream: &mut TcpStream) -> Result<Info, String> {
    let mut line = Vec::new();
    let mut byte = [0u8; 1];
    // byte by byte: what follows the line belongs to the handshake
    while stream.read(&mut byte).await.map_err(|error| error.to_string())? == 1 {
        if byte[0] == b'\n' {
            let json = line.strip_prefix(b"INFO ").ok_or("what answers there is no NATS server")?;
            return parsed(json);
        }
        line.push(byte[0]);
        if line.len() > LONGEST_INFO {
            return Err("what answers there is no NATS server".to_owned());
        }
    }
    Err("the connection was closed before INFO came".to_owned())
}

/// Goes through the handshake and answers the certificate that was served, and what a client would say of it.
async fn handshake(stream: TcpStream, host: &str, trust: &Trust) -> Result<Certificate, String> {
    let name = ServerName::try_from(host.to_owned()).map_err(|error| error.to_string())?;
    let witness = Arc::new(Witness { verifier: trust.verifier.clone(), provider: trust.provider.clone(), seen: Mutex::default() });
    let config = trust.watched_by(witness.clone())?;
    let result = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    let seen = witness.seen.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (seen, result) {
        (Some(seen), Ok(mut stream)) => {
            // it is owed no answer
            drop(stream.shutdown().await);
            Ok(seen)
        }
        // what was served was seen even if the node then sent us away, as one that asks for client certificates does
        (Some(seen), Err(_)) => Ok(seen),
        (None, Err(error)) => Err(text::shown(&error.to_string())),
        (None, Ok(_)) => Err("it served no certificate".to_owned()),
    }
}

/// Lets every certificate through and keeps it, with what the true verifier says of it.
#[derive(Debug)]
struct Witness {
    verifier: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
    seen: Mutex<Option<Certificate>>,
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let mut seen = read(end_entity);
        let verify = |name: &ServerName<'_>| match &self.verifier {
            Some(verifier) => verifier.verify_server_cert(end_entity, intermediates, name, ocsp_response, now),
            None => Err(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)),
        };
        seen.trouble = match verify(server_name) {
            Ok(_) => None,
            // we came by address; clients may come by any name that is in it
            Err(rustls::Error::InvalidCertificate(CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. })) => {
                let own = seen.names.iter().find_map(|name| ServerName::try_from(name.clone()).ok());
                match own {
                    Some(own) => verify(&own).err().map(|error| complaint(&error)),
                    None => Some("it names no host".to_owned()),
                }
            }
            Err(error) => Some(complaint(&error)),
        };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

fn complaint(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "no CA we trust has signed it (ca_file in the config)".to_owned()
        }
        rustls::Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            "it has expired".to_owned()
        }
        rustls::Error::InvalidCertificate(CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. }) => {
            "it is not valid yet".to_owned()
        }
        error => text::shown(&error.to_string()),
    }
}

/// What stands in it; what cannot be read stays empty.
fn read(der: &CertificateDer<'_>) -> Certificate {
    let Ok((_, parsed)) = X509Certificate::from_der(der) else {
        return Certificate { subject: "a certificate that cannot be read".to_owned(), ..Certificate::default() };
    };
    let names = parsed.subject_alternative_name().ok().flatten();
    let names = names.into_iter().flat_map(|names| &names.value.general_names).filter_map(host).take(MOST_NAMES).collect();
    Certificate {
        subject: text::shown(&parsed.subject().to_string()),
        issuer: text::shown(&parsed.issuer().to_string()),
        names,
        from: Some(Timestamp::from_secs(parsed.validity().not_before.timestamp())),
        until: Some(Timestamp::from_secs(parsed.validity().not_after.timestamp())),
        trouble: None,
    }
}

fn host(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(text::shown(name)),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes).ok().map(|bytes| IpAddr::from(bytes).to_string()),
            _ => <[u8; 16]>::try_from(*bytes).ok().map(|bytes| IpAddr::from(bytes).to_string()),
        },
        _ => None,
    }
}
