//! `signalbox look`.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use collectors::{Collector, Depth};
use domain::Timestamp;
use domain::port::Clock;
use domain::source::SourceKind;
use tokio::signal::unix::{SignalKind, signal};

use super::asked_to_stop;
use super::reach::Reach;
use crate::clock::SystemClock;
use crate::collect::{Making, make};
use crate::config::{Config, Nats, Poll, Secret, Span};
use crate::look::frame::{Canvas, frame};
use crate::look::terminal::{Terminal, size};
use crate::look::{Watch, sweeping};

#[derive(Debug, Args)]
pub(super) struct Look {
    /// How long to look
    #[arg(long = "for", default_value = "2m", value_parser = humantime::parse_duration, value_name = "SPAN")]
    span: Duration,
    /// Print once and end; so it is too where the output is no terminal
    #[arg(long)]
    once: bool,
    /// How often to ask ECS; alarms and NATS are asked a third as often
    #[arg(long, default_value = "5s", value_parser = humantime::parse_duration, value_name = "SPAN")]
    every: Duration,
    /// No colours
    #[arg(long, env = "NO_COLOR", num_args = 0..=1, default_missing_value = "1", hide_env_values = true, value_name = "ANYTHING")]
    no_color: Option<String>,
    /// A NATS node's client address, with a system-account user; may be given several times
    #[arg(long = "nats-url", value_name = "URL")]
    nats_urls: Vec<String>,
    /// That user; its password comes from the variable SIGNALBOX_NATS_PASSWORD or --nats-password-file
    #[arg(long, value_name = "USER")]
    nats_user: Option<String>,
    /// File with that user's password
    #[arg(long, value_name = "FILE")]
    nats_password_file: Option<PathBuf>,
    #[arg(long, env = "SIGNALBOX_NATS_PASSWORD", hide = true, hide_env_values = true)]
    nats_password: Option<String>,
    /// A NATS node's monitoring port; may be given several times
    #[arg(long = "nats-monitor-url", value_name = "URL")]
    nats_monitor_urls: Vec<String>,
    #[command(flatten)]
    reach: Reach,
}

impl Look {
    pub(super) async fn run(self) -> anyhow::Result<u8> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let once = self.once || !std::io::stdout().is_terminal();
        let colour = self.no_color.as_deref().is_none_or(str::is_empty) && std::io::stdout().is_terminal();
        let span = self.span;
        let config = self.config()?;
        let making = Making { kinds: SourceKind::ALL.to_vec(), keys: None, seed: u64::from(std::process::id()), depth: Depth::State };
        let collectors: Vec<Arc<dyn Collector>> =
            make(&config, &clock, &making, None).made.into_iter().map(|made| made.collector).collect();
        let watch = Watch::over(&collectors);
        let watch = if once {
            print_once(watch, collectors, &clock, colour).await
        } else {
            redraw(watch, collectors, &clock, span, colour).await?
        };
        Ok(if watch.any_read() { 0 } else { super::FAILED })
    }

    /// The config that these options stand for.
    fn config(self) -> anyhow::Result<Config> {
        let slowly = self.every.saturating_mul(3);
        let nats = (!self.nats_urls.is_empty() || !self.nats_monitor_urls.is_empty()).then(|| -> anyhow::Result<Nats> {
            let password = match &self.nats_password_file {
                Some(file) => {
                    let text =
                        std::fs::read_to_string(file).with_context(|| format!("the password file {} cannot be read", file.display()))?;
                    Some(text.trim_end_matches(['\r', '\n']).to_owned())
                }
                None => self.nats_password.clone(),
            };
            Ok(Nats {
                urls: self.nats_urls.clone(),
                user: self.nats_user.clone(),
                monitor_urls: self.nats_monitor_urls.clone(),
                password: password.map(Secret::new),
                ..Nats::named("main")
            })
        });
        let poll = Poll { services: Span(self.every), alarms: Span(slowly), nats: Span(slowly), ..Poll::default() };
        Ok(Config {
            environments: vec![self.reach.environment(None)],
            nats: nats.transpose()?.into_iter().collect(),
            poll,
            ..Config::from_sdk_chain()
        })
    }
}

/// One sweep of everything, printed.
async fn print_once(mut watch: Watch, collectors: Vec<Arc<dyn Collector>>, clock: &Arc<dyn Clock>, colour: bool) -> Watch {
    for sweep in futures::future::join_all(collectors.iter().map(|collector| collector.sweep())).await {
        watch.take(&sweep);
    }
    let columns = if std::io::stdout().is_terminal() { size().0 } else { usize::MAX };
    for line in frame(&watch, clock.now(), None, Canvas { columns, rows: None, colour }) {
        println!("{line}");
    }
    watch
}

/// Sweeps and draws until the time is over, q, Ctrl-C or SIGTERM.
async fn redraw(
    mut watch: Watch,
    collectors: Vec<Arc<dyn Collector>>,
    clock: &Arc<dyn Clock>,
    span: Duration,
    colour: bool,
) -> anyhow::Result<Watch> {
    let until: Timestamp = clock.now().plus(span);
    let mut sweeps = sweeping(collectors, clock);
    let mut resized = signal(SignalKind::window_change()).context("SIGWINCH cannot be listened for")?;
    let stop = asked_to_stop();
    tokio::pin!(stop);
    let terminal = Terminal::borrow().context("the terminal cannot be drawn on; --once prints instead")?;
    let mut keys = terminal.keys();
    loop {
        let now = clock.now();
        let (columns, rows) = size();
        terminal
            .draw(&frame(&watch, now, Some(until.since(now)), Canvas { columns, rows: Some(rows), colour }))
            .context("the terminal is gone")?;
        if now >= until {
            break;
        }
        tokio::select! {
            Some(sweep) = sweeps.recv() => watch.take(&sweep),
            Some(key) = keys.recv() => if matches!(key, b'q' | b'Q' | 0x04) { break },
            _ = resized.recv() => {}
            stopped = &mut stop => { stopped?; break }
            // ages grow
            () = clock.sleep(Duration::from_secs(1).min(until.since(now))) => {}
        }
    }
    drop(terminal);
    // what stays in the scroll-back: how it stood when we stopped looking
    let now = clock.now();
    for line in frame(&watch, now, None, Canvas { columns: size().0, rows: Some(3), colour: false }).into_iter().take(1) {
        println!("{line}");
    }
    Ok(watch)
}
