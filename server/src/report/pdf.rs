//! The HTML, printed by a browser that is there. Made once and kept, because a browser writes another file each time.
//!
//! The browser gets a profile of its own, a file of its own, a network on which no name is found, and a time limit. It is the
//! only program Signalbox starts for a report, and it is ended by the process that was started and by nothing else. The traps
//! are its helpers, which outlive it unless their group is ended too, and a browser that prints nothing and says it did: what
//! it wrote must begin as a PDF.

use std::ffi::OsStr;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};

/// The names browsers are installed under, in the order they are looked for.
const BROWSERS: [&str; 5] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
/// A thousand services take a few seconds.
const LONGEST: Duration = Duration::from_secs(60);
/// Most bytes of a PDF that are kept.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// Why there is no PDF. Each is a sentence for the page that would link to it.
#[derive(Debug, thiserror::Error)]
pub enum NoPdf {
    /// There is no browser.
    #[error("There is no PDF: no Chromium was found on this machine's PATH. Open the HTML in any browser and print it; it is made for A4.")]
    NoBrowser,
    /// It did not do it in time.
    #[error("There is no PDF: the browser did not print within {0:?}. Open the HTML and print it.")]
    TooLong(Duration),
    /// It ended without one.
    #[error("There is no PDF: {0}. Open the HTML in a browser and print it.")]
    Failed(String),
}

impl From<std::io::Error> for NoPdf {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(format!("a file for the browser could not be written or read: {error}"))
    }
}

/// The browser that is there, by the directories of `path` as in the variable PATH.
pub fn browser(path: &OsStr) -> Option<PathBuf> {
    std::env::split_paths(path)
        .filter(|directory| directory.is_absolute())
        .find_map(|directory| BROWSERS.into_iter().map(|name| directory.join(name)).find(|file| file.is_file()))
}

/// Prints a page. `directory` is where it may make one of its own, named after the report.
///
/// # Errors
/// A sentence, when it cannot.
pub async fn print(browser: &Path, html: &str, directory: &Path, name: &str) -> Result<Vec<u8>, NoPdf> {
    let own = Own::make(directory, name)?;
    let (page, pdf) = (own.0.join("report.html"), own.0.join("report.pdf"));
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&page)?.write_all(html.as_bytes())?;
    let mut child =
        command(browser, &own.0, &page, &pdf).spawn().map_err(|error| NoPdf::Failed(format!("the browser did not start: {error}")))?;
    let ended = tokio::time::timeout(LONGEST, child.wait()).await;
    end(&mut child).await;
    let status = ended.map_err(|_| NoPdf::TooLong(LONGEST))??;
    if !status.success() {
        return Err(NoPdf::Failed(format!("the browser ended with {status}")));
    }
    let length = std::fs::metadata(&pdf).map_err(|_| NoPdf::Failed("the browser wrote nothing".to_owned()))?.len();
    if length > MOST_BYTES {
        return Err(NoPdf::Failed(format!("the browser wrote {length} bytes, and {MOST_BYTES} are kept at most")));
    }
    let bytes = std::fs::read(&pdf)?;
    if bytes.starts_with(b"%PDF-") { Ok(bytes) } else { Err(NoPdf::Failed("what the browser wrote is no PDF".to_owned())) }
}

fn command(browser: &Path, own: &Path, page: &Path, pdf: &Path) -> Command {
    let with = |option: &str, value: &Path| {
        let mut all = std::ffi::OsString::from(option);
        all.push(value.as_os_str());
        all
    };
    let mut command = Command::new(browser);
    command
        .args([
            "--headless",
            "--disable-gpu",
            "--disable-extensions",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--no-default-browser-check",
            "--no-pdf-header-footer",
            // nothing is found, whatever asks
            "--host-resolver-rules=MAP * ~NOTFOUND",
            "--proxy-server=127.0.0.1:9",
        ])
        .arg(with("--user-data-dir=", &own.join("profile")))
        .arg(with("--print-to-pdf=", pdf))
        .arg(with("file://", page))
        .current_dir(own)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // a group of its own, so that its helpers end with it and nothing else does
        .process_group(0)
        .kill_on_drop(true);
    if rustix::process::geteuid().is_root() {
        // Chromium's sandbox refuses to start as root; the page runs no script and its policy lets nothing in
        command.arg("--no-sandbox");
    }
    command
}

/// Ends the browser, if it still runs, and the helpers of its group.
async fn end(child: &mut Child) {
    // the group has the number of the process that leads it; while it was not waited for nobody else can have that number
    let group = child.id().and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?));
    if let Some(group) = group {
        if let Err(error) = rustix::process::kill_process_group(group, rustix::process::Signal::KILL) {
            tracing::debug!(%error, "the browser's processes had ended already");
        }
        if let Err(error) = child.wait().await {
            tracing::warn!(%error, "the browser could not be waited for");
        }
    }
}

/// A directory that is gone when it is no longer needed.
struct Own(PathBuf);

impl Own {
    fn make(directory: &Path, name: &str) -> std::io::Result<Self> {
        let safe: String = name.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-').collect();
        let own = directory.join(format!(".signalbox-pdf-{safe}-{}", std::process::id()));
        std::fs::DirBuilder::new().mode(0o700).create(&own)?;
        // a browser is told a whole path
        Ok(Self(std::fs::canonicalize(&own)?))
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, directory = %self.0.display(), "what was made for a PDF could not be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fake(directory: &Path, script: &str) -> PathBuf {
        let file = directory.join("chromium");
        // written by a process of its own: a test beside this one that starts something would carry our open file along for a
        // moment, and what is open for writing cannot be run (ETXTBSY)
        let write = "printf '%s\\n' '#!/bin/sh' \"$1\" > \"$2\" && chmod 755 \"$2\"";
        let status = std::process::Command::new("/bin/sh").args(["-c", write, "sh", script]).arg(&file).status().unwrap();
        assert!(status.success());
        file
    }

    #[test]
    fn a_browser_is_looked_for_in_whole_paths_only() {
        let directory = tempfile::tempdir().unwrap();
        fake(directory.path(), "exit 0");
        let path = std::env::join_paths([Path::new("relative"), directory.path()]).unwrap();
        assert_eq!(browser(&path), Some(directory.path().join("chromium")));
        assert_eq!(browser(OsStr::new("relative")), None);
    }

    #[tokio::test]
    async fn what_it_writes_is_taken_and_nothing_is_left_behind() {
        let directory = tempfile::tempdir().unwrap();
        let says =
            "for word in \"$@\"; do case \"$word\" in --print-to-pdf=*) printf '%%PDF-1.4' > \"${word#--print-to-pdf=}\";; esac; done";
        let browser = fake(directory.path(), says);
        assert_eq!(print(&browser, "<p>", directory.path(), "a/../b").await.unwrap(), b"%PDF-1.4");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "the fake alone");
    }

    #[tokio::test]
    async fn a_browser_that_fails_is_said_so() {
        let directory = tempfile::tempdir().unwrap();
        for (script, said) in [("exit 3", "ended with"), ("exit 0", "wrote nothing"), ("echo no > report.pdf", "is no PDF")] {
            let browser = fake(directory.path(), script);
            let error = print(&browser, "<p>", directory.path(), "x").await.unwrap_err().to_string();
            assert!(error.contains(said), "{script}: {error}");
        }
    }
}
