//! An answer on its way from the server to a page.
//!
//! Separate from the questions, because it is one type for all of them: what lies between a question and its view
//! (resources, transitions, the reading of what the page brought) is compiled once and not once for every body, a fifth of
//! the bundle. What is asked for stays in the type: an [`Answer`] of one body cannot be shown as another.

use std::any::Any;
use std::marker::PhantomData;
use std::sync::Arc;

use domain::Timestamp;
use serde::de::{DeserializeOwned, Deserializer};
use serde::ser::{Error, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::error::AppError;

/// An answer with the time at which it was given, from which the page counts every age.
pub(crate) struct Answer<T> {
    sealed: Sealed,
    of: PhantomData<fn() -> T>,
}

#[cfg(feature = "ssr")]
impl<T: Serialize + Clone + Send + Sync + 'static> Answer<T> {
    /// As the server makes it.
    pub(crate) fn new(now: Timestamp, speed: f64, revision: u64, body: T) -> Self {
        let body = Body::Made { value: Arc::new(body), write: written::<T> };
        Self { sealed: Sealed { now, speed, revision, body }, of: PhantomData }
    }

    /// The same, but for how its body is written where it leaves the server.
    pub(crate) fn written(mut self, as_it: Write) -> Self {
        if let Body::Made { write, .. } = &mut self.sealed.body {
            *write = as_it;
        }
        self
    }
}

impl<T> Answer<T> {
    /// The same without saying what is in it.
    pub(crate) fn seal(self) -> Sealed {
        self.sealed
    }
}

impl<T: DeserializeOwned + Clone + 'static> Answer<T> {
    /// The body; an error where the server's words are not those this half was built for.
    pub(crate) fn body(&self) -> Result<T, serde_json::Error> {
        self.sealed.open()
    }

    /// The same answer with what `make` makes of its body: nothing where that leaves out what is not at hand.
    pub(crate) fn whole<U>(self, make: impl FnOnce(T) -> Option<U>) -> Result<Answer<U>, AppError>
    where
        U: Serialize + Send + Sync + 'static,
    {
        let body = self.sealed.open::<T>().map_err(AppError::unreadable)?;
        let body = make(body).ok_or_else(|| AppError::unreadable("it leaves out what is not shown"))?;
        #[cfg(feature = "ssr")]
        let write: Write = written::<U>;
        #[cfg(not(feature = "ssr"))]
        let write: Write = unwritten;
        let body = Body::Made { value: Arc::new(body), write };
        Ok(Answer { sealed: Sealed { body, ..self.sealed }, of: PhantomData })
    }
}

impl<T> Serialize for Answer<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.sealed.serialize(serializer)
    }
}

impl<'de, T> Deserialize<'de> for Answer<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self { sealed: Sealed::deserialize(deserializer)?, of: PhantomData })
    }
}

/// An answer whose body is not looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sealed {
    /// What time it was for the server.
    pub(crate) now: Timestamp,
    /// How many of the server's seconds pass in one of the wall's.
    pub(crate) speed: f64,
    /// The store's revision it was read at.
    pub(crate) revision: u64,
    body: Body,
}

impl Sealed {
    /// The body, as what the one who asked knows it to be.
    pub(crate) fn open<T: DeserializeOwned + Clone + 'static>(&self) -> Result<T, serde_json::Error> {
        match &self.body {
            Body::Made { value, write } => match value.downcast_ref::<T>() {
                Some(value) => Ok(value.clone()),
                None => serde_json::from_str(write(value.as_ref())?.get()),
            },
            Body::Text(text) => serde_json::from_str(text.get()),
        }
    }
}

/// A body as text.
pub(crate) type Written = Result<Box<RawValue>, serde_json::Error>;

type Write = fn(&(dyn Any + Send + Sync)) -> Written;

/// What is in an answer: on the server the thing itself, in the browser its text, until something was made of that.
#[derive(Clone, Debug)]
enum Body {
    Made { value: Arc<dyn Any + Send + Sync>, write: Write },
    Text(Arc<RawValue>),
}

#[cfg(feature = "ssr")]
fn written<T: Serialize + 'static>(value: &(dyn Any + Send + Sync)) -> Written {
    let value = value.downcast_ref::<T>().ok_or_else(|| serde_json::Error::custom("a body was sealed as another type"))?;
    serde_json::value::to_raw_value(value)
}

/// A browser sends no answers, and to write each kind of body would be a part of its bundle.
#[cfg(not(feature = "ssr"))]
fn unwritten(_: &(dyn Any + Send + Sync)) -> Written {
    Err(serde_json::Error::custom("an answer is written where it was made"))
}

impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Made { value: one, .. }, Self::Made { value: other, .. }) => Arc::ptr_eq(one, other),
            (Self::Text(one), Self::Text(other)) => one.get() == other.get(),
            _ => false,
        }
    }
}

impl Serialize for Body {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Made { value, write } => write(value.as_ref()).map_err(S::Error::custom)?.serialize(serializer),
            Self::Text(text) => text.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::Text(Box::<RawValue>::deserialize(deserializer)?.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed() -> Sealed {
        Answer::new(Timestamp::from_secs(7), 1.0, 3, vec!["a".to_owned(), "\"".to_owned()]).seal()
    }

    #[test]
    fn what_was_made_is_what_is_opened_on_both_sides() {
        let here = sealed();
        let text = serde_json::to_string(&here).unwrap();
        let there: Sealed = serde_json::from_str(&text).unwrap();
        assert_eq!(here.open::<Vec<String>>().unwrap(), ["a", "\""]);
        assert_eq!(there.open::<Vec<String>>().unwrap(), ["a", "\""]);
        assert_eq!((there.now, there.revision), (Timestamp::from_secs(7), 3));
        assert_eq!(serde_json::to_string(&there).unwrap(), text);
        assert_eq!(there, there.clone());
    }

    #[test]
    fn what_is_made_of_an_answer_is_told_at_the_same_instant() {
        let there = |body: &[&str]| -> Answer<Vec<String>> {
            let made = Answer::new(Timestamp::from_secs(7), 1.0, 3, body.iter().map(|word| (*word).to_owned()).collect::<Vec<String>>());
            serde_json::from_str(&serde_json::to_string(&made).unwrap()).unwrap()
        };
        let count = there(&["a", "b"]).whole(|words| Some(words.len())).unwrap();
        assert_eq!((count.body().unwrap(), count.sealed.now, count.sealed.revision), (2, Timestamp::from_secs(7), 3));
        assert_eq!(serde_json::to_string(&count).unwrap(), r#"{"now":"1970-01-01T00:00:07Z","speed":1.0,"revision":3,"body":2}"#);
        assert!(there(&["a"]).whole(|_| None::<usize>).is_err_and(|error| error.lost_on_the_way()));
    }

    #[test]
    fn another_build_s_words_are_an_error_and_no_panic() {
        let there: Sealed = serde_json::from_str(&serde_json::to_string(&sealed()).unwrap()).unwrap();
        assert!(there.open::<Vec<u64>>().is_err());
        assert!(sealed().open::<Vec<u64>>().is_err());
    }
}
