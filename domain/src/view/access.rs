//! Who may use Signalbox, as the page Access shows it. No secret is ever in here but one that was made a moment ago.

use crate::Timestamp;
use crate::account::Role;

/// One's own account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnAccess {
    /// The account's name.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// Whether it signs in by a password.
    pub password: bool,
    /// Where it is signed in, the newest first.
    pub sessions: Vec<SessionRow>,
    /// Its API tokens, by name.
    pub tokens: Vec<TokenRow>,
    /// What was made a moment ago and is shown this once.
    pub fresh: Option<Fresh>,
    /// The longest a token may be made for, in days.
    pub longest_token_days: u32,
}

/// One place where an account is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// Names it; is not the secret.
    pub id: i64,
    /// When somebody signed in.
    pub opened: Timestamp,
    /// When it was used last, to the minute.
    pub seen: Timestamp,
    /// When it ends whatever happens.
    pub ends: Timestamp,
    /// From where somebody signed in.
    pub address: String,
    /// The browser, in its own words.
    pub agent: String,
    /// Whether the page was asked for by it.
    pub this: bool,
}

/// An API token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// Names it; is not the secret.
    pub id: i64,
    /// What it is for.
    pub name: String,
    /// What it may do, as long as its account may.
    pub role: Role,
    /// When it was made.
    pub made: Timestamp,
    /// When it ends.
    pub ends: Timestamp,
    /// When it was used last, to the minute.
    pub used: Option<Timestamp>,
}

/// A secret that is shown once.
#[derive(Clone, PartialEq, Eq)]
pub struct Fresh {
    /// What it is and what to do with it.
    pub what: String,
    /// The token, or the path of the link.
    pub secret: String,
}

impl std::fmt::Debug for Fresh {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fresh").field("what", &self.what).finish_non_exhaustive()
    }
}

/// An account, as an admin sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRow {
    /// Names it for good.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Whether it is kept out.
    pub disabled: bool,
    /// Whether a password was set; until then only its link leads in.
    pub password: bool,
    /// When it was made.
    pub made: Timestamp,
    /// When it was seen last, by a session.
    pub seen: Option<Timestamp>,
    /// Places where it is signed in.
    pub sessions: u64,
    /// Tokens that have not ended.
    pub tokens: u64,
}
