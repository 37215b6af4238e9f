//! Reports that are made by themselves, and written to a directory.
//!
//! Separate because two things can fail here that fail nowhere else: nobody is there to be told, and a directory that is full or
//! gone. A report that was made is kept in the store whatever happens; writing it down is a debt of its own, paid as soon as the
//! directory can take it, by whichever process runs then. The trap is a restart: what is due follows from the last report on
//! record and not from when the process began, so that a server that starts every hour makes one a day all the same.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use domain::port::ReadReports as _;

use super::{Format, Schedule};
use crate::plane::{Reporting, THE_SCHEDULE};

/// What is written down.
const WRITTEN: [Format; 3] = [Format::Html, Format::Json, Format::Markdown];
/// Names the report that was written last, so that none is written twice.
const MARK: &str = ".signalbox-last-report";
/// So long after a start nothing is made: the first sweeps are under way, and most of what is on record is too old by then.
const SETTLING: Duration = Duration::from_secs(120);
/// How long after a failure it is tried again.
const AGAIN: Duration = Duration::from_secs(300);
/// The longest it waits without looking at the record again: a clock may be set.
const LOOK: Duration = Duration::from_secs(3_600);

/// Makes reports for as long as it is not cancelled.
pub async fn keep(reporting: Arc<Reporting>, schedule: Schedule) {
    let clock = Arc::clone(reporting.plane().clock());
    clock.sleep(SETTLING).await;
    loop {
        let pause = match turn(&reporting, &schedule, clock.now()).await {
            Ok(pause) => {
                reporting.schedule_fails(None);
                pause
            }
            Err(why) => {
                tracing::error!(why, directory = %schedule.directory.display(), "the scheduled report failed; tried again in five minutes");
                reporting.schedule_fails(Some(why));
                AGAIN
            }
        };
        clock.sleep(pause).await;
    }
}

/// Writes the last one down where that is owed, and makes the next one where it is due. Answers how long to wait.
async fn turn(reporting: &Reporting, schedule: &Schedule, now: Timestamp) -> Result<Duration, String> {
    let last = reporting.plane().store().report_last_of(THE_SCHEDULE).await.map_err(|error| crate::error_chain(&error))?;
    if let Some((id, made)) = last {
        write(reporting, &schedule.directory, &id).await?;
        let left = made.plus(schedule.every).since(now);
        // one from the future was made by a clock that was wrong
        if !left.is_zero() && made <= now {
            return Ok(left.min(LOOK));
        }
    }
    let id = reporting.make_scheduled().await.map_err(|failure| failure.to_string())?;
    write(reporting, &schedule.directory, &id).await?;
    Ok(schedule.every.min(LOOK))
}

/// Writes a report down, once: whoever takes the files away has them.
async fn write(reporting: &Reporting, directory: &Path, id: &str) -> Result<(), String> {
    let mark = directory.join(MARK);
    if std::fs::read_to_string(&mark).is_ok_and(|written| written == id) {
        return Ok(());
    }
    let wrong = |name: &str, error: &std::io::Error| format!("{name} cannot be written in {}: {error}.", directory.display());
    for format in WRITTEN {
        let file = reporting.report_file(id.to_owned(), format.as_str().to_owned()).await.map_err(|failure| failure.to_string())?;
        whole(directory, &file.name, &file.bytes).map_err(|error| wrong(&file.name, &error))?;
    }
    std::fs::write(&mark, id).map_err(|error| wrong(MARK, &error))
}

/// A file is there whole or not at all: whoever picks files up from the directory must not meet half a report.
fn whole(directory: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let path = directory.join(name);
    if path.try_exists()? {
        return Ok(());
    }
    std::fs::create_dir_all(directory)?;
    let unfinished = directory.join(format!(".{name}.new"));
    let mut file = std::fs::File::create(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&unfinished, &path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_whole_once() {
        let directory = tempfile::tempdir().unwrap();
        let reports = directory.path().join("a/reports");
        for bytes in [b"first".as_slice(), b"second"] {
            whole(&reports, "signalbox-2026-05-02-0196f0aa.html", bytes).unwrap();
        }
        let names: Vec<String> =
            std::fs::read_dir(&reports).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        assert_eq!(names, ["signalbox-2026-05-02-0196f0aa.html"]);
        assert_eq!(std::fs::read(reports.join(&names[0])).unwrap(), b"first", "what was handed over stays");
        std::fs::write(directory.path().join("file"), "").unwrap();
        assert!(whole(&directory.path().join("file/below"), "x.html", b"").is_err(), "no directory can be made there");
    }
}
