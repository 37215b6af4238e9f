//! What the score was, and how each check stood: as intervals, written on change only.
//!
//! What is written, and when, is said in `record`; here is what can be asked of it. A row of another model or another card is
//! another row even with the same score, which is where a plotted line breaks.

mod record;

use std::collections::BTreeMap;

use domain::Timestamp;
use domain::readiness::{State, Subject};

use super::{Store, StoreError, parse, unsigned};

/// What a score is of.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScoreOf {
    /// The environment; empty for the fleet.
    pub environment: String,
    /// The cluster; empty for an environment.
    pub cluster: String,
    /// The service; empty for an environment.
    pub service: String,
}

/// What a score was from one instant to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScoreRow {
    /// From when.
    pub from: Timestamp,
    /// Until when; none while it is so.
    pub to: Option<Timestamp>,
    /// The version of the formula.
    pub model: u64,
    /// The digest of the score card.
    pub card: String,
    /// The score; none where the evidence did not suffice.
    pub score: Option<u64>,
    /// At most, if what is unknown turned out well.
    pub upper: Option<u64>,
    /// With every waived check failed.
    pub unwaived: Option<u64>,
    /// The confidence at the beginning, in permille.
    pub confidence: u64,
    /// The letter.
    pub letter: Option<String>,
    /// What held it down: the check and the highest score it allowed.
    pub caps: Vec<(String, u8)>,
}

/// A check that stands otherwise than it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckChange {
    /// Of what.
    pub of: ScoreOf,
    /// The check's id.
    pub check: String,
    /// How it stood; none where it was not asked.
    pub before: Option<State>,
    /// How it stands; none where it is asked no more.
    pub after: Option<State>,
    /// Since when.
    pub at: Timestamp,
}

impl From<&Subject> for ScoreOf {
    fn from(subject: &Subject) -> Self {
        let environment = subject.environment().to_owned();
        let (cluster, service) = subject.service().map_or_else(Default::default, |key| (key.cluster.clone(), key.service.clone()));
        Self { environment, cluster, service }
    }
}

impl Store {
    /// When the first score was recorded; none before that.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn scores_began(&self) -> Result<Option<Timestamp>, StoreError> {
        let mut snapshot = self.read().await?;
        // the fleet's, which every recording has
        let first = sqlx::query_scalar!(
            r#"SELECT valid_from AS "valid_from!: i64" FROM score_row
               WHERE environment = '' AND cluster = '' AND service = '' ORDER BY valid_from LIMIT 1"#
        )
        .fetch_optional(&mut *snapshot)
        .await?;
        Ok(first.map(Timestamp::from_micros))
    }

    /// What the score was between two instants, the oldest first.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn score_rows(&self, of: &ScoreOf, from: Timestamp, to: Timestamp) -> Result<Vec<ScoreRow>, StoreError> {
        let (mut snapshot, from, to) = (self.read().await?, from.as_micros(), to.as_micros());
        let rows = sqlx::query!(
            "SELECT model, card, score, upper, unwaived, confidence, letter, caps, valid_from, valid_to FROM score_row
             WHERE environment = ? AND cluster = ? AND service = ? AND valid_from < ? AND (valid_to IS NULL OR valid_to > ?)
             ORDER BY valid_from, id",
            of.environment,
            of.cluster,
            of.service,
            to,
            from,
        )
        .fetch_all(&mut *snapshot)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(ScoreRow {
                    from: Timestamp::from_micros(row.valid_from),
                    to: row.valid_to.map(Timestamp::from_micros),
                    model: unsigned(row.model),
                    card: row.card,
                    score: row.score.map(unsigned),
                    upper: row.upper.map(unsigned),
                    unwaived: row.unwaived.map(unsigned),
                    confidence: unsigned(row.confidence),
                    letter: row.letter,
                    caps: parse("list of caps", &row.caps)?,
                })
            })
            .collect()
    }

    /// Checks that stand otherwise now than at an instant, by what they are asked of and by id. What changed and changed back is
    /// none.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn checks_changed_since(&self, since: Timestamp) -> Result<Vec<CheckChange>, StoreError> {
        let (mut snapshot, then) = (self.read().await?, since.as_micros());
        let rows = sqlx::query!(
            "SELECT environment, cluster, service, check_id, state, valid_from, valid_to FROM check_state
             WHERE valid_from > ?1 OR valid_to > ?1 ORDER BY valid_from, id",
            then,
        )
        .fetch_all(&mut *snapshot)
        .await?;
        let mut found: BTreeMap<(ScoreOf, String), CheckChange> = BTreeMap::new();
        for row in rows {
            let state = state(&row.state)?;
            let of = ScoreOf { environment: row.environment, cluster: row.cluster, service: row.service };
            let at = Timestamp::from_micros(row.valid_from);
            let change = found.entry((of.clone(), row.check_id.clone())).or_insert(CheckChange {
                of,
                check: row.check_id,
                before: None,
                after: None,
                at,
            });
            if at <= since {
                change.before = Some(state);
            }
            // the newest row says how it stands, unless that has ended too
            change.after = row.valid_to.is_none().then_some(state);
            change.at = row.valid_to.map_or(at, Timestamp::from_micros);
        }
        Ok(found.into_values().filter(|change| change.before != change.after).collect())
    }
}

/// A check's state as a row holds it.
fn state(word: &str) -> Result<State, StoreError> {
    State::from_word(word).ok_or_else(|| StoreError::Word { what: "a check's state", word: word.to_owned() })
}
