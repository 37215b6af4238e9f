//! What everybody may do with their own account.

use async_trait::async_trait;
use domain::Failure;
use domain::account::{Role, name as named, password_fit};
use domain::port::{Actor, OwnAccount, SignedBy};
use domain::view::{Fresh, OwnAccess, SessionRow};
use std::time::Duration;

use super::secret::Made;
use super::{Accounts, LONGEST_TOKEN_DAYS, internal, noted, pace, person};
use crate::store::{NewToken, Signed};

fn refused<T>(why: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::Refused { why: why.into() })
}

#[async_trait]
impl OwnAccount for Accounts {
    async fn own(&self, actor: &Actor) -> Result<OwnAccess, Failure> {
        let (account, now) = (actor.account.ok_or(Failure::Unauthenticated)?, self.clock.now());
        let known = self.store.account(account).await.map_err(|error| internal(&error))?.ok_or(Failure::Unauthenticated)?;
        let sessions = self.store.session_list(account, now.minus(self.lasting.idle), now).await.map_err(|error| internal(&error))?;
        let tokens = self.store.token_list(account).await.map_err(|error| internal(&error))?;
        let this = match actor.by {
            SignedBy::Session { id } => Some(id),
            SignedBy::Token { .. } | SignedBy::CommandLine => None,
        };
        Ok(OwnAccess {
            name: known.name,
            role: known.role,
            password: known.password.is_some(),
            sessions: sessions.into_iter().map(|row| SessionRow { this: this == Some(row.id), ..row }).collect(),
            tokens,
            fresh: this.and_then(|session| self.shown_once(session)),
            longest_token_days: LONGEST_TOKEN_DAYS,
        })
    }

    async fn password_change(&self, actor: Actor, current: String, new: String) -> Result<(), Failure> {
        let (account, _) = person(&actor)?;
        let known = self.store.account(account).await.map_err(|error| internal(&error))?.ok_or(Failure::Unauthenticated)?;
        let Some(before) = known.password else {
            return refused("This account has no password: it is signed in by a link. An admin can make one that sets a password.");
        };
        password_fit(&new, &known.name).map_err(|why| Failure::Refused { why })?;
        // somebody at an unlocked screen must not be able to guess here what the login page would slow down
        let subject = pace::account(&format!("own:{account}"));
        let now = self.clock.now();
        if let Err(until) = self.store.attempt_begin(&[(subject, super::Pace::ACCOUNT)], now).await.map_err(|error| internal(&error))? {
            return refused(format!("The current password was wrong too often. Try again in {} s.", until.since(now).as_secs() + 1));
        }
        if !self.hashing.is(current, Some(before.clone())).await.map_err(|error| internal(&error))? {
            return refused("That is not the current password, so it was not changed.");
        }
        self.store.attempt_right(&subject, &subject).await.map_err(|error| internal(&error))?;
        let password = self.hashing.hash(new, self.dice.as_ref()).await.map_err(|error| internal(&error))?;
        if !self.store.password_set(account, &before, &password, &Signed::by(&actor, now)).await.map_err(|error| internal(&error))? {
            return refused("The password was changed elsewhere a moment ago. Sign in with that one.");
        }
        self.changed();
        noted(&actor, "changed the password", &known.name);
        Ok(())
    }

    async fn token_make(&self, actor: Actor, name: String, role: Role, days: u32) -> Result<(), Failure> {
        let (account, session) = person(&actor)?;
        actor.may(role)?;
        let name = named(&name).map_err(|why| Failure::Refused { why })?;
        if !(1..=LONGEST_TOKEN_DAYS).contains(&days) {
            return refused(format!("A token lasts 1 to {LONGEST_TOKEN_DAYS} days."));
        }
        let Made { secret, hash } = Made::token(self.dice.as_ref()).map_err(|error| internal(&error))?;
        let now = self.clock.now();
        let ends = now.plus(Duration::from_secs(u64::from(days) * 86_400));
        let token = NewToken { hash, account, name: name.clone(), role, ends };
        if !self.store.token_make(&token, &Signed::by(&actor, now)).await.map_err(|error| internal(&error))? {
            return refused(format!("There is a token {name} already. Withdraw it first, or call this one something else."));
        }
        let what = format!("The token {name} ({role}, until {}). Copy it now: it is not kept and never shown again.", ends.day());
        self.show_once(session, Fresh { what, secret });
        noted(&actor, "made a token", &name);
        Ok(())
    }

    async fn token_withdraw(&self, actor: Actor, token: i64) -> Result<(), Failure> {
        let (account, _) = person(&actor)?;
        let Some(name) =
            self.store.token_withdraw(account, token, &Signed::by(&actor, self.clock.now())).await.map_err(|error| internal(&error))?
        else {
            return refused("That token is gone already, or is not yours.");
        };
        self.changed();
        noted(&actor, "withdrew a token", &name);
        Ok(())
    }

    async fn session_end(&self, actor: Actor, session: i64) -> Result<(), Failure> {
        let (account, _) = person(&actor)?;
        if !self.store.session_end(account, session, &Signed::by(&actor, self.clock.now())).await.map_err(|error| internal(&error))? {
            return refused("That session has ended already, or is not yours.");
        }
        self.changed();
        noted(&actor, "ended a session", &format!("session {session}"));
        Ok(())
    }

    async fn sign_out(&self, actor: Actor) -> Result<(), Failure> {
        let (account, session) = person(&actor)?;
        // one that has ended by itself is signed out as well as any
        self.store.session_end(account, session, &Signed::by(&actor, self.clock.now())).await.map_err(|error| internal(&error))?;
        self.changed();
        noted(&actor, "signed out", &actor.name);
        Ok(())
    }
}
