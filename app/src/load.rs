//! A page's answer on the page: first as the HTML brought it, then again whenever a hint says so.
//!
//! The view is built once, over a signal; a later answer only moves the signal. So rows keep their place, focus and
//! selection stay where they are, and nothing flickers. The trap is a question lost on the way: the server may be
//! restarting, and an error in place of the last picture would take away what is known. So a lost question leaves the
//! picture as it is (the frame says that the connection is gone); a refusal replaces it.

use leptos::context::Provider;
use leptos::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::Answer;
use crate::error::AppError;
use crate::live::Live;
use crate::now::{Now, Seed};
use crate::parts::trouble::{Trouble, trouble_of_part};

/// The answer to a page's question, or why there is none.
pub(crate) type Asked<T> = Resource<Result<Answer<T>, AppError>>;

/// Shows the answer through `view`, which is called once for as long as answers come.
pub(crate) fn load<T>(asked: Asked<T>, view: impl Fn(RwSignal<T>) -> AnyView + Send + Sync + 'static) -> AnyView
where
    T: Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    shown(asked, view, |error| view! { <Trouble error/> }.into_any())
}

/// As [`load`], for a part of a page that has a question of its own: its trouble is one line and takes no heading.
pub(crate) fn load_part<T>(asked: Asked<T>, view: impl Fn(RwSignal<T>) -> AnyView + Send + Sync + 'static) -> AnyView
where
    T: Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    shown(asked, view, trouble_of_part)
}

fn shown<T>(asked: Asked<T>, view: impl Fn(RwSignal<T>) -> AnyView + Send + Sync + 'static, trouble: fn(AppError) -> AnyView) -> AnyView
where
    T: Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    let view = StoredValue::new(view);
    view! {
        <Transition fallback=|| view! { <p class="waiting" role="status">"Reading…"</p> }>
            {Suspend::new(async move {
                let picture = Picture::first(asked.await);
                Effect::new(move |_| {
                    if let Some(answer) = asked.get() {
                        picture.follow(answer);
                    }
                });
                move || match (picture.trouble.get(), picture.shown.get()) {
                    (Some(error), _) => trouble(error),
                    (None, Some((seed, body))) => {
                        view! { <Provider value=seed>{view.with_value(|view| view(body))}</Provider> }.into_any()
                    }
                    (None, None) => ().into_any(),
                }
            })}
        </Transition>
    }
    .into_any()
}

/// What is on the page.
struct Picture<T: Send + Sync + 'static> {
    shown: RwSignal<Option<(Seed, RwSignal<T>)>>,
    trouble: RwSignal<Option<AppError>>,
    now: Now,
}

impl<T: Send + Sync + 'static> Clone for Picture<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Picture<T> {}

impl<T: Clone + PartialEq + Send + Sync + 'static> Picture<T> {
    fn first(answer: Result<Answer<T>, AppError>) -> Self {
        let (live, now) = (Live::here(), Now::here());
        let picture = Self { shown: RwSignal::new(None), trouble: RwSignal::new(None), now };
        if let Ok(answer) = &answer {
            live.came_with_the_page(answer.revision);
        }
        picture.follow(answer);
        picture
    }

    fn follow(self, answer: Result<Answer<T>, AppError>) {
        match answer {
            Ok(answer) => {
                self.now.resync(answer.now, answer.speed);
                match self.shown.get_untracked() {
                    Some((_, body)) => {
                        if body.with_untracked(|shown| *shown != answer.body) {
                            body.set(answer.body);
                        }
                    }
                    None => self.shown.set(Some((Seed(answer.now), RwSignal::new(answer.body)))),
                }
                if self.trouble.with_untracked(Option::is_some) {
                    self.trouble.set(None);
                }
            }
            Err(error) if error.lost_on_the_way() && self.shown.with_untracked(Option::is_some) => {}
            Err(error) => self.trouble.set(Some(error)),
        }
    }
}
