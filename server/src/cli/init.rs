//! `signalbox init`.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use domain::text::count;

use super::reach::Reach;
use crate::clock::SystemClock;
use crate::discover::{self, Found};

#[derive(Debug, Args)]
pub(super) struct Init {
    /// Where to write the config; - prints it
    #[arg(long, default_value = "signalbox.toml")]
    output: PathBuf,
    /// Write although the file exists; the old one is kept beside it
    #[arg(long)]
    force: bool,
    /// What to call the environment; absent, the profile's name
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    reach: Reach,
}

impl Init {
    pub(super) async fn run(self) -> anyhow::Result<u8> {
        let printed = self.output.as_os_str() == "-";
        if !printed && !self.force && self.output.exists() {
            // before anything is asked: nobody wants to wait for this
            bail!(
                "{} exists and was left as it is. --force keeps it under another name and writes a new one; --output - only prints.",
                self.output.display()
            );
        }
        let environment = self.reach.environment(self.name);
        let found = discover::discover(environment, Arc::new(SystemClock)).await.map_err(|fault| {
            anyhow!("nothing could be found: {}. {} Nothing was written.", fault.message.trim_end_matches('.'), fault.remedy())
        })?;
        let text = found.config()?;
        if printed {
            print!("{text}");
            return Ok(0);
        }
        write(&self.output, &text, &found.at.to_string())?;
        eprintln!("Wrote {}: {}.", self.output.display(), summary(&found));
        let config =
            if self.output == Path::new("signalbox.toml") { String::new() } else { format!(" --config {}", self.output.display()) };
        eprintln!("Next: look it over, then `signalbox doctor{config}` and `signalbox serve{config}`.");
        Ok(0)
    }
}

fn summary(found: &Found) -> String {
    let services = found.services() as u64;
    let alarms = match &found.alarms {
        Ok(number) => count(*number as u64, "alarm"),
        Err(_) => "alarms could not be read".to_owned(),
    };
    let nats = match found.nats.found.len() {
        0 => "no NATS address".to_owned(),
        number => format!(
            "{} (commented out: NATS needs a way in)",
            if number == 1 { "1 NATS address".to_owned() } else { format!("{number} NATS addresses") }
        ),
    };
    let unread = if found.unread.is_empty() { "" } else { ", and ECS could not be read in whole: see its comments" };
    format!("{}, {}, {alarms}, {nats}{unread}", count(found.clusters.len() as u64, "cluster"), count(services, "service"))
}

/// Writes the file, never over another: what was there is moved aside first.
fn write(path: &Path, text: &str, at: &str) -> anyhow::Result<()> {
    let unwritable = || format!("{} cannot be written. Name another place with --output", path.display());
    if path.exists() {
        let mut aside = path.as_os_str().to_owned();
        aside.push(format!(".{}.bak", at.replace(':', "")));
        let aside = PathBuf::from(aside);
        // made new first, so that a backup is never overwritten either
        OpenOptions::new().write(true).create_new(true).open(&aside).with_context(unwritable)?;
        std::fs::rename(path, &aside).with_context(unwritable)?;
        eprintln!("The old one is kept as {}.", aside.display());
    }
    let mut file: File = OpenOptions::new().write(true).create_new(true).open(path).with_context(unwritable)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).with_context(unwritable)
}
