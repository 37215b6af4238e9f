//! `signalbox account`: who may use Signalbox, for whoever owns its store.
//!
//! Works on the store itself, beside a server that runs or without one, so that nobody can be locked out of a machine that
//! is theirs. A running server sees what was changed within a second. Passwords never stand on a command line: their owner
//! sets them by a link.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use domain::account::{Role, name as named};
use domain::port::{Actor, Clock, SignedBy};
use domain::{Timestamp, text};

use super::{ConfigFile, Format};
use crate::accounts::{LINK_LASTS, LONGEST_TOKEN_DAYS, Made, decided, noted};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::dice::{Dice, SystemDice};
use crate::store::{Known, Linked, NewToken, Signed, Store};

#[derive(Debug, Args)]
pub(super) struct Account {
    #[command(flatten)]
    file: ConfigFile,
    /// The store's file, instead of the config's
    #[arg(long, global = true)]
    data: Option<PathBuf>,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Make an account; prints the link by which its owner sets a password
    Add {
        /// Its name
        name: String,
        /// viewer, operator or admin
        #[arg(long, default_value_t = Role::Viewer)]
        role: Role,
    },
    /// Print every account
    List {
        /// How to print
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Keep an account out, and end its sessions
    Disable {
        /// Its name
        name: String,
        /// Let it in again instead
        #[arg(long)]
        undo: bool,
    },
    /// Print a link by which an account's password is set anew
    Reset {
        /// Its name
        name: String,
    },
    /// Give an account another role, and end its sessions
    Role {
        /// Its name
        name: String,
        /// viewer, operator or admin
        role: Role,
    },
    /// Make an API token for an account and print it, this once
    Token {
        /// The account's name
        name: String,
        /// What the token is for
        #[arg(long)]
        called: String,
        /// viewer, operator or admin; at most the account's
        #[arg(long, default_value_t = Role::Viewer)]
        role: Role,
        /// How long it lasts
        #[arg(long, default_value_t = 90)]
        days: u32,
    },
}

/// What every act needs.
struct Desk {
    store: Store,
    /// Before the path of a link.
    url: String,
    now: Timestamp,
    dice: Arc<dyn Dice>,
    actor: Actor,
}

impl Account {
    pub(super) async fn run(self) -> anyhow::Result<u8> {
        let config = Config::read(&self.file.config)?;
        let beside_config =
            self.file.config.parent().map_or_else(|| config.store.path.clone(), |directory| directory.join(&config.store.path));
        let store = Store::beside(&self.data.unwrap_or(beside_config)).await?;
        let listen = config.server.listen;
        let url = config.server.public_url.map_or_else(|| format!("http://{listen}"), |url| url.trim_end_matches('/').to_owned());
        let actor = Actor { account: None, name: "the command line".to_owned(), role: Role::Admin, by: SignedBy::CommandLine };
        let desk = Desk { store, url, now: SystemClock.now(), dice: Arc::new(SystemDice), actor };
        let done = desk.act(self.act).await;
        desk.store.close().await;
        done.map(|()| 0)
    }
}

impl Desk {
    async fn act(&self, act: Act) -> anyhow::Result<()> {
        match act {
            Act::Add { name, role } => self.add(&name, role).await,
            Act::List { format } => self.list(format).await,
            Act::Disable { name, undo } => self.disable(&name, !undo).await,
            Act::Reset { name } => self.reset(&name).await,
            Act::Role { name, role } => self.role(&name, role).await,
            Act::Token { name, called, role, days } => self.token(&name, &called, role, days).await,
        }
    }

    fn signed(&self) -> Signed {
        Signed::by(&self.actor, self.now)
    }

    async fn known(&self, name: &str) -> anyhow::Result<Known> {
        let found = self.store.account_named(name).await?;
        found.with_context(|| format!("There is no account {}. `signalbox account list` names those there are.", text::shown(name)))
    }

    fn link(&self) -> anyhow::Result<(Linked, String)> {
        let made = Made::new(self.dice.as_ref()).context("the system has no random bytes to give")?;
        Ok((Linked { hash: made.hash, ends: self.now.plus(LINK_LASTS) }, format!("{}/welcome/{}", self.url, made.secret)))
    }

    async fn add(&self, name: &str, role: Role) -> anyhow::Result<()> {
        let name = named(name).map_err(anyhow::Error::msg)?;
        let (link, url) = self.link()?;
        decided(self.store.account_add(&name, role, &link, &self.signed()).await?, &name)?;
        noted(&self.actor, "added an account", &name);
        eprintln!("Made the account {name} ({role}). By this link, once and within 24 hours, its owner sets a password:");
        println!("{url}");
        Ok(())
    }

    async fn list(&self, format: Format) -> anyhow::Result<()> {
        let rows = self.store.account_list(self.now).await?;
        if format == Format::Json {
            let rows = rows.iter().map(|row| {
                serde_json::json!({ "name": row.name, "role": row.role, "disabled": row.disabled, "password": row.password,
                    "made": row.made, "seen": row.seen, "sessions": row.sessions, "tokens": row.tokens })
            });
            println!("{}", serde_json::Value::from_iter(rows));
            return Ok(());
        }
        if rows.is_empty() {
            eprintln!(
                "Nobody has an account yet. `signalbox serve` prints the first admin's link; `signalbox account add NAME --role admin` makes one too."
            );
        }
        for row in rows {
            let state = match (row.disabled, row.password) {
                (true, _) => "disabled",
                (false, false) => "no password yet",
                (false, true) => "",
            };
            let seen = row.seen.map_or_else(|| "never seen".to_owned(), |at| format!("seen {at}"));
            let line = format!(
                "{:<24} {:<9} {seen}, {}, {}  {state}",
                row.name,
                row.role.as_str(),
                text::count(row.sessions, "session"),
                text::count(row.tokens, "token")
            );
            println!("{}", line.trim_end());
        }
        Ok(())
    }

    async fn disable(&self, name: &str, disabled: bool) -> anyhow::Result<()> {
        let known = self.known(name).await?;
        let name = decided(self.store.account_disable(known.id, disabled, &self.signed()).await?, name)?;
        noted(&self.actor, if disabled { "disabled an account" } else { "let an account in again" }, &name);
        if disabled {
            eprintln!("{name} is kept out: signed out everywhere, and no token of it works.");
        } else {
            eprintln!("{name} is let in again, with the password and the tokens it had.");
        }
        Ok(())
    }

    async fn reset(&self, name: &str) -> anyhow::Result<()> {
        let known = self.known(name).await?;
        if known.disabled {
            bail!(
                "{} is disabled, so no link would lead in. Let it in first: `signalbox account disable --undo {}`.",
                known.name,
                known.name
            );
        }
        let (link, url) = self.link()?;
        let name = decided(self.store.account_reset(known.id, &link, &self.signed()).await?, name)?;
        noted(&self.actor, "made a link that sets a password", &name);
        eprintln!("By this link, once and within 24 hours, {name} sets a new password; until then the old one works:");
        println!("{url}");
        Ok(())
    }

    async fn role(&self, name: &str, role: Role) -> anyhow::Result<()> {
        let known = self.known(name).await?;
        let name = decided(self.store.account_role(known.id, role, &self.signed()).await?, name)?;
        noted(&self.actor, "gave a role", &format!("{name}: {role}"));
        eprintln!("{name} is {role} and has to sign in again.");
        Ok(())
    }

    async fn token(&self, name: &str, called: &str, role: Role, days: u32) -> anyhow::Result<()> {
        let known = self.known(name).await?;
        let called = named(called).map_err(anyhow::Error::msg)?;
        if role > known.role {
            bail!("{} is {}, so its token cannot be {role}. Ask for less, or give the account the role first.", known.name, known.role);
        }
        if !(1..=LONGEST_TOKEN_DAYS).contains(&days) {
            bail!("--days {days} is out of reach; a token lasts 1 to {LONGEST_TOKEN_DAYS} days.");
        }
        let made = Made::token(self.dice.as_ref()).context("the system has no random bytes to give")?;
        let ends = self.now.plus(Duration::from_secs(u64::from(days) * 86_400));
        let token = NewToken { hash: made.hash, account: known.id, name: called.clone(), role, ends };
        if !self.store.token_make(&token, &self.signed()).await? {
            bail!("{} has a token {called} already. Withdraw it on the Access page, or call this one something else.", known.name);
        }
        noted(&self.actor, "made a token", &format!("{}: {called}", known.name));
        eprintln!("The token {called} of {} ({role}, until {}). It is not kept and never printed again:", known.name, ends.day());
        println!("{}", made.secret);
        Ok(())
    }
}
