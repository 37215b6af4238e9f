//! The cookie of a session.
//!
//! `SameSite=Lax` and not `Strict`: a link in a chat or a runbook must lead to the page and not to the login page, and what
//! changes anything is refused by where it comes from anyway, whatever its cookies (`guard`). Over https it is called
//! `__Host-…`, so that no sibling of our host can set it; a browser takes that name only with `Secure`, which plain http
//! on loopback cannot have. Decision 0101.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};

/// How the cookie is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cookies {
    secure: bool,
    lasts: Duration,
}

impl Cookies {
    /// For pages that are reached over https, or not.
    pub(super) fn new(secure: bool, lasts: Duration) -> Self {
        Self { secure, lasts }
    }

    fn name(self) -> &'static str {
        if self.secure { "__Host-signalbox" } else { "signalbox" }
    }

    /// The header that gives the browser a session.
    pub(super) fn set(self, secret: &str) -> Option<HeaderValue> {
        self.header(secret, self.lasts.as_secs())
    }

    /// The header that takes it away again.
    pub(super) fn clear(self) -> Option<HeaderValue> {
        self.header("", 0)
    }

    fn header(self, value: &str, seconds: u64) -> Option<HeaderValue> {
        let secure = if self.secure { "; Secure" } else { "" };
        HeaderValue::from_str(&format!("{}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}", self.name())).ok()
    }

    /// What the browser sent of it.
    pub(super) fn read(self, headers: &HeaderMap) -> Option<&str> {
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(name, value)| *name == self.name() && !value.is_empty()).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_https_nobody_else_can_set_it() {
        let lasts = Duration::from_secs(60);
        let said = |secure| Cookies::new(secure, lasts).set("abc").unwrap().to_str().unwrap().to_owned();
        assert_eq!(said(true), "__Host-signalbox=abc; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure");
        assert_eq!(said(false), "signalbox=abc; Path=/; Max-Age=60; HttpOnly; SameSite=Lax");
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static("a=b; signalbox=abc; __Host-signalbox=def"));
        assert_eq!(Cookies::new(true, lasts).read(&headers), Some("def"));
        assert_eq!(Cookies::new(false, lasts).read(&headers), Some("abc"));
        assert_eq!(Cookies::new(false, lasts).read(&HeaderMap::new()), None);
    }
}
