//! What a served certificate says, and what is wrong with one that is refused.

use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use domain::text::shown;
use domain::time::span;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{Grade, Step};

/// Thirty days warn and seven are urgent, as the NATS CLI's own audit has it (SERVER certificate expiry).
const WARN: Duration = Duration::from_secs(30 * 86_400);
const URGENT: Duration = Duration::from_secs(7 * 86_400);

/// What a leaf certificate says.
pub(super) struct Facts {
    subject: String,
    issuer: String,
    names: Vec<String>,
    until: Timestamp,
    /// Certificates that were sent.
    sent: usize,
}

impl Facts {
    /// Of the first certificate of the chain.
    pub(super) fn of(chain: &[CertificateDer<'_>]) -> Option<Self> {
        let (_, leaf) = X509Certificate::from_der(chain.first()?).ok()?;
        let names = leaf.subject_alternative_name().ok().flatten().map(|names| &names.value.general_names);
        let names = names.into_iter().flatten().filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(shown(name)),
            GeneralName::IPAddress(bytes) => address(bytes),
            _ => None,
        });
        Some(Self {
            subject: shown(&leaf.subject().to_string()),
            issuer: shown(&leaf.issuer().to_string()),
            names: names.collect(),
            until: Timestamp::from_secs(leaf.validity().not_after.timestamp()),
            sent: chain.len(),
        })
    }
}

fn address(bytes: &[u8]) -> Option<String> {
    let v4 = <[u8; 4]>::try_from(bytes).map(|bytes| std::net::Ipv4Addr::from(bytes).to_string());
    let v6 = <[u8; 16]>::try_from(bytes).map(|bytes| std::net::Ipv6Addr::from(bytes).to_string());
    v4.or(v6).ok()
}

/// A trusted certificate by how long it lasts.
pub(super) fn judged(what: &str, facts: &Facts, now: Timestamp) -> Step {
    let left = facts.until.since(now);
    let found = format!("{}, signed by {}, {} sent, good for another {}", facts.subject, facts.issuer, sent(facts), span(left));
    let renew = "Renew it: put the new files where the server's config names them, then `nats-server --signal reload` on that node.";
    let (grade, fix) = match left {
        _ if left < URGENT => (Grade::Bad, Some(renew.to_owned())),
        _ if left < WARN => (Grade::Warn, Some(renew.to_owned())),
        _ => (Grade::Well, None),
    };
    Step { what: what.to_owned(), grade, found, fix }
}

fn sent(facts: &Facts) -> String {
    domain::text::count(facts.sent as u64, "certificate")
}

/// A refused one, with what the server really serves.
pub(super) fn refused(what: &str, host: &str, said: &str, facts: Option<&Facts>, now: Timestamp) -> Step {
    let fix = match facts {
        Some(facts) if said.contains("UnknownIssuer") => format!(
            "It is signed by {}. Name that CA's certificate in ca_file of [[nats]]; an intermediate must be sent by the server (it sends {}).",
            facts.issuer,
            sent(facts)
        ),
        Some(facts) if said.contains("NotValidForName") || said.contains("not valid for name") => {
            let names = if facts.names.is_empty() { "no name at all".to_owned() } else { facts.names.join(", ") };
            format!("It is for {names}, not for {}. Use one of those in urls, or have it issued with this name as well.", shown(host))
        }
        Some(facts) if facts.until < now => {
            format!("It expired {} ago. Renew it, then `nats-server --signal reload` on that node.", span(now.since(facts.until)))
        }
        Some(facts) => format!("The server's certificate is {}, signed by {}.", facts.subject, facts.issuer),
        None if said.contains("CertificateRequired") || said.contains("certificate required") => {
            "The server wants a client's certificate: give cert_file and key_file in [[nats]].".to_owned()
        }
        None => "The server does not end the handshake with us: its log has the other half of the story.".to_owned(),
    };
    Step { what: what.to_owned(), grade: Grade::Bad, found: shown(said), fix: Some(fix) }
}

/// Trusts whoever holds the key to the certificate it shows: only for looking at the certificate.
pub(super) fn trusting_anybody() -> Arc<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Arc::new(Anybody(Arc::clone(&provider)));
    let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(rustls::DEFAULT_VERSIONS);
    // ring offers every default version
    builder.map_or_else(
        |_| Arc::new(ClientConfig::builder().with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth()),
        |builder| Arc::new(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()),
    )
}

#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(until: i64) -> Facts {
        Facts { subject: "CN=n1".into(), issuer: "CN=ours".into(), names: vec!["n1".into()], until: Timestamp::from_secs(until), sent: 1 }
    }

    #[test]
    fn a_certificate_is_judged_by_what_is_left_of_it() {
        let now = Timestamp::from_secs(0);
        for (days, grade) in [(31, Grade::Well), (29, Grade::Warn), (6, Grade::Bad)] {
            assert_eq!(judged("c", &facts(days * 86_400), now).grade, grade, "{days}");
        }
    }

    #[test]
    fn a_refusal_says_what_would_be_right() {
        let now = Timestamp::from_secs(1_000_000);
        let fix = |said, until| refused("c", "10.0.0.1", said, Some(&facts(until)), now).fix.unwrap();
        assert!(fix("invalid peer certificate: UnknownIssuer", 2_000_000).starts_with("It is signed by CN=ours."));
        let elsewhere = "invalid peer certificate: certificate not valid for name \"10.0.0.1\"; certificate is only valid for …";
        assert!(fix(elsewhere, 2_000_000).starts_with("It is for n1, not for 10.0.0.1."));
        assert!(fix("invalid peer certificate: Expired", 1_000).starts_with("It expired"));
    }
}
