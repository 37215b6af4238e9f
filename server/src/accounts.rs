//! Who somebody is, and what becomes of accounts: sessions, tokens, links, and the two ports that change them.
//!
//! Separate from the control plane, which shows the fleet: only this knows a secret, and only while it is checked. A request
//! is recognised once a second at most (`identity`); whatever this process changes is seen at once, what
//! `signalbox account` changes beside it within that second. The trap: a stream that was opened by a session which has
//! ended since; [`Accounts::changes`] lets it look again.

mod administer;
mod door;
mod identity;
mod own;
mod pace;
mod password;
mod secret;
mod sign_in;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use domain::Failure;
use domain::port::{Actor, Clock, SignedBy};
use domain::view::Fresh;
use domain::{Timestamp, text};
use tokio::sync::{Semaphore, watch};

use crate::dice::Dice;
use crate::store::{Linked, Store, StoreError};

pub(crate) use administer::decided;
pub use door::Keys;
pub use identity::Credential;
pub use pace::Pace;
pub use password::{HashError, Hashing};
pub use secret::{Digest, Made, TOKEN_PREFIX, digest};
pub use sign_in::{Origin, SignInError, WelcomeError};

/// How long a link leads somewhere.
pub const LINK_LASTS: Duration = Duration::from_secs(24 * 3_600);
/// The longest a token may last, in days.
pub const LONGEST_TOKEN_DAYS: u32 = 366;
/// How long what is shown once waits to be shown.
const FRESH_FOR: Duration = Duration::from_secs(120);

/// How long sessions last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lasting {
    /// Without being used.
    pub idle: Duration,
    /// Whatever happens.
    pub longest: Duration,
}

/// Accounts, over the store.
pub struct Accounts {
    store: Store,
    clock: Arc<dyn Clock>,
    dice: Arc<dyn Dice>,
    lasting: Lasting,
    hashing: Hashing,
    recognised: identity::Recognised,
    /// One note of use at a time: while the only writer is busy, more would only wait in its line.
    noting: Arc<Semaphore>,
    /// Moves whenever something was changed here.
    epoch: watch::Sender<u64>,
    /// The demo's door, where it is open: the hash of its key, and who comes in by it.
    door: OnceLock<(Digest, i64)>,
    /// What is shown once, by the session it is shown to.
    fresh: Mutex<HashMap<i64, (Timestamp, Fresh)>>,
}

impl Accounts {
    /// Accounts over a store.
    pub fn new(store: Store, clock: Arc<dyn Clock>, dice: Arc<dyn Dice>, lasting: Lasting) -> Self {
        Self {
            store,
            clock,
            dice,
            lasting,
            hashing: Hashing::default(),
            recognised: identity::Recognised::default(),
            noting: Arc::new(Semaphore::new(1)),
            epoch: watch::Sender::new(0),
            door: OnceLock::new(),
            fresh: Mutex::default(),
        }
    }

    /// How long sessions last.
    pub fn lasting(&self) -> Lasting {
        self.lasting
    }

    /// Moves whenever an account, a session or a token was changed by this process.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.epoch.subscribe()
    }

    /// The path of the first admin's link, in place of any made before; none where there is an account already.
    ///
    /// # Errors
    /// When the store or the system's random bytes fail.
    pub async fn first_link(&self) -> Result<Option<String>, Failure> {
        let (link, path) = self.new_link()?;
        let first = self.store.link_first(&link, self.clock.now()).await.map_err(|error| internal(&error))?;
        Ok(first.then_some(path))
    }

    /// Deletes what has ended by time.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn let_go(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.store.access_let_go(now.minus(self.lasting.idle), now.minus(Pace::LONGEST_MEMORY), now).await
    }

    /// A new link and its path.
    fn new_link(&self) -> Result<(Linked, String), Failure> {
        let made = Made::new(self.dice.as_ref()).map_err(|error| internal(&error))?;
        Ok((Linked { hash: made.hash, ends: self.clock.now().plus(LINK_LASTS) }, format!("/welcome/{}", made.secret)))
    }

    /// Something was changed: whoever was recognised is looked at again.
    fn changed(&self) {
        self.recognised.forget();
        self.epoch.send_modify(|epoch| *epoch += 1);
    }

    /// Keeps what is shown once for the next look of this session at its account.
    fn show_once(&self, session: i64, fresh: Fresh) {
        let now = self.clock.now();
        let mut waiting = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|_, (made, _)| now.since(*made) < FRESH_FOR);
        waiting.insert(session, (now, fresh));
    }

    fn shown_once(&self, session: i64) -> Option<Fresh> {
        let mut waiting = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        let (made, fresh) = waiting.remove(&session)?;
        (self.clock.now().since(made) < FRESH_FOR).then_some(fresh)
    }
}

/// The account and session of somebody who signed in. A token stands for its account, it does not own it.
fn person(actor: &Actor) -> Result<(i64, i64), Failure> {
    match (actor.account, &actor.by) {
        (Some(account), SignedBy::Session { id }) => Ok((account, *id)),
        _ => {
            let why = "An API token cannot do that: it takes somebody who is signed in. Open the Access page in a browser.".to_owned();
            Err(Failure::Forbidden { why })
        }
    }
}

/// Tells of an act in the log. Its row belongs into the transaction of the store's function that did it.
pub(crate) fn noted(actor: &Actor, act: &'static str, on: &str) {
    let session = match &actor.by {
        SignedBy::Session { id } => format!("session {id}"),
        SignedBy::Token { id, .. } => format!("token {id}"),
        SignedBy::CommandLine => "command line".to_owned(),
    };
    tracing::info!(actor = %text::shown(&actor.shown()), by = session, act, on = %text::shown(on), "access was changed");
}

/// Logs the cause once, under a number the reader can quote.
#[expect(clippy::disallowed_methods, reason = "an incident number is identity made at the edge; nothing is decided by it")]
fn internal(error: &dyn std::error::Error) -> Failure {
    let incident = uuid::Uuid::now_v7().simple().to_string();
    tracing::error!(incident, error = %crate::error_chain(error), "an account could not be looked at or changed");
    Failure::Internal { incident }
}
