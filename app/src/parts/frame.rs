//! What stands around every page: the bar, the notices, the foot.

use domain::judge;
use domain::view::NATS_COUNT_RULE;
use leptos::prelude::*;
use leptos_router::components::{A, Outlet};

use super::live_tag::LiveTag;
use super::palette::Palette;
use super::sources_line::SourcesLine;
use crate::api::{self, Around};
use crate::keyboard::{self, DIALOG_ID, KEYS, SearchWanted};
use crate::live::{Line, Live};
use crate::load::{ask, load};
use crate::now::Now;
use crate::signed_out::SignedOut;
use crate::ui::keys::{KeysDialog, KeysLink};

/// Bar, page, foot.
#[component]
pub(crate) fn Frame() -> impl IntoView {
    let (live, now) = (Live::here(), Now::here());
    let wanted = SearchWanted(RwSignal::new(false));
    provide_context(wanted);
    // effects run in browsers only, and only once the page has been taken over
    Effect::new(move |_| {
        now.start();
        live.listen(now);
        keyboard::listen(wanted);
    });
    let asked = ask(move || live.hints(&[domain::live::Topic::Sources]), |_| api::frame());
    view! {
        <a class="skip" href="#main">"Skip to the page"</a>
        <header class="bar">
            {word()}
            <Nav/>
            <div class="end">{load(asked, end)}</div>
        </header>
        {load(asked, notice)}
        <Adrift/>
        <SignedOut/>
        <main id="main" tabindex="-1" class:adrift=move || matches!(live.line(), Line::Lost { .. })>
            <Outlet/>
        </main>
        <footer class="foot">
            {load(asked, foot)}
            <p><b>"Services. "</b>{judge::RULE}</p>
            <p><b>"NATS. "</b>{NATS_COUNT_RULE}</p>
        </footer>
        <Palette/>
        <KeysDialog id=DIALOG_ID keys=&KEYS close=keyboard::hide_keys/>
    }
    .into_any()
}

/// The word mark, which leads to the Overview.
pub(crate) fn word() -> AnyView {
    view! {
        <a class="word" href="/">
            <svg viewBox="0 0 18 22" aria-hidden="true">
                <path d="M9 22V9" stroke="currentColor" stroke-width="2"></path>
                <rect x="4" y="0" width="10" height="16" rx="5" fill="currentColor"></rect>
                <circle class="arm-bad" cx="9" cy="5" r="2.4"></circle>
                <circle class="arm-good" cx="9" cy="11" r="2.4"></circle>
            </svg>
            "Signalbox"
        </a>
    }
    .into_any()
}

#[component]
fn Nav() -> impl IntoView {
    view! {
        <nav class="nav" aria-label="Pages">
            <A href="/" exact=true>"Overview"</A>
            <A href="/services">"Services"</A>
            <A href="/timeline">"Timeline"</A>
            <A href="/alarms">"Alarms"</A>
            <A href="/nats">"NATS"</A>
            <A href="/rollouts">"Rollouts"</A>
            <A href="/readiness">"Readiness"</A>
            <A href="/reports">"Reports"</A>
            <A href="/sources">"Sources"</A>
        </nav>
    }
}

/// The end of the bar: live, search, keys, environments, who is looking.
fn end(around: RwSignal<Around>) -> AnyView {
    let sources = Signal::derive(move || around.with(|around| around.sources.clone()));
    let environments =
        move || around.with(|around| around.frame.environments.iter().map(|name| domain::text::shown(name)).collect::<Vec<_>>());
    let named = move || match environments().as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        more => format!("{} environments", more.len()),
    };
    let name = move || around.with(|around| domain::text::shown(&around.reader.name));
    let role = move || around.with(|around| around.reader.role.as_str());
    view! {
        <LiveTag sources/>
        <a
            class="search-link"
            href="/services#q"
            on:click=move |event| {
                event.prevent_default();
                keyboard::show_palette();
            }
        >
            <kbd>"/"</kbd>
            <span class="meaning">" go to"</span>
        </a>
        <KeysLink href="#keys" open=keyboard::show_keys/>
        <span class="environments" title=move || environments().join("\n")><bdi>{named}</bdi></span>
        <a class="reader" href="/access" title="Your account, tokens and sessions"><bdi>{name}</bdi>" "<span class="dim">{role}</span></a>
        // a plain form: it must work however little of the page does
        <form class="sign-out" action="/api/sign_out" method="post"><button class="btn" type="submit">"Sign out"</button></form>
    }
    .into_any()
}

fn notice(around: RwSignal<Around>) -> AnyView {
    let fleet = move || {
        let said = around.with(|around| around.frame.notice.clone());
        said.map(|said| view! { <aside class="notice" aria-label="About this fleet"><p>{said}</p></aside> })
    };
    let trouble = move || {
        let said = around.with(|around| around.frame.trouble.clone());
        said.map(|said| view! { <aside class="notice notice-bad" aria-label="Trouble"><p role="alert">{said}</p></aside> })
    };
    view! { {trouble}{fleet} }.into_any()
}

/// Said above the page while the line is down: what is below stays, but nobody vouches for it.
#[component]
fn Adrift() -> impl IntoView {
    let live = Live::here();
    move || match live.line() {
        Line::Lost { since } => Some(view! {
            <aside class="notice notice-bad" aria-label="Connection">
                <p role="alert">
                    {format!("Signalbox does not answer since {} UTC. What you see is from before; trying again.", since.clock_time())}
                </p>
            </aside>
        }),
        Line::Still | Line::Open => None,
    }
}

fn foot(around: RwSignal<Around>) -> AnyView {
    let sources = Signal::derive(move || around.with(|around| around.sources.clone()));
    view! {
        <SourcesLine sources/>
        <p class="version">{move || format!("Signalbox {}", around.with(|around| around.frame.version.clone()))}</p>
    }
    .into_any()
}
