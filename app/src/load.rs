//! A page's answer on the page: first as the HTML brought it, then again whenever a hint says so.
//!
//! The view is built once, over a signal; a later answer only moves the signal. So rows keep their place, focus and
//! selection stay where they are, and nothing flickers. The trap is a question lost on the way: the server may be
//! restarting, and an error in place of the last picture would take away what is known. So a lost question leaves the
//! picture as it is (the frame says that the connection is gone); a refusal replaces it.
//!
//! All of it works on sealed answers. Only [`ask`] and [`load`], which are a few lines, know what is in them.

use std::any::Any;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use leptos::context::Provider;
use leptos::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::answer::{Answer, Sealed};
use crate::error::AppError;
use crate::live::Live;
use crate::now::{Now, Seed};
use crate::parts::trouble::Trouble;
use crate::signed_out;

type Sought = Resource<Result<Sealed, AppError>>;
type Seeking = Pin<Box<dyn Future<Output = Result<Sealed, AppError>> + Send>>;

/// A question, its answer so far, and what the answer is.
pub(crate) struct Asked<T> {
    sought: Sought,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for Asked<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Asked<T> {}

/// Asks `question` of what `about` says, now and whenever that has become something else.
pub(crate) fn ask<A, T, F>(about: impl Fn() -> A + Send + Sync + 'static, question: impl Fn(A) -> F + Send + Sync + 'static) -> Asked<T>
where
    A: Clone + PartialEq + Send + Sync + 'static,
    T: 'static,
    F: Future<Output = Result<Answer<T>, AppError>> + Send + 'static,
{
    let about: Box<dyn Fn() -> Matter + Send + Sync> = Box::new(move || Matter::of(about()));
    let question: Box<dyn Fn(Matter) -> Seeking + Send + Sync> = Box::new(move |matter| match matter.is::<A>() {
        Some(about) => {
            let answer = question(about);
            Box::pin(async move { answer.await.map(Answer::seal) })
        }
        None => Box::pin(std::future::pending()),
    });
    Asked { sought: Resource::new(about, question), of: PhantomData }
}

/// What a question is about, without saying what that is.
#[derive(Clone)]
struct Matter {
    value: Arc<dyn Any + Send + Sync>,
    same: fn(&(dyn Any + Send + Sync), &(dyn Any + Send + Sync)) -> bool,
}

impl Matter {
    fn of<A: PartialEq + Send + Sync + 'static>(value: A) -> Self {
        Self { value: Arc::new(value), same: |one, other| one.downcast_ref::<A>() == other.downcast_ref::<A>() }
    }

    fn is<A: Clone + 'static>(&self) -> Option<A> {
        self.value.downcast_ref::<A>().cloned()
    }
}

impl PartialEq for Matter {
    fn eq(&self, other: &Self) -> bool {
        (self.same)(self.value.as_ref(), other.value.as_ref())
    }
}

/// Shows the answer through `view`, which is called once for as long as answers come.
pub(crate) fn load<T>(asked: Asked<T>, view: impl Fn(RwSignal<T>) -> AnyView + Send + Sync + 'static) -> AnyView
where
    T: Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    shown(asked.sought, opening(view))
}

/// A view over an answer, and what gives it the next one.
struct Opened {
    view: AnyView,
    renew: Renewing,
}

type Renewing = Box<dyn Fn(&Sealed) -> Result<(), AppError> + Send + Sync>;

type Opening = Box<dyn Fn(&Sealed) -> Result<Opened, AppError> + Send + Sync>;

fn opening<T>(view: impl Fn(RwSignal<T>) -> AnyView + Send + Sync + 'static) -> Opening
where
    T: Clone + PartialEq + DeserializeOwned + Send + Sync + 'static,
{
    Box::new(move |sealed| {
        let body = RwSignal::new(open::<T>(sealed)?);
        let renew = move |sealed: &Sealed| {
            let newer = open::<T>(sealed)?;
            if body.with_untracked(|shown| *shown != newer) {
                body.set(newer);
            }
            Ok(())
        };
        Ok(Opened { view: view(body), renew: Box::new(renew) })
    })
}

fn open<T: DeserializeOwned + Clone + 'static>(sealed: &Sealed) -> Result<T, AppError> {
    sealed.open().map_err(AppError::unreadable)
}

fn trouble(error: AppError) -> AnyView {
    view! { <Trouble error/> }.into_any()
}

fn shown(sought: Sought, opening: Opening) -> AnyView {
    let opening = StoredValue::new(opening);
    view! {
        <Transition fallback=|| view! { <p class="waiting" role="status">"Reading…"</p> }>
            {Suspend::new(async move {
                let picture = Picture::first(sought.await);
                Effect::new(move |_| {
                    if let Some(answer) = sought.get() {
                        picture.follow(answer);
                    }
                });
                move || match picture.trouble.get() {
                    Some(error) => trouble(error),
                    None => picture.open(opening),
                }
            })}
        </Transition>
    }
    .into_any()
}

/// What is on the page.
#[derive(Clone, Copy)]
struct Picture {
    newest: RwSignal<Option<Sealed>>,
    trouble: RwSignal<Option<AppError>>,
    now: Now,
}

impl Picture {
    fn first(answer: Result<Sealed, AppError>) -> Self {
        let (live, now) = (Live::here(), Now::here());
        let picture = Self { newest: RwSignal::new(None), trouble: RwSignal::new(None), now };
        if let Ok(answer) = &answer {
            live.came_with_the_page(answer.revision);
        }
        picture.follow(answer);
        picture
    }

    fn follow(self, answer: Result<Sealed, AppError>) {
        match answer {
            Ok(answer) => {
                self.now.resync(answer.now, answer.speed);
                if self.newest.with_untracked(|newest| newest.as_ref() != Some(&answer)) {
                    self.newest.set(Some(answer));
                }
                if self.trouble.with_untracked(Option::is_some) {
                    self.trouble.set(None);
                }
            }
            Err(error) if error.lost_on_the_way() && self.newest.with_untracked(Option::is_some) => {}
            Err(error) if error.signed_out() && signed_out::leave_or_tell() => {}
            Err(error) => self.trouble.set(Some(error)),
        }
    }

    /// The view over the newest answer. Newer ones reach it through its signal, so nothing here is tracked.
    fn open(self, opening: StoredValue<Opening>) -> AnyView {
        let Some(sealed) = self.newest.get_untracked() else { return ().into_any() };
        // made within, because it asks for the instant its ages are counted from
        view! { <Provider value=Seed(sealed.now)>{self.within(&sealed, opening)}</Provider> }.into_any()
    }

    fn within(self, sealed: &Sealed, opening: StoredValue<Opening>) -> AnyView {
        let Opened { view, renew } = match opening.with_value(|opening| opening(sealed)) {
            Ok(opened) => opened,
            Err(error) => return trouble(error),
        };
        // the first run only listens: what it would bring is on the page
        Effect::new(move |ran: Option<()>| {
            let newer = |newest: &Option<Sealed>| newest.as_ref().filter(|_| ran.is_some()).and_then(|newest| renew(newest).err());
            if let Some(error) = self.newest.with(newer) {
                leptos::logging::warn!("{error}");
            }
        });
        view
    }
}
