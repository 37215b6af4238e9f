//! Finding a `nats-server` that is new enough.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::nats::NatsError;

/// Older ones lack fields that are read here and by every client of `connz` and `routez` (Debian's 2.9 does).
const OLDEST: (u32, u32) = (2, 10);

/// The `nats-server` to run: the explicit path if one is given, else the first on PATH. It is asked for its version.
///
/// # Errors
/// [`NatsError::NoServer`] when there is none, [`NatsError::OldServer`] when it is older than 2.10, [`NatsError::NotAServer`] when it does not say its version.
pub fn find_server(explicit: Option<&Path>) -> Result<PathBuf, NatsError> {
    let path = match explicit {
        Some(path) => Some(path.to_owned()).filter(|path| path.is_file()),
        None => on_path(),
    };
    let path = path.ok_or_else(|| NatsError::NoServer {
        looked: explicit.map_or_else(|| "on PATH".to_owned(), |path| format!("at {}", path.display())),
    })?;
    let said = Command::new(&path)
        .arg("--version")
        .output()
        .map_err(|error| NatsError::NotAServer { path: path.clone(), said: error.to_string() })?;
    let said = String::from_utf8_lossy(&said.stdout).trim().to_owned();
    match version(&said) {
        Some(found) if found >= OLDEST => Ok(path),
        Some(_) => Err(NatsError::OldServer { path, said }),
        None => Err(NatsError::NotAServer { path, said }),
    }
}

#[expect(clippy::disallowed_methods, reason = "PATH is where a program is looked for, not a setting")]
fn on_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join("nats-server")).find(|file| file.is_file())
}

/// Major and minor from `nats-server: v2.15.1`.
fn version(said: &str) -> Option<(u32, u32)> {
    let numbers = said.strip_prefix("nats-server: v")?;
    let mut parts = numbers.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_and_compared_as_numbers() {
        for (said, expected) in [
            ("nats-server: v2.15.1", Some((2, 15))),
            ("nats-server: v2.9.10", Some((2, 9))),
            ("nats-server: v3.0.0-RC.1", Some((3, 0))),
            ("nginx version: 1.2", None),
            ("", None),
        ] {
            assert_eq!(version(said), expected, "{said}");
        }
        assert!((2, 9) < OLDEST && (3, 0) > OLDEST);
    }

    #[test]
    fn what_is_not_there_is_named() {
        let error = find_server(Some(Path::new("/nowhere/nats-server"))).unwrap_err();
        assert!(error.to_string().contains("/nowhere/nats-server"), "{error}");
    }
}
