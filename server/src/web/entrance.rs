//! The way in: signing in, the link that sets a password, the demo's door.
//!
//! Plain handlers and plain forms, because here nobody is known yet and no port can be reached. Where a form leads on to is
//! only ever a path of ours ([`local`]).

use app::AssetVersion;
use app::entrance::{self, Carried, FIELD, Login, Welcome};
use axum::extract::{Path, RawQuery, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::Failure;

use super::access::Shared;
use super::api::pairs;
use super::assets;
use crate::accounts::{Credential, SignInError, WelcomeError, digest};
use crate::store::Opened;

/// What these pages may load: their stylesheet and their icon. No script at all.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Longest path that is led on to. A form stands in its page's address with all that was typed (decision 0114), and must come
/// back through the login page whole.
const LONGEST_WAY: usize = 20_000;

/// What the login page may be told to say, by its word in the URL: a link must not put words into our mouth.
fn said(word: &str) -> Option<&'static str> {
    (word == "password").then_some("Your password was changed. Sign in with the new one.")
}

/// A page of the entrance.
pub(super) fn page(status: StatusCode, html: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    ];
    (status, headers, html).into_response()
}

/// 303: go and look there.
pub(super) fn redirect(to: &str) -> Response {
    let to = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, to), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))]).into_response()
}

/// The path somebody wants to go on to, where it is one of ours and a page; the Overview otherwise.
pub(super) fn local(to: &str) -> String {
    let plain = to.starts_with('/') && !to.starts_with("//") && !to.contains(['\\', '\r', '\n', '\t']) && to.is_ascii();
    let page = !["/login", "/api/", "/welcome/", "/enter/"].iter().any(|start| to.starts_with(start));
    if plain && page && to.len() < LONGEST_WAY { to.to_owned() } else { "/".to_owned() }
}

fn assets() -> AssetVersion {
    AssetVersion(assets::version())
}

fn value<'a>(pairs: &'a [(String, String)], wanted: &str) -> &'a str {
    pairs.iter().find(|(name, _)| name == wanted).map_or("", |(_, value)| value.as_str())
}

fn with_cookie(mut answer: Response, cookie: Option<HeaderValue>) -> Response {
    if let Some(cookie) = cookie {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    answer
}

pub(super) async fn login(State(shared): State<Shared>, headers: HeaderMap, RawQuery(raw): RawQuery) -> Response {
    let pairs = pairs(raw.as_deref().unwrap_or_default());
    let to = local(value(&pairs, "to"));
    let credential = shared.credential(&headers);
    if let Some(credential) = credential
        && let Ok(Some(_)) = shared.accounts().identify(credential).await
    {
        return redirect(&to);
    }
    let html = entrance::login(&assets(), Login { to, said: said(value(&pairs, "said")), ..Login::default() });
    // what the browser still shows leads nowhere any more
    with_cookie(page(StatusCode::OK, html), credential.and_then(|_| shared.cookies().clear()))
}

pub(super) async fn sign_in(State(shared): State<Shared>, parts: Parts, body: String) -> Response {
    let pairs = pairs(&body);
    let (name, to) = (value(&pairs, "name").to_owned(), local(value(&pairs, "to")));
    let carried = carried(&pairs);
    let password = value(&pairs, "password").to_owned();
    let failed = |status, trouble: String| {
        let login = Login { to: to.clone(), name: name.clone(), trouble: Some(trouble), carried: carried.clone(), ..Login::default() };
        page(status, entrance::login(&assets(), login))
    };
    match shared.accounts().sign_in(&name, password, &shared.origin(&parts)).await {
        Ok(secret) => {
            let cookie = shared.cookies().set(&secret);
            let actor = match &carried {
                Some(_) => shared.accounts().identify(Credential::Session(digest(&secret))).await.ok().flatten(),
                None => None,
            };
            let answer = match (&carried, actor) {
                (Some(carried), Some(actor)) => page(StatusCode::OK, entrance::send_again(&assets(), &actor.reader(), &to, carried)),
                _ => redirect(&to),
            };
            with_cookie(answer, cookie)
        }
        Err(SignInError::Wrong) => {
            failed(StatusCode::UNAUTHORIZED, "That name and password do not go together, or the account is disabled.".to_owned())
        }
        Err(SignInError::Wait(wait)) => {
            let seconds = wait.as_secs() + 1;
            let mut answer = failed(
                StatusCode::TOO_MANY_REQUESTS,
                format!("Too many sign-ins failed. Nothing was tried this time; try again in {seconds} s."),
            );
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            answer
        }
        Err(SignInError::Failed(failure)) => failed(StatusCode::INTERNAL_SERVER_ERROR, failure.to_string()),
    }
}

/// The form that the login page carries, where it is one of ours.
fn carried(pairs: &[(String, String)]) -> Option<Carried> {
    let action = value(pairs, "again");
    let ours = action
        .strip_prefix("/api/")
        .is_some_and(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'));
    let fields = pairs.iter().filter_map(|(name, value)| Some((name.strip_prefix(FIELD)?.to_owned(), value.clone())));
    ours.then(|| Carried { action: action.to_owned(), fields: fields.collect() })
}

pub(super) async fn welcome(State(shared): State<Shared>, Path(key): Path<String>) -> Response {
    match shared.accounts().link(&key).await {
        Ok(opened) => page(StatusCode::OK, entrance::welcome(&assets(), asked(&key, opened, String::new(), None))),
        Err(error) => unwelcome(error),
    }
}

pub(super) async fn set_password(State(shared): State<Shared>, Path(key): Path<String>, parts: Parts, body: String) -> Response {
    let pairs = pairs(&body);
    let (name, password) = (value(&pairs, "name").to_owned(), value(&pairs, "password").to_owned());
    match shared.accounts().welcome(&key, &name, password, &shared.origin(&parts)).await {
        Ok(secret) => with_cookie(redirect("/"), shared.cookies().set(&secret)),
        Err(WelcomeError::Unfit(why)) => match shared.accounts().link(&key).await {
            Ok(opened) => page(StatusCode::BAD_REQUEST, entrance::welcome(&assets(), asked(&key, opened, name, Some(why)))),
            Err(error) => unwelcome(error),
        },
        Err(error) => unwelcome(error),
    }
}

fn asked(key: &str, opened: Opened, typed: String, trouble: Option<String>) -> Welcome {
    let account = match opened {
        Opened::First => None,
        Opened::Account { name, role, .. } => Some((name, role)),
    };
    Welcome { path: format!("/welcome/{key}"), account, typed, trouble }
}

fn unwelcome(error: WelcomeError) -> Response {
    let (status, why) = match error {
        WelcomeError::Nowhere => {
            let why = "It was used already, is older than 24 hours, or was replaced by a newer one. Ask an admin for another, or whoever owns the machine, who runs `signalbox account reset`.";
            (StatusCode::NOT_FOUND, why.to_owned())
        }
        WelcomeError::Unfit(why) => (StatusCode::BAD_REQUEST, why),
        WelcomeError::Failed(failure) => (StatusCode::INTERNAL_SERVER_ERROR, failure.to_string()),
    };
    page(status, entrance::notice(&assets(), "This link leads nowhere", &why))
}

/// The demo's door: one click, and somebody is in. Closed everywhere else.
pub(super) async fn enter(State(shared): State<Shared>, Path(key): Path<String>, RawQuery(raw): RawQuery, parts: Parts) -> Response {
    let to = local(value(&pairs(raw.as_deref().unwrap_or_default()), "to"));
    match shared.accounts().through_door(&key, &shared.origin(&parts)).await {
        Ok(secret) => with_cookie(redirect(&to), shared.cookies().set(&secret)),
        Err(Failure::Internal { incident }) => {
            let why = Failure::Internal { incident }.to_string();
            page(StatusCode::INTERNAL_SERVER_ERROR, entrance::notice(&assets(), "Signalbox itself failed", &why))
        }
        Err(_) => unwelcome(WelcomeError::Nowhere),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_leads_on_to_a_page_of_ours_only() {
        for to in ["/", "/alarms?state=alarm", "/services/a%20b/c"] {
            assert_eq!(local(to), to);
        }
        for to in [
            "",
            "https://evil.test/",
            "//evil.test",
            "/\\evil.test",
            "/a\r\nSet-Cookie: x",
            "javascript:alert(1)",
            "/login?to=/login",
            "/api/sign_out",
            "/enter/x",
        ] {
            assert_eq!(local(to), "/", "{to:?}");
        }
    }

    #[test]
    fn what_is_carried_goes_to_a_function_of_ours_only() {
        let of =
            |again: &str| carried(&[("again".into(), again.into()), ("field.reason".into(), "x".into()), ("password".into(), "p".into())]);
        assert_eq!(of("/api/acknowledge").unwrap().fields, [("reason".to_owned(), "x".to_owned())]);
        for again in ["", "/api/", "https://evil.test", "/api/../x", "/api/v1/alarms", "/login"] {
            assert_eq!(of(again), None, "{again}");
        }
    }
}
