//! Who may use Signalbox: roles, and what a name and a password must be.
//!
//! Pure, so that server, command line and pages hold to the same words. The trap: two names that look like one. A name is
//! compared folded and may only hold what cannot hide or turn the text around it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What somebody may do. Each may all that the one before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Looks.
    Viewer,
    /// Looks, and acts on what it sees: acknowledges alarms.
    Operator,
    /// Decides who may do what, as well.
    Admin,
}

impl Role {
    /// From the least to the most.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    /// The word in the store, in forms and on pages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// The role of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Role {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Self::from_word(word)
            .ok_or_else(|| format!("\"{}\" is no role; the roles are viewer, operator and admin.", crate::text::shown(word)))
    }
}

/// Who is looking, as the bar of every page says it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reader {
    /// The account's name, with the token's where one is used.
    pub name: String,
    /// What it may do.
    pub role: Role,
}

/// The longest name of an account or a token, in characters.
pub const LONGEST_NAME: usize = 40;
/// The shortest password, in characters. NIST SP 800-63B (revision 4, §3.1.1.2) asks for 15 where it is the only factor and
/// for 8 beside a second; we ask for 12 and slow guessing down.
pub const SHORTEST_PASSWORD: usize = 12;
/// The longest password, in bytes: hashing must have a bound.
pub const LONGEST_PASSWORD: usize = 256;

/// A name as it is kept: without blanks around it.
///
/// # Errors
/// The sentence that says what a name may be.
pub fn name(given: &str) -> Result<String, String> {
    let name = given.trim();
    let fit = |letter: char| letter.is_alphanumeric() || matches!(letter, ' ' | '.' | '_' | '-' | '@' | '+');
    let length = name.chars().count();
    if (1..=LONGEST_NAME).contains(&length) && name.chars().all(fit) && name.contains(char::is_alphanumeric) {
        return Ok(name.to_owned());
    }
    Err(format!("A name has 1 to {LONGEST_NAME} letters, digits, blanks or one of . _ - @ +, and at least one letter or digit."))
}

/// A name as it is compared: nobody can be Ann beside ann.
pub fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

/// Whether a password may be taken for the account of that name.
///
/// # Errors
/// The sentence that says what is wrong with it.
pub fn password_fit(password: &str, name: &str) -> Result<(), String> {
    if password.chars().count() < SHORTEST_PASSWORD {
        return Err(format!("A password has {SHORTEST_PASSWORD} characters or more. A few words that do not belong together are good."));
    }
    if password.len() > LONGEST_PASSWORD {
        return Err(format!("A password has {LONGEST_PASSWORD} bytes at most."));
    }
    let (lower, mut letters) = (password.to_lowercase(), password.chars());
    let first = letters.next();
    if letters.all(|letter| Some(letter) == first) || lower.replace(&folded(name), "").chars().count() < SHORTEST_PASSWORD / 2 {
        return Err(
            "This password is one character over and over, or little more than the name. Anybody guesses it; take another.".to_owned()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_ordered_and_go_by_one_word() {
        assert!(Role::Viewer < Role::Operator && Role::Operator < Role::Admin);
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
        }
        assert!("root".parse::<Role>().unwrap_err().contains("viewer, operator and admin"));
    }

    #[test]
    fn a_name_cannot_hide_anything() {
        assert_eq!(name("  Ann B. "), Ok("Ann B.".to_owned()));
        assert_eq!(name("jörg@example"), Ok("jörg@example".to_owned()));
        for wrong in ["", "   ", "<b>", "a\u{202E}b", "a\nb", "...", &"x".repeat(41)] {
            assert!(name(wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(folded(" ANN "), folded("ann"));
    }

    #[test]
    fn a_password_is_long_and_is_not_the_name() {
        assert_eq!(password_fit("correct horse battery", "ann"), Ok(()));
        for wrong in ["short", "aaaaaaaaaaaaaaaa", "alexanderson1", &"long".repeat(80)] {
            assert!(password_fit(wrong, "Alexanderson").is_err(), "{wrong}");
        }
    }
}
