//! The demo's door: a link by which whoever has it is signed in, and a token, so that the demo stays one step.
//!
//! It exists only where somebody opened it, which `signalbox demo` alone does; its key lives as long as the process.

use std::time::Duration;

use domain::Failure;
use domain::account::Role;

use super::secret::{Made, digest};
use super::{Accounts, Origin, internal};
use crate::store::{NewToken, Signed};

/// What the demo is opened with.
pub struct Keys {
    /// The path of the link.
    pub path: String,
    /// An API token.
    pub token: String,
}

/// How long the demo's token lasts, of its own clock, which may run two hundred times as fast.
const TOKEN_LASTS: Duration = Duration::from_secs(10 * 366 * 86_400);

impl Accounts {
    /// Opens the door for an account of this name and role, which is made where there is none.
    ///
    /// # Errors
    /// When the store or the system's random bytes fail.
    pub async fn open_door(&self, name: &str, role: Role) -> Result<Keys, Failure> {
        let now = self.clock.now();
        let account = self.store.account_without_password(name, role, &Signed::ourselves(now)).await.map_err(|error| internal(&error))?;
        let (key, token) = (Made::new(self.dice.as_ref()), Made::token(self.dice.as_ref()));
        let (key, token) = (key.map_err(|error| internal(&error))?, token.map_err(|error| internal(&error))?);
        let kept = NewToken { hash: token.hash, account, name: format!("demo {}", now.as_micros()), role, ends: now.plus(TOKEN_LASTS) };
        self.store.token_make(&kept, &Signed::ourselves(now)).await.map_err(|error| internal(&error))?;
        // a second key would leave the first one's holders outside
        let held = self.door.get_or_init(|| (key.hash, account));
        if held.0 != key.hash {
            return Err(Failure::Refused { why: "The door is open already.".to_owned() });
        }
        Ok(Keys { path: format!("/enter/{}", key.secret), token: token.secret })
    }

    /// Signs in whoever has the key of the door.
    ///
    /// # Errors
    /// [`Failure::Unauthenticated`] where there is no door, or another key belongs to it.
    pub async fn through_door(&self, key: &str, origin: &Origin) -> Result<String, Failure> {
        let held = self.door.get().filter(|(hash, _)| *hash == digest(key)).ok_or(Failure::Unauthenticated)?;
        self.let_in(held.1, origin).await
    }
}
