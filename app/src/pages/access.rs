//! Access: one's own password, tokens and sessions; for admins, who may do what. Plain forms throughout.

use domain::account::{LONGEST_NAME, Role, SHORTEST_PASSWORD};
use domain::text;
use domain::view::{AccountRow, Fresh, OwnAccess, SessionRow, TokenRow};
use leptos::prelude::*;

use crate::access::admin;
use crate::api::form;
use crate::error::AppError;
use crate::made::compose::{Answered, Page, Wanted};
use crate::parts::age::Age;
use crate::ui::copy::copy;
use crate::ui::panel::panel;

/// The page.
pub(crate) async fn page(wanted: &Wanted<'_>) -> Answered {
    let viewer = wanted.viewer;
    let own = viewer.own.own(&viewer.actor).await?;
    let accounts = if viewer.actor.role == Role::Admin {
        match admin().await {
            Ok(admin) => Some(admin.administer.accounts().await?),
            Err(AppError::Failed(failure)) => return Err(failure),
            Err(AppError::Transport(_)) => None,
        }
    } else {
        None
    };
    let refused = form::refused();
    let revision = viewer.observe.frame().revision;
    Ok(Page::new(revision, "Access", move || body(&own, accounts.as_deref(), refused)))
}

fn body(own: &OwnAccess, accounts: Option<&[AccountRow]>, refused: Option<String>) -> AnyView {
    let refused = refused.map(|why| view! { <p class="stale-note" role="alert" data-stays="">{why}</p> });
    view! {
        <div class="headline">
            <h1>"Access"</h1>
            <p>"Signed in as "<b><bdi>{text::shown(&own.name)}</bdi></b>", "{own.role.as_str()}</p>
        </div>
        {refused}
        {own.fresh.as_ref().map(fresh)}
        {accounts.map(|rows| panel("accounts", "Accounts", may(), accounts_body(rows)))}
        <div class="cols">
            <div class="stack">
                {panel("tokens", "Your API tokens", "for scripts and Prometheus", tokens(own))}
                {panel("sessions", "Where you are signed in", (), sessions(&own.sessions))}
            </div>
            {panel("password", "Your password", (), password(own))}
        </div>
    }
    .into_any()
}

/// What was made a moment ago; a later answer does not know of it.
fn fresh(fresh: &Fresh) -> AnyView {
    view! {
        <section class="panel fresh" id="fresh" aria-label="Made a moment ago" data-stays="">
            <p>{text::shown(&fresh.what)}</p>
            <p>{copy(fresh.secret.clone())}</p>
        </section>
    }
    .into_any()
}

fn may() -> &'static str {
    "a viewer looks, an operator acts, an admin decides who may"
}

/// A choice of roles up to one.
fn roles(most: Role, chosen: Role) -> Vec<AnyView> {
    Role::ALL
        .into_iter()
        .filter(|role| *role <= most)
        .map(|role| view! { <option value=role.as_str() selected={role == chosen}>{role.as_str()}</option> }.into_any())
        .collect()
}

/// A form of one button about one thing.
fn act(action: &'static str, field: &'static str, id: i64, label: &'static str, of: &str) -> AnyView {
    let said = format!("{label}: {}", text::shown(of));
    view! {
        <form action=action method="post">
            <input type="hidden" name=field value=id.to_string()/>
            <button class="btn" type="submit" aria-label=said>{label}</button>
        </form>
    }
    .into_any()
}

fn accounts_body(rows: &[AccountRow]) -> AnyView {
    view! {
        <table class="cards">
            <caption class="sr">"Accounts"</caption>
            <thead>
                <tr><th scope="col">"account"</th><th scope="col">"role"</th><th scope="col">"seen"</th><th scope="col">"signed in"</th><th scope="col">"then"</th></tr>
            </thead>
            <tbody>{rows.iter().map(account).collect::<Vec<_>>()}</tbody>
        </table>
        <form class="act" action="/api/account_add" method="post">
            <div class="row">
                <label><span>"Name of a new account"</span><input type="text" name="name" required=true maxlength=LONGEST_NAME.to_string() autocomplete="off"/></label>
                <label><span>"Role"</span><select name="role">{roles(Role::Admin, Role::Viewer)}</select></label>
                <button class="btn" type="submit">"Add"</button>
            </div>
            <p class="dim">"You get a link to give to its owner, who sets a password by it. Accounts are never deleted, so that what somebody did stays theirs: disable those who left."</p>
        </form>
    }
    .into_any()
}

fn account(row: &AccountRow) -> AnyView {
    let name = text::shown(&row.name);
    let (label, to) = if row.disabled { ("Let in again", "false") } else { ("Disable", "true") };
    let said = format!("{label}: {name}");
    let role_label = format!("Role of {name}");
    let state = match (row.disabled, row.password) {
        (true, _) => Some("disabled"),
        (false, false) => Some("no password yet"),
        (false, true) => None,
    };
    let seen = row.seen.map(|at| view! { <Age of=at/> }.into_any());
    view! {
        <tr data-key=row.id.to_string()>
            <th scope="row" data-label="account"><span><bdi>{name}</bdi>{state.map(|state| view! { " "<span class="dim">{state}</span> })}</span></th>
            <td data-label="role">
                <form class="row" action="/api/account_role" method="post">
                    <input type="hidden" name="account" value=row.id.to_string()/>
                    <select name="role" aria-label=role_label>{roles(Role::Admin, row.role)}</select>
                    <button class="btn" type="submit">"Set"</button>
                </form>
            </td>
            <td data-label="seen"><span>{seen.unwrap_or_else(|| "never".into_any())}</span></td>
            <td data-label="signed in"><span>{format!("{}, {}", text::count(row.sessions, "session"), text::count(row.tokens, "token"))}</span></td>
            <td data-label="then">
                <div class="row">
                    <form action="/api/account_disable" method="post">
                        <input type="hidden" name="account" value=row.id.to_string()/>
                        <input type="hidden" name="disabled" value=to/>
                        <button class="btn" type="submit" aria-label=said>{label}</button>
                    </form>
                    {(!row.disabled).then(|| act("/api/account_reset", "account", row.id, "Link to set a password", &row.name))}
                </div>
            </td>
        </tr>
    }
    .into_any()
}

fn tokens(own: &OwnAccess) -> AnyView {
    let none = own.tokens.is_empty().then(|| view! { <p class="empty">"None."</p> });
    view! {
        {none}
        <ul class="access-list">{own.tokens.iter().map(token).collect::<Vec<_>>()}</ul>
        <form class="act" action="/api/token_make" method="post">
            <div class="row">
                <label><span>"What it is for"</span><input type="text" name="name" required=true maxlength=LONGEST_NAME.to_string() autocomplete="off"/></label>
                <label><span>"Role"</span><select name="role">{roles(own.role, Role::Viewer)}</select></label>
                <label><span>"Days"</span><input type="number" name="days" required=true min="1" max=own.longest_token_days.to_string() value="90"/></label>
                <button class="btn" type="submit">"Make a token"</button>
            </div>
            <p class="dim">"Sent as "<code>"Authorization: Bearer sbx_…"</code>". It may never more than you may, and ends with your account."</p>
        </form>
    }
    .into_any()
}

fn token(row: &TokenRow) -> AnyView {
    let used = row.used.map(|at| view! { ", used "<Age of=at/> });
    view! {
        <li data-key=row.id.to_string()>
            <p><b><bdi>{text::shown(&row.name)}</bdi></b>" "{row.role.as_str()}<span class="dim">" until "{row.ends.day()}{used}</span></p>
            {act("/api/token_withdraw", "token", row.id, "Withdraw", &row.name)}
        </li>
    }
    .into_any()
}

fn sessions(rows: &[SessionRow]) -> AnyView {
    view! { <ul class="access-list">{rows.iter().map(session).collect::<Vec<_>>()}</ul> }.into_any()
}

fn session(row: &SessionRow) -> AnyView {
    let agent = if row.agent.is_empty() { "a browser that does not say which".to_owned() } else { text::shown(&row.agent) };
    let (label, of) = if row.this { ("Sign out here", "this one".to_owned()) } else { ("End", format!("{} {agent}", row.address)) };
    let this = row.this.then(|| view! { <b>"this one "</b> });
    view! {
        <li data-key=row.id.to_string()>
            <p>
                {this}<bdi>{text::shown(&row.address)}</bdi>
                <span class="dim line wrap"><bdi>{agent}</bdi></span>
                <span class="dim line">"used "<Age of=row.seen/>", ends at the latest "{row.ends.day()}</span>
            </p>
            {act("/api/session_end", "session", row.id, label, &of)}
        </li>
    }
    .into_any()
}

fn password(own: &OwnAccess) -> AnyView {
    if !own.password {
        return view! { <p class="empty">"This account has none: it is signed in by a link."</p> }.into_any();
    }
    let name = own.name.clone();
    view! {
        <form class="act" action="/api/password_change" method="post">
            // for whatever keeps passwords: it wants to know whose this is
            <input class="sr" type="text" autocomplete="username" value=name readonly=true tabindex="-1" aria-hidden="true"/>
            <label><span>"Current password"</span><input type="password" name="current" required=true autocomplete="current-password"/></label>
            <label>
                <span>{format!("New password, {SHORTEST_PASSWORD} characters or more")}</span>
                <input type="password" name="new" required=true minlength=SHORTEST_PASSWORD.to_string() autocomplete="new-password"/>
            </label>
            <p class="dim">"You are signed out everywhere, here too. Your tokens stay: withdraw those you do not trust."</p>
            <button class="btn" type="submit">"Change it"</button>
        </form>
    }
    .into_any()
}
