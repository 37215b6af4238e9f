//! T1 to T4: whether connections use TLS, always did, have to, and for how long the certificates hold.

use super::facts::{Held, NodeFacts, ServiceFacts};
use super::sight::Sight;
use super::traffic::{day, too_new};
use super::{DAY, Told, count, named};
use crate::nats::{CERTIFICATE_DAYS, TlsMode, Wire};
use crate::readiness::evidence::{Answer, Unknown};
use crate::text;

/// Whether a connection's TLS is 1.2 or newer. Younger ones, whose handshake may be going on, are not asked.
pub(super) fn is_sound(held: &Held<'_>) -> bool {
    let version = held.connection.tls.as_deref().and_then(|version| {
        let (major, minor) = version.trim().split_once('.')?;
        Some((major.parse::<u32>().ok()?, minor.parse::<u32>().ok()?))
    });
    held.wire == Wire::Tls && version.is_some_and(|version| version >= (1, 2))
}

/// T1.
pub(super) fn is_used(facts: &ServiceFacts<'_>, _: Sight) -> Told {
    let old: Vec<&Held<'_>> = facts.held.iter().filter(|held| held.wire != Wire::Young).collect();
    if old.is_empty() {
        return Told::unknown(Unknown::TooNew, "All of its connections are so young that their TLS handshake may be going on.");
    }
    let sound = old.iter().filter(|held| is_sound(held)).count();
    let plain = old.iter().filter(|held| held.wire == Wire::Plaintext).count();
    let said = match (old.len() - sound, plain) {
        (0, _) => format!("All of its {} use TLS 1.2 or newer.", count(old.len(), "connection")),
        (_, 0) => format!("{} of its {} use TLS older than 1.2.", old.len() - sound, count(old.len(), "connection")),
        (_, plain) => format!("{plain} of its {} use no TLS.", count(old.len(), "connection")),
    };
    Told::known(Answer::share(sound as u64, old.len() as u64), said)
}

/// T2. A connection that is open between two sweeps, or was open at one, was seen; one that lived between them is known by what
/// its node remembers of it, which is read every few minutes and tells whether it spoke without TLS. Where a node forgot some
/// before they were read, nobody knows.
pub(super) fn was_always_used(facts: &ServiceFacts<'_>, seen: Sight) -> Told {
    let Some(window) = day(facts, seen) else { return too_new() };
    let open = facts.held.iter().filter(|held| held.wire == Wire::Plaintext).count();
    let ended = facts.past.plaintext;
    if open > 0 || ended > 0 {
        let said = format!("{} without TLS now, and {ended} that ended {}.", count(open, "connection"), window.words());
        return Told::known(Answer::FAIL, said);
    }
    if let Some(at) = facts.clusters().filter_map(|of| of.forgot).filter(|at| seen.at.since(*at) < DAY).max() {
        let said = format!(
            "No connection without TLS was seen {}, but a node closed more at {} than it remembers.",
            window.words(),
            at.clock_or_date(facts.now)
        );
        return Told::unknown(Unknown::CollectorError, said);
    }
    Told::known(Answer::PASS, format!("No connection of it without TLS was seen {}.", window.words()))
}

fn names<'a>(nodes: &[&'a NodeFacts]) -> Vec<&'a str> {
    nodes.iter().map(|of| of.node.name.as_str()).collect()
}

/// T3.
pub(super) fn is_required(facts: &ServiceFacts<'_>, _: Sight) -> Told {
    let nodes = facts.nodes();
    if let Some(unread) = nodes.iter().find(|of| of.node.tls.is_none()) {
        let why = unread.node.tls_unknown.as_deref().map(|why| format!(": {}", text::shown(why))).unwrap_or_default();
        let said = format!("Whether {} requires TLS could not be read{why}.", text::shown(&unread.node.name));
        return Told::unknown(Unknown::CollectorError, said);
    }
    if nodes.is_empty() {
        return Told::unknown(Unknown::NeverCollected, "The nodes that hold its connections have not been read.");
    }
    let (required, others): (Vec<&NodeFacts>, Vec<&NodeFacts>) =
        nodes.iter().copied().partition(|of| of.node.tls == Some(TlsMode::Required));
    let answer = Answer::share(required.len() as u64, nodes.len() as u64);
    if others.is_empty() {
        return Told::known(
            answer,
            format!("Nobody comes in without TLS at the {} it uses: {}.", count(nodes.len(), "node"), named(names(&nodes))),
        );
    }
    let mode = |of: &&NodeFacts| format!("{} ({})", of.node.name, of.node.tls.map_or("unknown", TlsMode::as_str));
    let said: Vec<String> = others.iter().map(mode).collect();
    let said = named(said.iter().map(String::as_str));
    Told::known(answer, format!("{} of the {} it uses let clients in without TLS: {said}.", others.len(), count(nodes.len(), "node")))
}

/// T4. The gate is for a certificate that ends within days.
pub(super) fn has_a_certificate(facts: &ServiceFacts<'_>, _: Sight) -> Told {
    let nodes = facts.nodes();
    if nodes.is_empty() {
        return Told::unknown(Unknown::NeverCollected, "The nodes that hold its connections have not been read.");
    }
    if nodes.iter().all(|of| of.node.tls == Some(TlsMode::Off)) {
        return Told::none("No node that it uses serves TLS, so none has a certificate to end (T3 tells).");
    }
    let serving = || nodes.iter().filter(|of| of.node.tls != Some(TlsMode::Off));
    let days = |of: &&&NodeFacts| of.node.certificate.as_ref().and_then(|certificate| certificate.days_left(facts.now));
    if let Some(unread) = serving().find(|of| days(of).is_none()) {
        let said = format!("The certificate that {} serves could not be read.", text::shown(&unread.node.name));
        return Told::unknown(Unknown::CollectorError, said);
    }
    let Some((days, first)) = serving().filter_map(|of| Some((days(&of)?, *of))).min_by_key(|(days, of)| (*days, of.node.name.as_str()))
    else {
        return Told::unknown(Unknown::CollectorError, "No certificate of its nodes could be read.");
    };
    let answer = match days {
        days if days < CERTIFICATE_DAYS.1 => Answer::FAIL,
        days if days < CERTIFICATE_DAYS.0 => Answer::Known { value: 500, gates: false },
        _ => Answer::PASS,
    };
    let left = if days < 0 { "has ended".to_owned() } else { format!("ends in {}", text::count(days.unsigned_abs(), "day")) };
    let said = format!(
        "Of the certificates that its {} serve, that of {} {left}.",
        count(serving().count(), "node"),
        text::shown(&first.node.name)
    );
    Told::known(answer, said)
}
