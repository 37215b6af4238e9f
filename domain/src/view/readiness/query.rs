//! The question about the services' readiness, as URLs say it. A URL is a saved view.

use super::super::alarms::{page, paging, per, put, url};
use super::super::{Asked, Choice, PER_PAGE, Paging, typed};
use super::words;
use crate::judge::Tone;
use crate::readiness::{Letter, State};
use crate::text;

/// Services by what their score is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Graded {
    /// Those of this letter.
    As(Letter),
    /// Those without a score: too little of it rests on evidence.
    Not,
}

impl Graded {
    /// The letters, the best first, and what has none.
    pub const ALL: [Self; 6] =
        [Self::As(Letter::A), Self::As(Letter::B), Self::As(Letter::C), Self::As(Letter::D), Self::As(Letter::F), Self::Not];

    /// What a letter is filed under.
    pub fn of(letter: Option<Letter>) -> Self {
        letter.map_or(Self::Not, Self::As)
    }

    /// The word in URLs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::As(letter) => letter.as_str(),
            Self::Not => "none",
        }
    }

    /// The letter, where there is one.
    pub const fn letter(self) -> Option<Letter> {
        match self {
            Self::As(letter) => Some(letter),
            Self::Not => None,
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|graded| graded.as_str().eq_ignore_ascii_case(word))
    }
}

/// What the services may be sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReadinessSort {
    /// The lowest score first; before all those that have none.
    #[default]
    Score,
    /// By name.
    Name,
    /// Those first that fail most checks.
    Fails,
    /// Those first of which least is known.
    Unknown,
}

impl ReadinessSort {
    /// Every order.
    pub const ALL: [Self; 4] = [Self::Score, Self::Name, Self::Fails, Self::Unknown];

    /// The word in URLs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Score => "score",
            Self::Name => "name",
            Self::Fails => "fails",
            Self::Unknown => "unknown",
        }
    }
}

/// The question for the services and how ready they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadinessQuery {
    /// Part of the service's name, in any case.
    pub q: String,
    /// Only this environment.
    pub environment: Option<String>,
    /// Only services that have a check in this state; `fail` is both, failing and holding in part.
    pub state: Option<State>,
    /// The check the state is of; without a state, services that do not hold it or of which it is not known.
    pub check: Option<String>,
    /// Only services with this letter.
    pub letter: Option<Graded>,
    /// In which order.
    pub sort: ReadinessSort,
    /// The other way round.
    pub reverse: bool,
    /// Which page, from 1.
    pub page: u32,
    /// Rows on it.
    pub per: u32,
    /// What in the URL was not understood.
    pub ignored: Vec<String>,
}

impl Default for ReadinessQuery {
    fn default() -> Self {
        Self {
            q: String::new(),
            environment: None,
            state: None,
            check: None,
            letter: None,
            sort: ReadinessSort::Score,
            reverse: false,
            page: 1,
            per: PER_PAGE,
            ignored: Vec::new(),
        }
    }
}

impl ReadinessQuery {
    /// The services where a check stands so.
    pub fn of_check(check: &str, state: Option<State>) -> Self {
        Self { check: Some(check.to_owned()), state, ..Self::default() }
    }

    /// From the pairs of a URL's query; what is not understood is left at its default and named.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut query = Self::default();
        let ignored = typed::ignored(pairs, |name, value| match name {
            "q" => put(&mut query.q, Some(value.to_owned())),
            "environment" => put(&mut query.environment, Some(Some(value.to_owned()))),
            "state" => put(&mut query.state, State::from_word(value).map(Some)),
            "check" => put(&mut query.check, Some(Some(value.to_owned()))),
            "letter" => put(&mut query.letter, Graded::from_word(value).map(Some)),
            "sort" => put(&mut query.sort, ReadinessSort::ALL.into_iter().find(|sort| sort.as_str() == value)),
            "reverse" => put(&mut query.reverse, value.parse().ok()),
            "page" => put(&mut query.page, page(value)),
            "per" => put(&mut query.per, per(value)),
            _ => false,
        });
        Self { ignored, ..query }
    }

    /// The parts of the URL that are not at their default.
    fn pairs(&self) -> Vec<(&'static str, String)> {
        let default = Self::default();
        let mut pairs = Vec::new();
        let mut push = |name, value: Option<String>| pairs.extend(value.map(|value| (name, value)));
        push("q", (!self.q.is_empty()).then(|| self.q.clone()));
        push("environment", self.environment.clone());
        push("state", self.state.map(|state| state.as_str().to_owned()));
        push("check", self.check.clone());
        push("letter", self.letter.map(|letter| letter.as_str().to_owned()));
        push("sort", (self.sort != default.sort).then(|| self.sort.as_str().to_owned()));
        push("reverse", self.reverse.then(|| "true".to_owned()));
        push("page", (self.page != default.page).then(|| self.page.to_string()));
        push("per", (self.per != default.per).then(|| self.per.to_string()));
        pairs
    }

    /// The URL of this view; what stands at its default is left out.
    pub fn path(&self) -> String {
        url("/readiness", &self.pairs())
    }

    /// The same at the table, which stands below much else.
    pub fn list_path(&self) -> String {
        format!("{}#services", self.path())
    }

    /// The same list, on all its pages, as CSV.
    pub fn csv_path(&self) -> String {
        url("/api/v1/readiness.csv", &Self { page: 1, per: PER_PAGE, ..self.clone() }.pairs())
    }

    /// What the form shows and what it must not forget.
    pub fn asked(&self) -> Asked {
        let kept = Self { q: String::new(), page: 1, ..self.clone() }.pairs();
        let kept = kept.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Asked { q: self.q.clone(), kept, ignored: self.ignored.clone() }
    }

    /// The filters: how many services have a check in each of these states, and the environments where there are several.
    pub fn choices(&self, states: &[(State, u64)], environments: &[(&str, u64)], total: u64) -> Vec<Choice> {
        let to = |state| Self { state, check: None, letter: None, page: 1, ..self.clone() };
        let plain = self.check.is_none() && self.letter.is_none();
        let choice = |label: String, to: Self, tone| Choice { label, chosen: plain && to.state == self.state, path: to.list_path(), tone };
        let mut choices = vec![choice(format!("all {total}"), to(None), None)];
        for (state, count) in states {
            let words = match state {
                State::Fail => "fail a check",
                State::Unknown => "not fully known",
                State::Waived => "with a waiver",
                other => other.title(),
            };
            choices.push(choice(format!("{count} {words}"), to(Some(*state)), Some(words::state_tone(*state))));
        }
        choices.extend(self.narrowed());
        if environments.len() > 1 || self.environment.is_some() {
            choices.extend(environments.iter().map(|(name, count)| self.only(name, *count)));
        }
        choices
    }

    /// What is chosen by a link from elsewhere, with the way out of it.
    fn narrowed(&self) -> Vec<Choice> {
        let chosen = |label: String, path: String, tone: Option<Tone>| Choice { label, path, chosen: true, tone };
        let mut choices = Vec::new();
        if let Some(check) = &self.check {
            let stands = words::stands(self.state);
            let all = Self { check: None, state: None, page: 1, ..self.clone() };
            choices.push(chosen(format!("only where {} {stands} ×", text::shown(check)), all.list_path(), None));
        }
        if let Some(graded) = self.letter {
            let words = graded.letter().map_or_else(|| "without a score".to_owned(), |letter| format!("with letter {letter}"));
            let all = Self { letter: None, page: 1, ..self.clone() };
            choices.push(chosen(format!("only {words} ×"), all.list_path(), Some(words::letter_tone(graded.letter()))));
        }
        choices
    }

    /// One environment, or out of it where it is chosen.
    fn only(&self, name: &str, count: u64) -> Choice {
        let chosen = self.environment.as_deref() == Some(name);
        let to = Self { environment: (!chosen).then(|| name.to_owned()), page: 1, ..self.clone() };
        let label = if chosen { format!("only {} ×", text::shown(name)) } else { format!("{count} in {}", text::shown(name)) };
        Choice { label, path: to.list_path(), chosen, tone: None }
    }

    /// The orders; the one that holds turns round.
    pub fn orders(&self) -> Vec<Choice> {
        let order = |sort: ReadinessSort| {
            let chosen = sort == self.sort;
            let to = Self { sort, reverse: chosen && !self.reverse, page: 1, ..self.clone() };
            let arrow = match (chosen, self.reverse) {
                (false, _) => "",
                (true, false) => " ↓",
                (true, true) => " ↑",
            };
            Choice { label: format!("{}{arrow}", sort.as_str()), path: to.list_path(), chosen, tone: None }
        };
        ReadinessSort::ALL.map(order).into()
    }

    /// Where this page is.
    pub fn paging(&self, matching: u64, total: u64) -> Paging {
        paging(self.page, self.per, matching, total, |page| Self { page, ..self.clone() }.list_path())
    }
}
