//! Accounts that exist only here.

use async_trait::async_trait;
use domain::Failure;
use domain::account::Role;
use domain::port::{Actor, Administer, OwnAccount, SignedBy};
use domain::view::{AccountRow, Fresh, OwnAccess, SessionRow, TokenRow};

use super::{Fleet, Scene, before};

/// Somebody of that role who is signed in.
pub(crate) fn actor(role: Role) -> Actor {
    Actor { account: Some(1), name: "Ann".into(), role, by: SignedBy::Session { id: 7 } }
}

#[async_trait]
impl OwnAccount for Fleet {
    async fn own(&self, actor: &Actor) -> Result<OwnAccess, Failure> {
        let now = (self.clock)();
        let session = |id, agent: &str, this| SessionRow {
            id,
            opened: before(now, 7_200),
            seen: before(now, 60),
            ends: now,
            address: "10.0.0.7".into(),
            agent: agent.into(),
            this,
        };
        let token = TokenRow {
            id: 3,
            name: "grafana".into(),
            role: Role::Viewer,
            made: before(now, 90_000),
            ends: now,
            used: Some(before(now, 30)),
        };
        let fresh = (self.scene == Scene::Trouble).then(|| Fresh { what: "The token ci. Copy it now.".into(), secret: "sbx_0123".into() });
        Ok(OwnAccess {
            name: actor.name.clone(),
            role: actor.role,
            password: self.scene != Scene::Empty,
            sessions: vec![session(7, "Firefox on Linux", true), session(8, "<img src=x onerror=alert(1)>\u{202E}", false)],
            tokens: if self.scene == Scene::Empty { vec![] } else { vec![token] },
            fresh,
            longest_token_days: 366,
        })
    }

    async fn password_change(&self, _: Actor, _: String, _: String) -> Result<(), Failure> {
        Err(Failure::Refused { why: "That is not the current password, so it was not changed.".into() })
    }

    async fn token_make(&self, actor: Actor, _: String, role: Role, _: u32) -> Result<(), Failure> {
        actor.may(role)
    }

    async fn token_withdraw(&self, _: Actor, _: i64) -> Result<(), Failure> {
        Ok(())
    }

    async fn session_end(&self, _: Actor, _: i64) -> Result<(), Failure> {
        Ok(())
    }

    async fn sign_out(&self, _: Actor) -> Result<(), Failure> {
        Ok(())
    }
}

#[async_trait]
impl Administer for Fleet {
    async fn accounts(&self) -> Result<Vec<AccountRow>, Failure> {
        let now = (self.clock)();
        let row = |id, name: &str, role, disabled| AccountRow {
            id,
            name: name.into(),
            role,
            disabled,
            password: id != 3,
            made: before(now, 90_000),
            seen: (id != 3).then(|| before(now, 60)),
            sessions: 2,
            tokens: 1,
        };
        Ok(vec![row(1, "Ann", Role::Admin, false), row(2, "Ben", Role::Viewer, true), row(3, "Cleo", Role::Operator, false)])
    }

    async fn account_add(&self, _: Actor, name: String, _: Role) -> Result<(), Failure> {
        domain::account::name(&name).map(drop).map_err(|why| Failure::Refused { why })
    }

    async fn account_role(&self, _: Actor, _: i64, _: Role) -> Result<(), Failure> {
        Ok(())
    }

    async fn account_disable(&self, _: Actor, _: i64, _: bool) -> Result<(), Failure> {
        Ok(())
    }

    async fn account_reset(&self, _: Actor, _: i64) -> Result<(), Failure> {
        Ok(())
    }
}
