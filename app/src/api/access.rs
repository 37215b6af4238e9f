//! Access: the forms by which people keep their own account, and admins everybody's. Each is answered by the page Access.

#[cfg(feature = "ssr")]
use domain::Failure;
#[cfg(feature = "ssr")]
use domain::account::Role;
use leptos::prelude::*;
use leptos::server_fn::codec::PostUrl;

use crate::error::AppError;

/// The page all of these are answered by.
#[cfg(feature = "ssr")]
const PATH: &str = "/access";

/// Signs out: the session ends here and now.
#[server(endpoint = "sign_out", input = PostUrl)]
pub(crate) async fn sign_out() -> Result<(), AppError> {
    let viewer = crate::access::viewer().await?;
    match viewer.own.sign_out(viewer.actor).await {
        Ok(()) => super::form::answer("/login", "", Ok(())),
        Err(failure) => super::form::answer(PATH, "sessions", Err(AppError::Failed(failure))),
    }
    Ok(())
}

/// Another password of one's own. Every session ends with it, this one too.
#[server(endpoint = "password_change", input = PostUrl)]
pub(crate) async fn password_change(current: String, new: String) -> Result<(), AppError> {
    let viewer = crate::access::viewer().await?;
    match viewer.own.password_change(viewer.actor, current, new).await {
        Ok(()) => super::form::answer("/login?said=password&to=%2Faccess", "", Ok(())),
        Err(failure) => super::form::answer(PATH, "password", Err(AppError::Failed(failure))),
    }
    Ok(())
}

/// Makes an API token of one's own.
#[server(endpoint = "token_make", input = PostUrl)]
pub(crate) async fn token_make(name: String, role: String, days: u32) -> Result<(), AppError> {
    let viewer = crate::access::viewer().await?;
    let done = match role_of(&role) {
        Ok(role) => viewer.own.token_make(viewer.actor, name, role, days).await,
        Err(refused) => Err(refused),
    };
    let at = if done.is_ok() { "fresh" } else { "tokens" };
    super::form::answer(PATH, at, done.map_err(AppError::Failed));
    Ok(())
}

/// Ends an API token of one's own.
#[server(endpoint = "token_withdraw", input = PostUrl)]
pub(crate) async fn token_withdraw(token: i64) -> Result<(), AppError> {
    let viewer = crate::access::viewer().await?;
    let done = viewer.own.token_withdraw(viewer.actor, token).await;
    super::form::answer(PATH, "tokens", done.map_err(AppError::Failed));
    Ok(())
}

/// Ends a session of one's own.
#[server(endpoint = "session_end", input = PostUrl)]
pub(crate) async fn session_end(session: i64) -> Result<(), AppError> {
    let viewer = crate::access::viewer().await?;
    let done = viewer.own.session_end(viewer.actor, session).await;
    super::form::answer(PATH, "sessions", done.map_err(AppError::Failed));
    Ok(())
}

/// Makes an account, and the link its owner sets a password by.
#[server(endpoint = "account_add", input = PostUrl)]
pub(crate) async fn account_add(name: String, role: String) -> Result<(), AppError> {
    let admin = crate::access::admin().await?;
    let done = match role_of(&role) {
        Ok(role) => admin.administer.account_add(admin.actor, name, role).await,
        Err(refused) => Err(refused),
    };
    let at = if done.is_ok() { "fresh" } else { "accounts" };
    super::form::answer(PATH, at, done.map_err(AppError::Failed));
    Ok(())
}

/// Gives an account another role.
#[server(endpoint = "account_role", input = PostUrl)]
pub(crate) async fn account_role(account: i64, role: String) -> Result<(), AppError> {
    let admin = crate::access::admin().await?;
    let done = match role_of(&role) {
        Ok(role) => admin.administer.account_role(admin.actor, account, role).await,
        Err(refused) => Err(refused),
    };
    super::form::answer(PATH, "accounts", done.map_err(AppError::Failed));
    Ok(())
}

/// Keeps an account out, or lets it in again.
#[server(endpoint = "account_disable", input = PostUrl)]
pub(crate) async fn account_disable(account: i64, disabled: bool) -> Result<(), AppError> {
    let admin = crate::access::admin().await?;
    let done = admin.administer.account_disable(admin.actor, account, disabled).await;
    super::form::answer(PATH, "accounts", done.map_err(AppError::Failed));
    Ok(())
}

/// Makes a link by which an account's password is set anew.
#[server(endpoint = "account_reset", input = PostUrl)]
pub(crate) async fn account_reset(account: i64) -> Result<(), AppError> {
    let admin = crate::access::admin().await?;
    let done = admin.administer.account_reset(admin.actor, account).await;
    let at = if done.is_ok() { "fresh" } else { "accounts" };
    super::form::answer(PATH, at, done.map_err(AppError::Failed));
    Ok(())
}

#[cfg(feature = "ssr")]
fn role_of(word: &str) -> Result<Role, Failure> {
    word.parse().map_err(|why| Failure::Refused { why })
}
