//! The pages in front of the others: signing in, setting a first password, sending again what came too late.
//!
//! Separate from the pages behind, because nobody is known here: no port can be reached, no script runs, nothing hydrates.
//! Each is a document of its own with plain forms. What is written into them is text, whatever it holds.

use domain::account::{LONGEST_NAME, Reader, Role, SHORTEST_PASSWORD};
use domain::text;
use leptos::prelude::*;

use crate::AssetVersion;

/// A form that came when nobody was signed in: where it goes, and what was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// Where it was sent to.
    pub action: String,
    /// Its fields.
    pub fields: Vec<(String, String)>,
}

/// Before the name of each carried field, so that none can be taken for one of the login form's.
pub const FIELD: &str = "field.";

/// What the login page shows.
#[derive(Clone, Debug, Default)]
pub struct Login {
    /// Where it leads: a path of ours.
    pub to: String,
    /// The name that was typed.
    pub name: String,
    /// Why the last attempt was none.
    pub trouble: Option<String>,
    /// What happened before, such as that the password was changed.
    pub said: Option<&'static str>,
    /// What is sent again afterwards.
    pub carried: Option<Carried>,
}

/// The login page.
pub fn login(assets: &AssetVersion, page: Login) -> String {
    let Login { to, name, trouble, said, carried } = page;
    let late = carried
        .as_ref()
        .map(|_| view! { <p class="stale-note">"Your session had ended. What you sent is kept: sign in, and you can send it again."</p> });
    let body = view! {
        <h1>"Sign in"</h1>
        {said.map(|said| view! { <p role="status">{said}</p> })}
        {late}
        {wrong(trouble)}
        <form class="act" action="/login" method="post">
            <input type="hidden" name="to" value=to/>
            {carried.as_ref().map(carry)}
            <label><span>"Name"</span><input type="text" name="name" required=true maxlength=LONGEST_NAME.to_string() autocomplete="username" value=name autofocus=true/></label>
            <label><span>"Password"</span><input type="password" name="password" required=true autocomplete="current-password"/></label>
            <button class="btn" type="submit">"Sign in"</button>
        </form>
        <p class="dim">"No account, or the password forgotten? An admin makes a link on the Access page; whoever owns the machine does by "<code>"signalbox account"</code>"."</p>
    };
    document(assets, "Sign in", body.into_any())
}

/// The page after a late form was signed in for: what was typed, and one button.
pub fn send_again(assets: &AssetVersion, reader: &Reader, to: &str, carried: &Carried) -> String {
    let shown = carried.fields.iter().map(|(name, value)| {
        view! { <dt>{text::shown(name)}</dt><dd><bdi>{text::shown(value)}</bdi></dd> }
    });
    let hidden = carried.fields.iter().map(|(name, value)| view! { <input type="hidden" name=name.clone() value=value.clone()/> });
    let body = view! {
        <h1>"Send it again?"</h1>
        <p>"You are signed in as "<b><bdi>{text::shown(&reader.name)}</bdi></b>", "{reader.role.as_str()}". This is what came too late:"</p>
        <form class="act" action=carried.action.clone() method="post">
            {hidden.collect::<Vec<_>>()}
            <dl class="kv">{shown.collect::<Vec<_>>()}</dl>
            <button class="btn" type="submit" autofocus=true>"Send it"</button>
        </form>
        <p><a href=to.to_owned()>"Do not send it"</a></p>
    };
    document(assets, "Send it again?", body.into_any())
}

/// What a link leads to.
#[derive(Clone, Debug)]
pub struct Welcome {
    /// The link's own path.
    pub path: String,
    /// The account's name and role; none for the first admin, who chooses a name.
    pub account: Option<(String, Role)>,
    /// The name that was typed.
    pub typed: String,
    /// Why the last attempt was none.
    pub trouble: Option<String>,
}

/// The page that sets a password.
pub fn welcome(assets: &AssetVersion, page: Welcome) -> String {
    let Welcome { path, account, typed, trouble } = page;
    let (heading, who) = match account {
        Some((name, role)) => {
            let shown = text::shown(&name);
            let who = view! {
                <p>"For the account "<b><bdi>{shown}</bdi></b>", "{role.as_str()}". Its other sessions end."</p>
                <input class="sr" type="text" autocomplete="username" value=name readonly=true tabindex="-1" aria-hidden="true"/>
            };
            ("Set your password", who.into_any())
        }
        None => {
            let who = view! {
                <p>"Nobody has an account here yet. You become the first admin, who makes the others on the Access page."</p>
                <label><span>"Your name"</span><input type="text" name="name" required=true maxlength=LONGEST_NAME.to_string() autocomplete="username" value=typed autofocus=true/></label>
            };
            ("The first account", who.into_any())
        }
    };
    let body = view! {
        <h1>{heading}</h1>
        {wrong(trouble)}
        <form class="act" action=path method="post">
            {who}
            <label>
                <span>{format!("Password, {SHORTEST_PASSWORD} characters or more")}</span>
                <input type="password" name="password" required=true minlength=SHORTEST_PASSWORD.to_string() autocomplete="new-password"/>
            </label>
            <button class="btn" type="submit">"Set it and sign in"</button>
        </form>
    };
    document(assets, heading, body.into_any())
}

/// A page that only says something, with the way on.
pub fn notice(assets: &AssetVersion, heading: &'static str, said: &str) -> String {
    let body = view! { <h1>{heading}</h1><p>{text::shown(said)}</p><p><a class="btn" href="/login">"Sign in"</a></p> };
    document(assets, heading, body.into_any())
}

fn wrong(trouble: Option<String>) -> Option<AnyView> {
    trouble.map(|why| view! { <p class="stale-note" role="alert">{why}</p> }.into_any())
}

fn carry(carried: &Carried) -> AnyView {
    let fields =
        carried.fields.iter().map(|(name, value)| view! { <input type="hidden" name=format!("{FIELD}{name}") value=value.clone()/> });
    view! { <input type="hidden" name="again" value=carried.action.clone()/> {fields.collect::<Vec<_>>()} }.into_any()
}

fn document(assets: &AssetVersion, title: &'static str, body: AnyView) -> String {
    let style = format!("/pkg/signalbox.css?v={}", assets.0);
    // what a view makes is needed until it is text
    let owner = Owner::new();
    owner.with(|| {
        view! {
            <!DOCTYPE html>
            <html lang="en">
                <head>
                    <meta charset="utf-8"/>
                    <meta name="viewport" content="width=device-width, initial-scale=1"/>
                    <meta name="color-scheme" content="light dark"/>
                    <title>{format!("{title} · Signalbox")}</title>
                    <link rel="icon" href=crate::shell::ICON/>
                    <link rel="stylesheet" href=style/>
                </head>
                <body class="entrance">
                    <header class="bar">{crate::parts::frame::word()}</header>
                    <main id="main"><section class="panel">{body}</section></main>
                </body>
            </html>
        }
        .to_html()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assets() -> AssetVersion {
        AssetVersion("v1".into())
    }

    #[test]
    fn what_was_typed_is_carried_as_text_and_under_names_of_its_own() {
        let carried = Carried { action: "/api/acknowledge".into(), fields: vec![("reason".into(), "\"><script>x</script>".into())] };
        let page = login(&assets(), Login { to: "/alarms".into(), carried: Some(carried.clone()), ..Login::default() });
        assert!(page.starts_with("<!DOCTYPE html>"), "{page}");
        assert!(page.contains("name=\"again\" value=\"/api/acknowledge\"") && page.contains("name=\"field.reason\""), "{page}");
        assert!(!page.contains("<script"), "{page}");
        let again = send_again(&assets(), &Reader { name: "Ann".into(), role: Role::Operator }, "/alarms", &carried);
        assert!(
            again.contains("action=\"/api/acknowledge\"") && again.contains("name=\"reason\"") && !again.contains("<script"),
            "{again}"
        );
    }

    #[test]
    fn a_link_says_whose_password_it_sets() {
        let of = |account| welcome(&assets(), Welcome { path: "/welcome/x".into(), account, typed: String::new(), trouble: None });
        assert!(of(None).contains("first admin") && of(None).contains("name=\"name\""));
        let ben = of(Some(("Ben".into(), Role::Viewer)));
        assert!(ben.contains("Ben") && ben.contains("viewer") && !ben.contains("name=\"name\""), "{ben}");
    }
}
