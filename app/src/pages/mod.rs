//! One file a route. What a piece looks like is said in `parts` and `ui`.
//!
//! Most pages are made on the server alone ([`crate::made`]) and answer a `Page`; the browser's half does not have them. The list of services is a
//! component of both halves, because its filter answers while one types.

pub(crate) mod services;

#[cfg(feature = "ssr")]
pub(crate) mod access;
#[cfg(feature = "ssr")]
pub(crate) mod alarm;
#[cfg(feature = "ssr")]
pub(crate) mod alarms;
#[cfg(feature = "ssr")]
pub(crate) mod attest;
#[cfg(feature = "ssr")]
pub(crate) mod checklists;
#[cfg(feature = "ssr")]
pub(crate) mod coverage;
#[cfg(feature = "ssr")]
pub(crate) mod missing;
#[cfg(feature = "ssr")]
pub(crate) mod nats;
#[cfg(feature = "ssr")]
pub(crate) mod not_found;
#[cfg(feature = "ssr")]
pub(crate) mod overview;
#[cfg(feature = "ssr")]
pub(crate) mod plan;
#[cfg(feature = "ssr")]
pub(crate) mod readiness;
#[cfg(feature = "ssr")]
pub(crate) mod reports;
#[cfg(feature = "ssr")]
pub(crate) mod rollout;
#[cfg(feature = "ssr")]
pub(crate) mod rollouts;
#[cfg(feature = "ssr")]
pub(crate) mod service;
#[cfg(feature = "ssr")]
pub(crate) mod sources;
#[cfg(feature = "ssr")]
pub(crate) mod task;
#[cfg(feature = "ssr")]
pub(crate) mod timeline;
#[cfg(feature = "ssr")]
pub(crate) mod waivers;
