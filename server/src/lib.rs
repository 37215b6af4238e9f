//! The `signalbox` server: the only place that writes to the database, and the only one that changes AWS.
//!
//! | module | holds |
//! |---|---|
//! | [`cli`] | the commands, their options and exit codes |
//! | [`config`] | `signalbox.toml`, checked before anything is opened |
//! | [`clock`] | the edge at which time enters |
//! | [`store`] | what is remembered: one SQLite file, one writer |
//! | [`actuator`] | the only code that changes AWS, one effect of a rollout at a time |
//! | [`collect`] | runs the collectors and records what they report |
//! | [`plane`] | implements the ports: what pages and API may ask |
//! | [`live`] | tells that something changed, and never what |
//! | [`trouble`] | what is wrong with Signalbox itself, above every page |
//! | [`history`], [`plot`] | a service over time: what its plots are made of, and their pictures |
//! | [`trend`] | a score over time, as a picture |
//! | [`web`] | pages, JSON API, `/live`, `/metrics`, `/healthz` |
//! | [`doctor`] | whether everything the config needs works |
//! | [`discover`] | what an account shows, written down as a config |
//! | [`look`] | the fleet in a terminal, without server or store |
//! | [`readiness`] | how ready the fleet is, by the card of the config |
//! | [`report`] | the score with its evidence, to hand over and to check |
//! | [`policy`] | the least IAM policy, from what collectors and actuator declare |
//! | [`accounts`] | who somebody is: sessions, tokens, links, and the acts on accounts |
//! | [`checklist`] | Markdown checklists, read |
//! | [`evidence_file`] | k6 summaries and JUnit reports, read against the score card |
//! | [`dice`] | the edge at which chance enters |
//! | [`boot`] | puts these together and takes them apart again |
//! | [`verify`] | one sweep without server or store, judged by the same rule |

pub mod accounts;
pub mod actuator;
pub mod boot;
pub mod checklist;
pub mod cli;
pub mod clock;
pub mod collect;
pub mod config;
pub mod dice;
pub mod discover;
pub mod doctor;
pub mod engine;
pub mod evidence_file;
pub mod history;
pub mod live;
pub mod look;
pub mod plane;
pub mod plot;
pub mod policy;
pub mod readiness;
pub mod report;
pub mod store;
pub mod tails;
pub mod trend;
pub mod trouble;
pub mod verify;
pub mod web;

/// An error with all its causes, for the log: `what: why: why that`.
pub fn error_chain(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        said.push_str(": ");
        said.push_str(&inner.to_string());
        cause = inner.source();
    }
    said
}
