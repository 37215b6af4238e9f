//! `/live`: server-sent events that say *that* something changed.
//!
//! First `hello` with the revision of every topic, so that a reader who missed anything asks again; then `hint`s,
//! gathered for 250 ms. Two traps: an open stream keeps a server from stopping, so every stream ends with `bye` when the
//! stop token says so; and it outlives the session that opened it, so whether that one still stands is asked again.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use domain::live::Hint;
use futures::stream::{Stream, unfold};
use tokio::sync::watch;

use super::access::{Shared, Viewer};
use crate::accounts::Credential;
use crate::live::{Revisions, hints};

/// How long hints are gathered, of the wall's time: the eye does not see faster.
const GATHER: Duration = Duration::from_millis(250);
/// Proxies close a silent connection after a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How often it is asked whether who listens still may; what this process changes itself is asked about at once.
const ASK_AGAIN: Duration = Duration::from_secs(15);
/// Most open streams: two or three people, their tabs, wall displays, and room.
const MOST: usize = 1_000;

/// Counts open streams.
#[derive(Debug, Default)]
pub(super) struct Readers(AtomicUsize);

impl Readers {
    /// How many streams are open.
    pub(super) fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// One open stream in the count, until dropped.
struct Place(Arc<Readers>);

impl Place {
    fn take(readers: &Arc<Readers>) -> Option<Self> {
        let place = Self(Arc::clone(readers));
        let before = readers.0.fetch_add(1, Ordering::Relaxed);
        (before < MOST).then_some(place) // a refused place is dropped here and uncounts itself
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Where one stream is.
struct Reader {
    newest: watch::Receiver<Revisions>,
    sent: Option<Revisions>,
    shared: Shared,
    credential: Option<Credential>,
    changes: watch::Receiver<u64>,
    ended: bool,
    _place: Place,
}

pub(super) async fn stream(viewer: Viewer, State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let Some(place) = Place::take(shared.readers()) else {
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            "Too many pages are open on this Signalbox; this one shows its state and does not follow it.\n",
        )
            .into_response();
    };
    let (credential, changes) = (shared.credential(&headers), shared.accounts().changes());
    let reader = Reader { newest: viewer.plane.live().watch(), sent: None, shared, credential, changes, ended: false, _place: place };
    let mut response = Sse::new(events(reader)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // nginx would gather the stream into blocks
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

fn events(reader: Reader) -> impl Stream<Item = Result<Event, Infallible>> {
    unfold(reader, |mut reader| async move {
        if reader.ended {
            return None;
        }
        let event = next(&mut reader).await;
        Some((Ok(event), reader))
    })
}

async fn next(reader: &mut Reader) -> Event {
    let Some(sent) = reader.sent else {
        let now = *reader.newest.borrow_and_update();
        reader.sent = Some(now);
        return event("hello", &hints(None, &now));
    };
    loop {
        let stop = reader.shared.stop().clone();
        let woken = stop.run_until_cancelled(woken(reader)).await;
        let Some(Some(now)) = woken else {
            reader.ended = true;
            return Event::default().event("bye").data("ended");
        };
        let moved = hints(Some(&sent), &now);
        if !moved.is_empty() {
            reader.sent = Some(now);
            return event("hint", &moved);
        }
    }
}

/// Waits until something changed, or it is time to ask whether who listens still may. `None` when they may not, or nothing
/// will ever change again.
async fn woken(reader: &mut Reader) -> Option<Revisions> {
    let clock = Arc::clone(reader.shared.clock());
    tokio::select! {
        newest = gathered(&mut reader.newest) => return newest,
        _ = reader.changes.changed() => {}
        () = clock.sleep(ASK_AGAIN) => {}
    }
    match reader.shared.accounts().identify(reader.credential?).await {
        Ok(None) => None,
        // a store that cannot be read for a moment ends nobody's stream
        Ok(Some(_)) | Err(_) => Some(*reader.newest.borrow_and_update()),
    }
}

/// The newest state, a moment after something changed. `None` when nothing ever will again.
#[expect(clippy::disallowed_methods, reason = "hints are gathered for the eye, which keeps the wall's time")]
async fn gathered(newest: &mut watch::Receiver<Revisions>) -> Option<Revisions> {
    newest.changed().await.ok()?;
    tokio::time::sleep(GATHER).await;
    Some(*newest.borrow_and_update())
}

fn event(name: &str, hints: &[Hint]) -> Event {
    Event::default().event(name).json_data(hints).unwrap_or_else(|_| Event::default().event(name).data("[]"))
}
