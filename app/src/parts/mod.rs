//! Pieces of pages that know the domain.

pub(crate) mod age;
pub(crate) mod alarms;
pub(crate) mod bill;
pub(crate) mod choices;
pub(crate) mod customers;
pub(crate) mod definition;
pub(crate) mod deployments;
pub(crate) mod facts;
pub(crate) mod filter;
pub(crate) mod frame;
pub(crate) mod history;
pub(crate) mod live_tag;
pub(crate) mod needs;
pub(crate) mod palette;
pub(crate) mod record_filter;
pub(crate) mod service_table;
pub(crate) mod sheet;
pub(crate) mod source_card;
pub(crate) mod sources_line;
pub(crate) mod stale;
pub(crate) mod stops;
pub(crate) mod tasks;
pub(crate) mod tiles;
pub(crate) mod timeline;
pub(crate) mod tone;
pub(crate) mod trouble;
