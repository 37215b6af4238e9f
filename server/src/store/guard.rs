//! Whether this file may be used at all, answered with a sentence before anything is written.
//!
//! Separate because every refusal here was paid for by somebody: SQLite on NFS corrupts, two processes on one file
//! undo each other, and SQLite before 3.51.3 can corrupt a WAL database with two connections (fixed 2026-03-13).

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock, fstatfs};
use sqlx::SqlitePool;
use sqlx::migrate::MigrateError;

use super::StoreError;

/// The oldest SQLite that keeps a WAL database whole with several connections.
pub const OLDEST_SQLITE: (u32, u32, u32) = (3, 51, 3);

/// Why the file cannot be used: what happened, what it means, what to do.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// The directory cannot be written.
    #[error(
        "The store {path} cannot be opened: {why}. Nothing was changed. Check [store] path in the config, that the directory exists and that this user may write there."
    )]
    Directory {
        /// The store's path.
        path: PathBuf,
        /// The system's words.
        why: String,
    },
    /// The file system is a network one.
    #[error(
        "The store {path} is on a network file system ({kind}). SQLite loses data there, so Signalbox refuses. Move it to a local disk (on AWS: EBS, not EFS)."
    )]
    NetworkFileSystem {
        /// The store's path.
        path: PathBuf,
        /// What kind.
        kind: &'static str,
    },
    /// Another process has it open.
    #[error(
        "Another Signalbox is using the store {path}. Two on one store would undo each other's work. Stop the other one, or give this one its own [store] path (--data for the demo)."
    )]
    InUse {
        /// The store's path.
        path: PathBuf,
    },
    /// There is no store yet.
    #[error(
        "There is no store at {path}. Start `signalbox serve` once, which makes it and prints the link of the first admin; or name the file with --data."
    )]
    Missing {
        /// The store's path.
        path: PathBuf,
    },
    /// The process that has it is of another version.
    #[error(
        "The store {path} is in use by a Signalbox of another version. Nothing was changed. Run this command with the very binary that serves."
    )]
    OtherVersion {
        /// The store's path.
        path: PathBuf,
    },
    /// The library is too old.
    #[error(
        "This Signalbox was built with SQLite {found}, which can corrupt its database; {oldest} or newer is needed. Build it with the bundled library."
    )]
    OldLibrary {
        /// The version found.
        found: String,
        /// The oldest that will do.
        oldest: String,
    },
    /// Not a database, or a damaged one.
    #[error(
        "The store {path} is damaged or no Signalbox store: {why}. It was left as it is. Restore the newest backup, or move the file away to begin with an empty store."
    )]
    Damaged {
        /// The store's path.
        path: PathBuf,
        /// What SQLite found.
        why: String,
    },
    /// Written by a newer version.
    #[error(
        "The store {path} was written by a newer Signalbox (its version {version} is unknown here). It was left as it is. Run that newer Signalbox, or restore the backup made before the upgrade."
    )]
    Newer {
        /// The store's path.
        path: PathBuf,
        /// The unknown migration.
        version: i64,
    },
    /// Its history differs from ours.
    #[error(
        "The store {path} could not be brought up to date: {why}. It was left at its last whole version. Please report this with the sentence."
    )]
    Migration {
        /// The store's path.
        path: PathBuf,
        /// What went wrong.
        why: String,
    },
}

/// Network file systems by the magic number `statfs` reports (Linux `magic.h`).
const NETWORK: [(u64, &str); 8] = [
    (0x6969, "NFS"),
    (0x517B, "SMB"),
    (0xFE53_4D42, "SMB2"),
    (0xFF53_4D42, "CIFS"),
    (0x5346_414F, "AFS"),
    (0x00C3_6400, "Ceph"),
    (0x0102_1997, "9P"),
    (0x0BD0_0BD0, "Lustre"),
];

/// The name of a network file system, by magic number.
fn network(magic: u64) -> Option<&'static str> {
    NETWORK.iter().find(|(known, _)| *known == magic).map(|(_, name)| *name)
}

/// Takes the lock beside the store that keeps a second process off, after checking the file system it is on.
pub(super) fn claim(path: &Path) -> Result<File, Unfit> {
    let unusable = |why: String| Unfit::Directory { path: path.to_owned(), why };
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&name).map_err(|error| unusable(error.to_string()))?;
    let status = fstatfs(&lock).map_err(|error| unusable(error.to_string()))?;
    // the type of `f_type` differs by platform
    if let Some(kind) = u64::try_from(status.f_type).ok().and_then(|magic| network(magic & 0xFFFF_FFFF)) {
        return Err(Unfit::NetworkFileSystem { path: path.to_owned(), kind });
    }
    flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(|_| Unfit::InUse { path: path.to_owned() })?;
    Ok(lock)
}

/// The kind of network file system a directory is on; none where it is a local one.
pub(crate) fn file_system(directory: &Path) -> std::io::Result<Option<&'static str>> {
    let status = rustix::fs::statfs(directory)?;
    Ok(u64::try_from(status.f_type).ok().and_then(|magic| network(magic & 0xFFFF_FFFF)))
}

/// Bytes this user may still write there.
pub(crate) fn room(directory: &Path) -> std::io::Result<u64> {
    let status = rustix::fs::statvfs(directory)?;
    Ok(status.f_bavail.saturating_mul(status.f_frsize))
}

/// Whether a process has the store now. Makes no lock file, and gives back at once what it takes of an existing one.
pub(crate) fn held(path: &Path) -> bool {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    File::open(&name).is_ok_and(|lock| flock(&lock, FlockOperation::NonBlockingLockShared).is_err())
}

/// Refuses to make a store where none is.
pub(super) fn exists(path: &Path) -> Result<(), Unfit> {
    if path.is_file() { Ok(()) } else { Err(Unfit::Missing { path: path.to_owned() }) }
}

/// Refuses a store whose schema is not exactly ours: a process of another version has it.
pub(super) async fn same_version(pool: &SqlitePool, path: &Path) -> Result<(), StoreError> {
    let newest: Option<i64> = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations").fetch_one(pool).await?;
    let ours = super::MIGRATOR.iter().map(|migration| migration.version).max();
    if newest == ours { Ok(()) } else { Err(Unfit::OtherVersion { path: path.to_owned() }.into()) }
}

/// What a failed first connection means.
pub(super) fn unreadable(path: &Path, error: &sqlx::Error) -> Unfit {
    match error.as_database_error() {
        Some(database) => Unfit::Damaged { path: path.to_owned(), why: database.message().to_owned() },
        None => Unfit::Directory { path: path.to_owned(), why: error.to_string() },
    }
}

/// Refuses a library that can corrupt a WAL database.
pub(super) async fn library(pool: &SqlitePool) -> Result<(), StoreError> {
    let found = sqlx::query_scalar!(r#"SELECT sqlite_version() AS "version!: String""#).fetch_one(pool).await?;
    if new_enough(&found) {
        return Ok(());
    }
    let (major, minor, patch) = OLDEST_SQLITE;
    Err(Unfit::OldLibrary { found, oldest: format!("{major}.{minor}.{patch}") }.into())
}

fn new_enough(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    (next(), next(), next()) >= OLDEST_SQLITE
}

/// Lets SQLite look the file over.
pub(super) async fn intact(pool: &SqlitePool, path: &Path) -> Result<(), StoreError> {
    let verdict: Result<String, sqlx::Error> = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(pool).await;
    let damaged = |why: String| StoreError::from(Unfit::Damaged { path: path.to_owned(), why });
    match verdict {
        Ok(word) if word == "ok" => Ok(()),
        Ok(word) => Err(damaged(word)),
        Err(error) => Err(damaged(error.to_string())),
    }
}

/// What a failed migration means.
pub(super) fn migration(path: &Path, error: MigrateError) -> Unfit {
    match error {
        MigrateError::VersionMissing(version) => Unfit::Newer { path: path.to_owned(), version },
        other => Unfit::Migration { path: path.to_owned(), why: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_known_by_their_number() {
        assert_eq!(network(0x6969), Some("NFS"));
        assert_eq!(network(0xEF53), None, "ext4");
    }

    #[test]
    fn the_library_must_be_new_enough() {
        for (version, fit) in [("3.51.2", false), ("3.51.3", true), ("3.52.0", true), ("4.0", true), ("3.46.1", false), ("", false)] {
            assert_eq!(new_enough(version), fit, "{version}");
        }
    }
}
