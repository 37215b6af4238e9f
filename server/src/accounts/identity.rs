//! Whose request it is.
//!
//! Recognised from the store at most once a second for each secret, because there are thousands of requests in it. What is
//! remembered names an actor and never outlives what the store said of it by more than that.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::port::{Actor, SignedBy};
use domain::{Failure, Timestamp};

use super::secret::Digest;
use super::{Accounts, internal};
use crate::store::StoreError;

/// How long somebody who was recognised is not looked at again.
const GOOD_FOR: Duration = Duration::from_secs(1);
/// How exactly it is kept when something was used last.
const TOUCH_EVERY: Duration = Duration::from_secs(60);
/// Most that are remembered; two or three people and their scripts are fewer.
const MOST: usize = 1_000;

/// What somebody shows, hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Credential {
    /// The cookie of a session.
    Session(Digest),
    /// An API token.
    Token(Digest),
}

/// Who was recognised lately.
#[derive(Default)]
pub(super) struct Recognised(Mutex<HashMap<Credential, Seen>>);

struct Seen {
    at: Timestamp,
    actor: Arc<Actor>,
    ends: Timestamp,
}

impl Recognised {
    fn lately(&self, credential: &Credential, now: Timestamp) -> Option<Arc<Actor>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = known.get(credential)?;
        (seen.at <= now && now.since(seen.at) < GOOD_FOR && now < seen.ends).then(|| Arc::clone(&seen.actor))
    }

    fn put(&self, credential: Credential, seen: Seen) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(credential, seen);
    }

    pub(super) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Accounts {
    /// Whose secret that is; nobody's where it was never given out, has ended, or its account is disabled.
    ///
    /// # Errors
    /// [`Failure::Internal`] when the store cannot be read.
    pub async fn identify(&self, credential: Credential) -> Result<Option<Arc<Actor>>, Failure> {
        let now = self.clock.now();
        if let Some(actor) = self.recognised.lately(&credential, now) {
            return Ok(Some(actor));
        }
        // taken before reading: what is changed meanwhile is not remembered under what was read
        let epoch = *self.epoch.borrow();
        let found = match credential {
            Credential::Session(hash) => self.session(&hash, now).await,
            Credential::Token(hash) => self.token(&hash, now).await,
        };
        let Some((actor, ends)) = found.map_err(|error| internal(&error))? else { return Ok(None) };
        let actor = Arc::new(actor);
        if *self.epoch.borrow() == epoch {
            self.recognised.put(credential, Seen { at: now, actor: Arc::clone(&actor), ends });
        }
        Ok(Some(actor))
    }

    async fn session(&self, hash: &Digest, now: Timestamp) -> Result<Option<(Actor, Timestamp)>, StoreError> {
        let Some(found) = self.store.session_find(hash).await? else { return Ok(None) };
        let ends = found.ends.min(found.seen.plus(self.lasting.idle));
        if ends <= now {
            return Ok(None);
        }
        if now.since(found.seen) >= TOUCH_EVERY.min(self.lasting.idle / 4) {
            let store = self.store.clone();
            self.note(async move { store.session_seen(found.id, now).await });
        }
        let actor = Actor { account: Some(found.account), name: found.name, role: found.role, by: SignedBy::Session { id: found.id } };
        Ok(Some((actor, ends)))
    }

    async fn token(&self, hash: &Digest, now: Timestamp) -> Result<Option<(Actor, Timestamp)>, StoreError> {
        let Some(found) = self.store.token_find(hash).await? else { return Ok(None) };
        if found.ends <= now {
            return Ok(None);
        }
        if found.used.is_none_or(|used| now.since(used) >= TOUCH_EVERY) {
            let store = self.store.clone();
            self.note(async move { store.token_used(found.id, now).await });
        }
        let by = SignedBy::Token { id: found.id, name: found.name };
        Ok(Some((Actor { account: Some(found.account), name: found.owner, role: found.role, by }, found.ends)))
    }
}

impl Accounts {
    /// Writes beside the request, which must not wait for a writer that is busy with a long report. What is passed over is
    /// noted at the next look, a second later.
    fn note(&self, written: impl Future<Output = Result<(), StoreError>> + Send + 'static) {
        let Ok(place) = Arc::clone(&self.noting).try_acquire_owned() else { return };
        tokio::spawn(async move {
            tell(written.await);
            drop(place);
        });
    }
}

/// A disk that refuses must not keep anybody out: it is exactly then that somebody has to look.
fn tell(written: Result<(), StoreError>) {
    if let Err(error) = written {
        tracing::warn!(error = %crate::error_chain(&error), "it could not be noted that a session or token was used");
    }
}
