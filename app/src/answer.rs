//! An answer on its way from the server to a page.
//!
//! Separate from the questions, because it is one type for all of them: what lies between a question and its view
//! (resources, transitions, the reading of what the page brought) is compiled once and not once for every body, a fifth of
//! the bundle. What is asked for stays in the type: an [`Answer`] of one body cannot be shown as another.

#[cfg(feature = "ssr")]
use std::any::Any;
use std::marker::PhantomData;
use std::sync::Arc;

use domain::Timestamp;
use serde::de::{DeserializeOwned, Deserializer};
#[cfg(feature = "ssr")]
use serde::ser::Error;
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

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
            #[cfg(feature = "ssr")]
            Body::Made { value, write } => match value.downcast_ref::<T>() {
                Some(value) => Ok(value.clone()),
                None => serde_json::from_str(write(value.as_ref())?.get()),
            },
            Body::Text(text) => serde_json::from_str(text.get()),
        }
    }
}

/// A body as text.
#[cfg(feature = "ssr")]
pub(crate) type Written = Result<Box<RawValue>, serde_json::Error>;

#[cfg(feature = "ssr")]
type Write = fn(&(dyn Any + Send + Sync)) -> Written;

/// What is in an answer: on the server the thing itself, in the browser its text.
#[derive(Clone, Debug)]
enum Body {
    #[cfg(feature = "ssr")]
    Made {
        value: Arc<dyn Any + Send + Sync>,
        write: Write,
    },
    Text(Arc<RawValue>),
}

#[cfg(feature = "ssr")]
fn written<T: Serialize + 'static>(value: &(dyn Any + Send + Sync)) -> Written {
    let value = value.downcast_ref::<T>().ok_or_else(|| serde_json::Error::custom("a body was sealed as another type"))?;
    serde_json::value::to_raw_value(value)
}

impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            #[cfg(feature = "ssr")]
            (Self::Made { value: one, .. }, Self::Made { value: other, .. }) => Arc::ptr_eq(one, other),
            (Self::Text(one), Self::Text(other)) => one.get() == other.get(),
            #[cfg(feature = "ssr")]
            _ => false,
        }
    }
}

impl Serialize for Body {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            #[cfg(feature = "ssr")]
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
    fn another_build_s_words_are_an_error_and_no_panic() {
        let there: Sealed = serde_json::from_str(&serde_json::to_string(&sealed()).unwrap()).unwrap();
        assert!(there.open::<Vec<u64>>().is_err());
        assert!(sealed().open::<Vec<u64>>().is_err());
    }
}
