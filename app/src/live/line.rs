//! The line itself: one `EventSource` a tab, made again for as long as the tab lives.
//!
//! Written on web-sys directly because what a browser does by itself is not enough: it gives up on an answer that is
//! no event stream (a proxy's 502 while the server restarts), all tabs of a browser come back in the same instant, and
//! a line that died without a word is never noticed. So every line is closed at the first error and made again after a
//! pause with jitter, and one that is silent for too long is taken for dead.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use domain::live::Hint;
use leptos::prelude::set_timeout;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{EventSource, MessageEvent};

use super::Live;
use crate::now::Now;

/// Where the hints come from.
const ADDRESS: &str = "/live";
/// The longest pause before another attempt.
const LONGEST_PAUSE_MS: u64 = 10_000;
/// How long may a line be silent? Every sweep gives a hint, so this is several sweeps; a dead line is noticed within it.
const LONGEST_SILENCE: Duration = Duration::from_secs(60);

/// One attempt and what is needed to end it.
#[derive(Clone)]
struct Attempt {
    live: Live,
    now: Now,
    source: EventSource,
    number: u32,
    over: Rc<Cell<bool>>,
    heard: Rc<Cell<u64>>,
}

/// Makes the line; `number` counts the attempts that failed in a row.
pub(super) fn open(live: Live, now: Now, number: u32) {
    let Ok(source) = EventSource::new(ADDRESS) else {
        return retry(live, now, number);
    };
    let attempt = Attempt { live, now, source, number, over: Rc::default(), heard: Rc::default() };
    attempt.on("hello", |attempt, hints| attempt.live.hello(&hints));
    attempt.on("hint", |attempt, hints| attempt.live.changed(&hints));
    attempt.on("bye", |attempt, _| attempt.end());
    attempt.on("error", |attempt, _| attempt.end());
    attempt.watch(0);
}

impl Attempt {
    fn on(&self, event: &str, act: fn(&Self, Vec<Hint>)) {
        let attempt = self.clone();
        let heard = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            if attempt.over.get() {
                return;
            }
            let Some(text) = event.data().as_string() else {
                return act(&attempt, Vec::new()); // an `error` carries nothing
            };
            attempt.heard.set(attempt.heard.get() + 1);
            // what cannot be read is a newer server's, and this page will be replaced by its own
            act(&attempt, serde_json::from_str(&text).unwrap_or_default());
        });
        let listening = self.source.add_event_listener_with_callback(event, heard.as_ref().unchecked_ref());
        debug_assert!(listening.is_ok(), "an EventSource takes listeners");
        // lives as long as the source, of which there is one at a time
        heard.forget();
    }

    /// Ends the line if nothing was heard since the last look.
    fn watch(&self, heard_then: u64) {
        let attempt = self.clone();
        set_timeout(
            move || {
                let heard = attempt.heard.get();
                match (attempt.over.get(), heard == heard_then) {
                    (true, _) => {}
                    (false, true) => attempt.end(),
                    (false, false) => attempt.watch(heard),
                }
            },
            LONGEST_SILENCE,
        );
    }

    fn end(&self) {
        self.over.set(true);
        self.source.close();
        // an attempt that was heard from had worked: the next starts counting anew
        let number = if self.heard.get() > 0 { 0 } else { self.number };
        self.live.lost(self.now);
        retry(self.live, self.now, number);
        if number > 0 {
            ask_who_we_are();
        }
    }
}

/// An `EventSource` does not say with which status it was refused: another question tells whether the session has ended.
fn ask_who_we_are() {
    leptos::task::spawn_local(async {
        if let Err(error) = crate::api::frame().await
            && error.signed_out()
        {
            crate::signed_out::leave_or_tell();
        }
    });
}

fn retry(live: Live, now: Now, number: u32) {
    let ceiling = 1_000_u64.saturating_mul(1 << number.min(10)).min(LONGEST_PAUSE_MS);
    let pause = Duration::from_millis(ceiling).mul_f64(0.3 + 0.7 * js_sys::Math::random());
    set_timeout(move || open(live, now, number.saturating_add(1)), pause);
}
