//! Noticing that the store is older than what was done.
//!
//! A restored backup believes that its newest rollout is where it was at the backup; the services have moved on since. So a
//! file beside the store counts the engine's commits along. It is not in a backup of the store, and a store that is behind
//! it, or has open rollouts and no such file, was restored: its open rollouts then wait until a person has looked.

use std::path::{Path, PathBuf};

/// The file beside the store.
#[derive(Clone, Debug)]
pub struct Mark {
    path: PathBuf,
}

impl Mark {
    /// Beside this store.
    pub fn beside(store: &Path) -> Self {
        let mut name = store.as_os_str().to_owned();
        name.push(".commits");
        Self { path: PathBuf::from(name) }
    }

    /// Why the store may be older than what was done; nothing where it is not.
    pub fn doubt(&self, commits: u64) -> Option<String> {
        let told = std::fs::read_to_string(&self.path).ok().and_then(|text| text.trim().parse::<u64>().ok());
        match told {
            Some(told) if told <= commits => None,
            Some(told) => Some(format!(
                "The store was restored from a backup: it knows {commits} steps of the change engine, and {told} were made. What it believes of the services may be of the past."
            )),
            None => Some(format!(
                "The store was moved here or restored from a backup: {} is missing, which counts the change engine's steps along. What the store believes of the services may be of the past.",
                self.path.display()
            )),
        }
    }

    /// Counts along. A file that cannot be written makes the next start ask for a look, which is the safe side.
    pub fn set(&self, commits: u64) {
        let written = write(&self.path, commits);
        if let Err(error) = written {
            tracing::warn!(path = %self.path.display(), %error, "the count beside the store could not be written");
        }
    }
}

/// Renamed into place, so that a crash leaves the older count and never half of one.
fn write(path: &Path, commits: u64) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    std::fs::write(&beside, commits.to_string())?;
    std::fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_is_behind_its_mark_was_restored() {
        let directory = tempfile::tempdir().unwrap();
        let mark = Mark::beside(&directory.path().join("signalbox.db"));
        assert!(mark.doubt(0).unwrap().contains("signalbox.db.commits is missing"));
        mark.set(41);
        assert_eq!((mark.doubt(41), mark.doubt(42)), (None, None), "a crash between commit and mark leaves it behind");
        assert!(mark.doubt(40).unwrap().contains("knows 40 steps"));
        std::fs::write(directory.path().join("signalbox.db.commits"), "?").unwrap();
        assert!(mark.doubt(40).is_some());
    }
}
