//! The store on real SQLite files.

mod build;
mod files;
mod reading;
mod recording;
mod retention;
mod timeline;
mod words;
