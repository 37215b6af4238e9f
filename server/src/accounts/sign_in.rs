//! Signing in: by name and password, and by a link.

use std::net::IpAddr;
use std::time::Duration;

use domain::account::{LONGEST_PASSWORD, folded, name as named, password_fit};
use domain::port::{Actor, SignedBy};
use domain::{Failure, text};

use super::secret::{Made, digest};
use super::{Accounts, Pace, internal, noted, pace};
use crate::store::{NewSession, Opened, Signed};

/// The most of a browser's own words that is kept, in characters.
const LONGEST_AGENT: usize = 200;

/// From where somebody asks.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The address.
    pub address: IpAddr,
    /// The browser, in its own words.
    pub agent: String,
}

/// Why nobody was signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignInError {
    /// Name or password are wrong, or the account is disabled; which of them is not said.
    Wrong,
    /// Too many failures: try again after this long.
    Wait(Duration),
    /// Our own fault.
    Failed(Failure),
}

/// Why a link did not set a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WelcomeError {
    /// It leads nowhere: used, over, or never made.
    Nowhere,
    /// The name or the password cannot be taken; the sentence says why.
    Unfit(String),
    /// Our own fault.
    Failed(Failure),
}

impl Accounts {
    /// Signs in by name and password; answers the secret of the session.
    ///
    /// # Errors
    /// Why not.
    pub async fn sign_in(&self, name: &str, password: String, origin: &Origin) -> Result<String, SignInError> {
        let failed = |error: &dyn std::error::Error| SignInError::Failed(internal(error));
        let now = self.clock.now();
        let (account, address) = (pace::account(&folded(name)), pace::address(origin.address));
        let known = self.store.account_named(name).await.map_err(|error| failed(&error))?;
        let mut subjects = vec![(address, Pace::ADDRESS)];
        let at_home = match &known {
            Some(known) => self.store.session_from(known.id, &origin.address.to_string()).await.map_err(|error| failed(&error))?,
            None => false,
        };
        if !at_home {
            subjects.push((account, Pace::ACCOUNT));
        }
        if let Err(until) = self.store.attempt_begin(&subjects, now).await.map_err(|error| failed(&error))? {
            return Err(SignInError::Wait(until.since(now)));
        }
        let kept = known.as_ref().and_then(|known| known.password.clone());
        // a longer one is nobody's; it is not worth hashing, and its length is the sender's own
        let right = password.len() <= LONGEST_PASSWORD && self.hashing.is(password, kept).await.map_err(|error| failed(&error))?;
        let Some(known) = known.filter(|known| right && !known.disabled) else {
            tracing::info!(address = %origin.address, "a sign-in failed");
            return Err(SignInError::Wrong);
        };
        self.store.attempt_right(&account, &address).await.map_err(|error| failed(&error))?;
        let (secret, session) = self.new_session(known.id, origin).map_err(SignInError::Failed)?;
        let opened =
            self.store.session_open(&session, &Signed { actor: known.name.clone(), at: now }).await.map_err(|error| failed(&error))?;
        let Some(id) = opened else { return Err(SignInError::Wrong) };
        noted(
            &Actor { account: Some(known.id), name: known.name.clone(), role: known.role, by: SignedBy::Session { id } },
            "signed in",
            &known.name,
        );
        Ok(secret)
    }

    /// Opens a session without asking for a password: for the demo's door.
    ///
    /// # Errors
    /// When the account is disabled, or by our own fault.
    pub async fn let_in(&self, account: i64, origin: &Origin) -> Result<String, Failure> {
        let (secret, session) = self.new_session(account, origin)?;
        let opened = self.store.session_open(&session, &Signed::ourselves(self.clock.now())).await.map_err(|error| internal(&error))?;
        opened.map(|_| secret).ok_or(Failure::Unauthenticated)
    }

    /// What a link leads to.
    ///
    /// # Errors
    /// When it leads nowhere.
    pub async fn link(&self, secret: &str) -> Result<Opened, WelcomeError> {
        let found = self.store.link_find(&digest(secret), self.clock.now()).await;
        found.map_err(|error| WelcomeError::Failed(internal(&error)))?.ok_or(WelcomeError::Nowhere)
    }

    /// Sets the password a link is for, and signs in: answers the secret of the session. `first_name` is the first admin's.
    ///
    /// # Errors
    /// Why not.
    pub async fn welcome(&self, secret: &str, first_name: &str, password: String, origin: &Origin) -> Result<String, WelcomeError> {
        let failed = |error: &dyn std::error::Error| WelcomeError::Failed(internal(error));
        let name = match self.link(secret).await? {
            Opened::First => named(first_name).map_err(WelcomeError::Unfit)?,
            Opened::Account { name, .. } => name,
        };
        password_fit(&password, &name).map_err(WelcomeError::Unfit)?;
        let password = self.hashing.hash(password, self.dice.as_ref()).await.map_err(|error| failed(&error))?;
        let (opened, session) = self.new_session(0, origin).map_err(WelcomeError::Failed)?;
        let used =
            self.store.link_use(&digest(secret), &name, &password, &session, self.clock.now()).await.map_err(|error| failed(&error))?;
        used.ok_or(WelcomeError::Nowhere)?;
        self.changed();
        tracing::info!(account = %text::shown(&name), address = %origin.address, "a link was used to set a password");
        Ok(opened)
    }

    /// A session that begins now, and its secret.
    fn new_session(&self, account: i64, origin: &Origin) -> Result<(String, NewSession), Failure> {
        let Made { secret, hash } = Made::new(self.dice.as_ref()).map_err(|error| internal(&error))?;
        let ends = self.clock.now().plus(self.lasting.longest);
        let agent = origin.agent.chars().take(LONGEST_AGENT).collect();
        Ok((secret, NewSession { hash, account, ends, address: origin.address.to_string(), agent }))
    }
}
