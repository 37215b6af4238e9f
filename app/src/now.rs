//! What time it is, as an open page counts it.
//!
//! The server says what time it is in every answer; the browser counts on from there by its own monotonic clock, as
//! fast as the server's clock runs, so a page left open shows true ages and a demo at twenty times the speed agrees
//! with itself. The trap is the first picture: server and browser must write the same text, so every age starts from
//! the instant its answer carries ([`Seed`]) and moves only once the page has been taken over.

use std::time::Duration;

use domain::Timestamp;
use leptos::prelude::*;

/// When the answer was given that the views below are made from.
#[derive(Clone, Copy)]
pub(crate) struct Seed(pub(crate) Timestamp);

/// The clock of an open page.
#[derive(Clone, Copy)]
pub(crate) struct Now {
    /// Empty until the browser has taken over.
    ticked: RwSignal<Option<Timestamp>>,
    /// Whether the page has been taken over; unlike `ticked` it moves once.
    taken_over: RwSignal<bool>,
    anchor: StoredValue<Option<Anchor>>,
}

/// What the server said last, and when that was by the browser's monotonic clock.
#[derive(Clone, Copy)]
struct Anchor {
    said: Timestamp,
    speed: f64,
    at_ms: f64,
}

impl Now {
    pub(crate) fn new() -> Self {
        Self { ticked: RwSignal::new(None), taken_over: RwSignal::new(false), anchor: StoredValue::new(None) }
    }

    pub(crate) fn here() -> Self {
        use_context().unwrap_or_else(Self::new)
    }

    /// The instant ages are counted to: the seed of the nearest answer until the clock ticks.
    pub(crate) fn get(self, seed: Option<Seed>) -> Timestamp {
        self.ticked.get().or(seed.map(|seed| seed.0)).unwrap_or_default()
    }

    /// Makes whatever runs this run again at every tick.
    pub(crate) fn track(self) {
        self.ticked.track();
        self.taken_over.track();
    }

    /// An instant to the second for a tooltip: in UTC, and in the reader's own zone once a browser has taken over.
    pub(crate) fn exact(self, of: Timestamp) -> String {
        if !self.taken_over.get() {
            return of.to_string();
        }
        let millis = (of.as_micros() / 1_000) as f64;
        format!("{of}\n{}", String::from(js_sys::Date::new(&millis.into()).to_string()))
    }

    /// The instant it is, outside any view; nothing before the first answer.
    pub(crate) fn instant(self) -> Option<Timestamp> {
        let (anchor, now_ms) = (self.anchor.get_value()?, elapsed_ms()?);
        let gone = Duration::from_secs_f64(((now_ms - anchor.at_ms) * anchor.speed / 1_000.0).max(0.0));
        Some(anchor.said.plus(gone))
    }

    /// Takes over what an answer says. Only in a browser: a server's page stands still.
    pub(crate) fn resync(self, said: Timestamp, speed: f64) {
        let Some(now_ms) = elapsed_ms() else { return };
        // the first answer came inside the page, so it is about as old as the page itself
        let at_ms = if self.anchor.get_value().is_some() { now_ms } else { 0.0 };
        self.anchor.set_value(Some(Anchor { said, speed, at_ms }));
        // what just came must not look younger than it is until the next tick
        if self.ticked.with_untracked(Option::is_some) {
            self.tick();
        }
    }

    /// Starts the ticking; called once the page has been taken over.
    pub(crate) fn start(self) {
        // not at once: what is still being taken over must find the text the server wrote
        set_timeout(
            move || {
                self.tick();
                self.taken_over.set(true);
            },
            Duration::from_millis(100),
        );
        set_interval(move || self.tick(), Duration::from_secs(1));
    }

    fn tick(self) {
        if let Some(instant) = self.instant() {
            self.ticked.set(Some(instant));
        }
    }
}

/// Milliseconds since the page was asked for; nothing on a server.
fn elapsed_ms() -> Option<f64> {
    if is_browser() { window().performance().map(|performance| performance.now()) } else { None }
}
