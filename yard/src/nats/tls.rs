//! Certificates for the nodes: a private CA and one server certificate each, in the cluster's own folder.
//!
//! Their dates are of the machine's time and not of the yard's clock: those who check them are real programs.
//! The trap: an address given as a name is no name. The certificate must hold 127.0.0.1 as an address.

use std::path::{Path, PathBuf};

use jiff::{Timestamp, tz::TimeZone};
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose};

use crate::{
    clock::{Clock, HOUR, WallClock},
    nats::{NatsError, config, write_secret},
};

const DAY: i64 = 24 * HOUR;
/// The node whose certificate has not been thought of.
const FORGOTTEN_NODE: usize = 1;
/// How long that one is still good, and the others.
const FORGOTTEN_DAYS: i64 = 12;
const USUAL_DAYS: i64 = 340;

/// Whether the nodes speak TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NatsTls {
    /// Plaintext only.
    Off,
    /// Both, as each client wants it: thirteen services of the first user's fleet use TLS, nine do not.
    #[default]
    Mixed,
    /// TLS only; all services have the settings for it.
    Required,
}

impl std::str::FromStr for NatsTls {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "off" => Ok(Self::Off),
            "mixed" => Ok(Self::Mixed),
            "required" => Ok(Self::Required),
            _ => Err(format!("{word:?} is not off, mixed or required")),
        }
    }
}

/// The files of one node.
#[derive(Debug, Clone)]
pub(super) struct Files {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

/// The CA's file, and each node's.
#[derive(Debug, Clone)]
pub(super) struct Certificates {
    pub(super) ca: PathBuf,
    pub(super) nodes: Vec<Files>,
}

/// Makes a CA and `count` certificates in `folder`.
pub(super) fn make(count: usize, folder: &Path) -> Result<Certificates, NatsError> {
    let now = WallClock::default().now_micros();
    let ca_key = KeyPair::generate().map_err(failed)?;
    let mut params = named("gaming-system private CA", now, 5 * 365, &[])?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let ca = folder.join("ca.pem");
    std::fs::write(&ca, params.self_signed(&ca_key).map_err(failed)?.pem())?;
    let issuer = Issuer::new(params, ca_key);
    let mut nodes = Vec::new();
    for number in 0..count {
        let name = config::name(number);
        let days = if number == FORGOTTEN_NODE { FORGOTTEN_DAYS } else { USUAL_DAYS };
        let mut params = named(&name, now, days, &[name.as_str(), "localhost", "127.0.0.1"])?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().map_err(failed)?;
        let signed = params.signed_by(&key, &issuer).map_err(failed)?;
        let files = Files { certificate: folder.join(format!("{name}.pem")), key: folder.join(format!("{name}.key")) };
        std::fs::write(&files.certificate, signed.pem())?;
        write_secret(&files.key, &key.serialize_pem())?;
        nodes.push(files);
    }
    Ok(Certificates { ca, nodes })
}

fn named(name: &str, now: i64, days: i64, alternatives: &[&str]) -> Result<CertificateParams, NatsError> {
    let mut params = CertificateParams::new(alternatives.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).map_err(failed)?;
    params.distinguished_name.push(DnType::OrganizationName, "gaming-system");
    params.distinguished_name.push(DnType::CommonName, name);
    let ((year, month, first), (last_year, last_month, last)) = (day(now - 20 * DAY), day(now + days * DAY));
    params.not_before = rcgen::date_time_ymd(year, month, first);
    params.not_after = rcgen::date_time_ymd(last_year, last_month, last);
    Ok(params)
}

/// Year, month and day of a time.
fn day(at: i64) -> (i32, u8, u8) {
    let date = Timestamp::from_microsecond(at).map(|at| TimeZone::UTC.to_datetime(at).date()).unwrap_or_default();
    (date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs())
}

fn failed(error: rcgen::Error) -> NatsError {
    NatsError::Prepare(std::io::Error::other(format!("a certificate could not be made: {error}")))
}
