//! Deciding who may do what.

use async_trait::async_trait;
use domain::account::{Role, name as named};
use domain::port::{Actor, Administer};
use domain::view::{AccountRow, Fresh};
use domain::{Failure, text};

use super::{Accounts, internal, noted, person};
use crate::store::{Decided, Signed};

/// The account an act was on, or why nothing was done.
pub(crate) fn decided(decided: Decided, name: &str) -> Result<String, Failure> {
    let refused = |why: String| Err(Failure::Refused { why });
    match decided {
        Decided::Done(name) => Ok(name),
        Decided::NoAccount => refused("There is no such account.".to_owned()),
        Decided::Taken => refused(format!(
            "There is an account {} already. Accounts are never deleted: give it another role, or let it in again.",
            text::shown(name)
        )),
        Decided::LastAdmin(name) => refused(format!(
            "{} is the only admin who can sign in. Make another one first, or nobody could decide who may do what.",
            text::shown(&name)
        )),
    }
}

#[async_trait]
impl Administer for Accounts {
    async fn accounts(&self) -> Result<Vec<AccountRow>, Failure> {
        self.store.account_list(self.clock.now()).await.map_err(|error| internal(&error))
    }

    async fn account_add(&self, actor: Actor, name: String, role: Role) -> Result<(), Failure> {
        let (_, session) = person(&actor)?;
        let name = named(&name).map_err(|why| Failure::Refused { why })?;
        let (link, path) = self.new_link()?;
        let done =
            self.store.account_add(&name, role, &link, &Signed::by(&actor, self.clock.now())).await.map_err(|error| internal(&error))?;
        let name = decided(done, &name)?;
        self.show_once(session, Fresh { what: told(&name), secret: path });
        noted(&actor, "added an account", &name);
        Ok(())
    }

    async fn account_role(&self, actor: Actor, account: i64, role: Role) -> Result<(), Failure> {
        person(&actor)?;
        let done = self.store.account_role(account, role, &Signed::by(&actor, self.clock.now())).await.map_err(|error| internal(&error))?;
        let name = decided(done, "")?;
        self.changed();
        noted(&actor, "gave a role", &format!("{name}: {role}"));
        Ok(())
    }

    async fn account_disable(&self, actor: Actor, account: i64, disabled: bool) -> Result<(), Failure> {
        person(&actor)?;
        let done =
            self.store.account_disable(account, disabled, &Signed::by(&actor, self.clock.now())).await.map_err(|error| internal(&error))?;
        let name = decided(done, "")?;
        self.changed();
        noted(&actor, if disabled { "disabled an account" } else { "let an account in again" }, &name);
        Ok(())
    }

    async fn account_reset(&self, actor: Actor, account: i64) -> Result<(), Failure> {
        let (_, session) = person(&actor)?;
        let (link, path) = self.new_link()?;
        let done =
            self.store.account_reset(account, &link, &Signed::by(&actor, self.clock.now())).await.map_err(|error| internal(&error))?;
        let name = decided(done, "")?;
        self.show_once(session, Fresh { what: told(&name), secret: path });
        noted(&actor, "made a link that sets a password", &name);
        Ok(())
    }
}

fn told(name: &str) -> String {
    format!(
        "The link by which {name} sets a password, once and within 24 hours. Whoever has it can: give it to nobody else. It is never shown again."
    )
}
