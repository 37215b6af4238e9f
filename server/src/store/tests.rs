//! The store on real SQLite files.

mod accounts;
mod alarms;
mod attested;
mod build;
mod carried;
mod files;
mod listed;
mod nats;
mod plans;
mod reading;
mod recording;
mod reports;
mod requests;
mod retention;
mod series;
mod timeline;
mod words;
