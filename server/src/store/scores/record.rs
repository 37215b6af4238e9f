//! Recording an assessment: what differs from the rows that are open ends them and begins others.
//!
//! Separate from the asking because here the size of the fleet counts: of ten thousand services 420,000 states are compared, so
//! the open rows are read one by one and only those that differ are held, and they are compared before the transaction that
//! writes is begun, so that nobody waits for it where nothing differs. That is safe because one judge alone writes these
//! rows. The trap is a number that always moves: confidence fades with the age of the evidence, so a row is begun when its
//! *word* changes and not its permille.

use std::collections::{BTreeMap, HashMap};

use domain::live::Topic;
use domain::readiness::{Judged, Readiness, Score, State, Subject};
use futures::TryStreamExt;
use sqlx::SqliteConnection;

use super::ScoreOf;
use crate::store::record::Written;
use crate::store::{Store, StoreError, advance, json};

/// What is compared of a score, and written.
struct Line {
    values: [Option<i64>; 3],
    confidence: i64,
    trust: &'static str,
    letter: Option<&'static str>,
    caps: String,
}

/// Rows that end, by number, and what begins.
struct Moved<T> {
    ended: Vec<i64>,
    begun: Vec<T>,
}

/// A check that stands otherwise.
struct Stands<'a> {
    of: &'a Subject,
    check: &'a str,
    state: State,
}

/// What every row of one recording says.
#[derive(Clone, Copy)]
struct Recording<'a> {
    model: i64,
    card: &'a str,
    at: i64,
}

impl Store {
    /// Records an assessment made with the card of that digest. Nothing where everything stands as it stood.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read; nothing is changed then.
    pub async fn score_record(&self, readiness: &Readiness, card: &str) -> Result<Option<Written>, StoreError> {
        let of = Recording { model: i64::from(readiness.model), card, at: readiness.at.as_micros() };
        let (scores, states) = {
            let mut snapshot = self.read().await?;
            (moved_scores(&mut snapshot, readiness, of).await?, moved_states(&mut snapshot, readiness).await?)
        };
        if scores.is_empty() && states.is_empty() {
            return Ok(None);
        }
        let mut tx = self.write().await?;
        write_scores(&mut tx, scores, of).await?;
        write_states(&mut tx, states, of).await?;
        let revision = advance(&mut tx).await?;
        tx.commit().await?;
        Ok(Some(Written { revision, topics: [Topic::Readiness].into() }))
    }
}

impl<T> Moved<T> {
    fn is_empty(&self) -> bool {
        self.ended.is_empty() && self.begun.is_empty()
    }
}

async fn moved_scores(
    connection: &mut SqliteConnection,
    readiness: &Readiness,
    Recording { model, card, .. }: Recording<'_>,
) -> Result<Moved<(ScoreOf, Line)>, StoreError> {
    let mut wanted: BTreeMap<ScoreOf, Line> = BTreeMap::new();
    let caps = readiness.caps.iter().map(|cap| (cap.check.as_str(), cap.at)).collect();
    wanted.insert(ScoreOf::default(), line(&readiness.fleet, caps)?);
    for judged in all(readiness) {
        let caps = judged.caps().into_iter().filter_map(|check| Some((&*check.check, check.cap?))).collect();
        wanted.insert(ScoreOf::from(&judged.asked.subject), line(&judged.score, caps)?);
    }
    let mut open = sqlx::query!(
        r#"SELECT id AS "id!", environment, cluster, service, model, card, score, upper, unwaived, trust, letter, caps FROM score_row
           WHERE valid_to IS NULL"#
    )
    .fetch(connection);
    let mut ended = Vec::new();
    while let Some(row) = open.try_next().await? {
        let of = ScoreOf { environment: row.environment, cluster: row.cluster, service: row.service };
        let same = wanted.get(&of).is_some_and(|line| {
            let values = [row.score, row.upper, row.unwaived];
            (row.model, row.card.as_str()) == (model, card)
                && (values, row.trust.as_str(), row.letter.as_deref()) == (line.values, line.trust, line.letter)
                && row.caps == line.caps
        });
        if same {
            wanted.remove(&of);
        } else {
            ended.push(row.id);
        }
    }
    Ok(Moved { ended, begun: wanted.into_iter().collect() })
}

async fn write_scores(connection: &mut SqliteConnection, moved: Moved<(ScoreOf, Line)>, of: Recording<'_>) -> Result<(), StoreError> {
    let Recording { model, card, at } = of;
    for id in moved.ended {
        sqlx::query!("UPDATE score_row SET valid_to = ? WHERE id = ?", at, id).execute(&mut *connection).await?;
    }
    for (of, Line { values: [score, upper, unwaived], confidence, trust, letter, caps }) in moved.begun {
        sqlx::query!(
            "INSERT INTO score_row
                 (environment, cluster, service, model, card, score, upper, unwaived, confidence, trust, letter, caps, valid_from)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            of.environment,
            of.cluster,
            of.service,
            model,
            card,
            score,
            upper,
            unwaived,
            confidence,
            trust,
            letter,
            caps,
            at,
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

async fn moved_states<'a>(connection: &mut SqliteConnection, readiness: &'a Readiness) -> Result<Moved<Stands<'a>>, StoreError> {
    let judged: Vec<&'a Judged> = all(readiness).collect();
    let key = |judged: &'a Judged| {
        let subject = &judged.asked.subject;
        let (cluster, service) = subject.service().map_or(("", ""), |key| (&key.cluster, &key.service));
        (subject.environment(), cluster, service)
    };
    let places: HashMap<(&str, &str, &str), usize> = judged.iter().enumerate().map(|(place, judged)| (key(judged), place)).collect();
    // of each check, whether a row says already how it stands
    let mut said: Vec<Vec<bool>> = judged.iter().map(|judged| vec![false; judged.checks.len()]).collect();
    let mut open =
        sqlx::query!(r#"SELECT id AS "id!", environment, cluster, service, check_id, state FROM check_state WHERE valid_to IS NULL"#)
            .fetch(connection);
    let mut ended = Vec::new();
    while let Some(row) = open.try_next().await? {
        let place = places.get(&(row.environment.as_str(), row.cluster.as_str(), row.service.as_str())).copied();
        let of = place.and_then(|place| judged.get(place).zip(said.get_mut(place)));
        let said = of.and_then(|(judged, said)| {
            let mut checks = judged.checks.iter().zip(said);
            checks.find_map(|(check, said)| (*check.check == *row.check_id && check.state.as_str() == row.state).then_some(said))
        });
        match said {
            Some(said) => *said = true,
            None => ended.push(row.id),
        }
    }
    let mut begun = Vec::new();
    for (judged, said) in judged.into_iter().zip(said) {
        let of = &judged.asked.subject;
        let fresh = judged.checks.iter().zip(said).filter(|(_, said)| !said);
        begun.extend(fresh.map(|(check, _)| Stands { of, check: &check.check, state: check.state }));
    }
    Ok(Moved { ended, begun })
}

async fn write_states(connection: &mut SqliteConnection, moved: Moved<Stands<'_>>, of: Recording<'_>) -> Result<(), StoreError> {
    let Recording { model, card, at } = of;
    for id in moved.ended {
        sqlx::query!("UPDATE check_state SET valid_to = ? WHERE id = ?", at, id).execute(&mut *connection).await?;
    }
    for Stands { of, check, state } in moved.begun {
        let (ScoreOf { environment, cluster, service }, state) = (ScoreOf::from(of), state.as_str());
        sqlx::query!(
            "INSERT INTO check_state (environment, cluster, service, check_id, state, model, card, valid_from) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            environment,
            cluster,
            service,
            check,
            state,
            model,
            card,
            at,
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

fn all(readiness: &Readiness) -> impl Iterator<Item = &Judged> {
    readiness.environments.iter().chain(&readiness.services)
}

fn line(score: &Score, caps: Vec<(&str, u8)>) -> Result<Line, StoreError> {
    Ok(Line {
        values: [score.score, score.upper, score.unwaived].map(|value| value.map(i64::from)),
        confidence: i64::from(score.confidence),
        trust: score.trust().as_str(),
        letter: score.letter.map(|letter| letter.as_str()),
        caps: json("list of caps", &caps)?,
    })
}
