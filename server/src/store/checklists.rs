//! Checklists as they were last imported.
//!
//! An import puts the new list in place of the old one in one transaction; what changed was shown before. The trap is an import
//! that changes nothing and looks like an act: the same list once more writes no row, moves no page and does not make old
//! ticks young. To stand for them again is an act of its own ([`Store::checklist_confirm`]).

use std::collections::BTreeMap;

use domain::Timestamp;
use domain::live::Topic;
use domain::readiness::checklist::{ListItem, Section};
use domain::readiness::{Checklist, KeptChecklist, Weight};
use sqlx::{Sqlite, SqliteConnection, Transaction};

use super::audit::Signed;
use super::record::Written;
use super::{Store, StoreError, advance};

/// What came of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Importing {
    /// It is kept.
    Done {
        /// The list's number.
        id: i64,
        /// For the hint.
        written: Written,
    },
    /// It is the same as before: nothing was written.
    Same {
        /// The list's number.
        id: i64,
    },
}

impl Store {
    /// Keeps a checklist in place of the one of that name in that environment.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read; nothing is changed then.
    pub async fn checklist_keep(&self, environment: &str, name: &str, list: &Checklist, by: &Signed) -> Result<Importing, StoreError> {
        let at = by.at.as_micros();
        let mut tx = self.write().await?;
        let known = sqlx::query_scalar!(
            r#"SELECT id AS "id!" FROM checklist WHERE environment = ? AND name = ? AND removed_at IS NULL"#,
            environment,
            name,
        )
        .fetch_optional(&mut *tx)
        .await?;
        let id = match known {
            Some(id) if content(&mut tx, id).await? == *list => return Ok(Importing::Same { id }),
            Some(id) => {
                sqlx::query!("UPDATE checklist SET attested_at = ?, attested_by = ? WHERE id = ?", at, by.actor, id)
                    .execute(&mut *tx)
                    .await?;
                sqlx::query!("DELETE FROM checklist_item WHERE checklist = ?", id).execute(&mut *tx).await?;
                sqlx::query!("DELETE FROM checklist_section WHERE checklist = ?", id).execute(&mut *tx).await?;
                id
            }
            None => {
                sqlx::query_scalar!(
                    r#"INSERT INTO checklist (environment, name, made_at, attested_at, attested_by) VALUES (?, ?, ?, ?, ?) RETURNING id AS "id!""#,
                    environment,
                    name,
                    at,
                    at,
                    by.actor,
                )
                .fetch_one(&mut *tx)
                .await?
            }
        };
        insert(&mut tx, id, list).await?;
        let (all, ticked) = list.ticked();
        by.row(&mut tx, "imported a checklist", name, &format!("{ticked} of {all} items ticked, for {environment}")).await?;
        let revision = advance(&mut tx).await?;
        tx.commit().await?;
        Ok(Importing::Done { id, written: Written { revision, topics: [Topic::Readiness].into() } })
    }

    /// Writes that somebody stands for a list's ticks anew. Nothing where there is no such list.
    ///
    /// # Errors
    /// When a statement fails; nothing is changed then.
    pub async fn checklist_confirm(&self, id: i64, by: &Signed) -> Result<Option<Written>, StoreError> {
        let at = by.at.as_micros();
        let mut tx = self.write().await?;
        let name = sqlx::query_scalar!(
            r#"UPDATE checklist SET attested_at = ?, attested_by = ? WHERE id = ? AND removed_at IS NULL RETURNING name AS "name!""#,
            at,
            by.actor,
            id,
        )
        .fetch_optional(&mut *tx)
        .await?;
        done(tx, by, "confirmed a checklist", name).await
    }

    /// Takes a list out of the score. Its rows stay. Nothing where there is no such list.
    ///
    /// # Errors
    /// When a statement fails; nothing is changed then.
    pub async fn checklist_remove(&self, id: i64, by: &Signed) -> Result<Option<Written>, StoreError> {
        let at = by.at.as_micros();
        let mut tx = self.write().await?;
        let name = sqlx::query_scalar!(
            r#"UPDATE checklist SET removed_at = ?, removed_by = ? WHERE id = ? AND removed_at IS NULL RETURNING name AS "name!""#,
            at,
            by.actor,
            id,
        )
        .fetch_optional(&mut *tx)
        .await?;
        done(tx, by, "removed a checklist", name).await
    }

    /// Every checklist that counts, by environment and name.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn checklists(&self) -> Result<Vec<KeptChecklist>, StoreError> {
        let mut snapshot = self.read().await?;
        let rows = sqlx::query!(
            r#"SELECT id AS "id!", environment, name, attested_at, attested_by FROM checklist
               WHERE removed_at IS NULL ORDER BY environment, name"#
        )
        .fetch_all(&mut *snapshot)
        .await?;
        let mut all = Vec::with_capacity(rows.len());
        for row in rows {
            all.push(KeptChecklist {
                id: row.id,
                environment: row.environment,
                name: row.name,
                attested: Timestamp::from_micros(row.attested_at),
                by: row.attested_by,
                checklist: content(&mut snapshot, row.id).await?,
            });
        }
        Ok(all)
    }
}

/// Ends a transaction that told a list of this name something, with its row of the audit. Nothing where no list was told.
async fn done(
    mut tx: Transaction<'static, Sqlite>,
    by: &Signed,
    act: &'static str,
    name: Option<String>,
) -> Result<Option<Written>, StoreError> {
    let Some(name) = name else { return Ok(None) };
    by.row(&mut tx, act, &name, "").await?;
    let revision = advance(&mut tx).await?;
    tx.commit().await?;
    Ok(Some(Written { revision, topics: [Topic::Readiness].into() }))
}

async fn insert(connection: &mut SqliteConnection, id: i64, list: &Checklist) -> Result<(), StoreError> {
    let mut item_place = 0_i64;
    for (place, section) in (0_i64..).zip(&list.sections) {
        let level = i64::from(section.level);
        sqlx::query!(
            "INSERT INTO checklist_section (checklist, place, level, title, prose) VALUES (?, ?, ?, ?, ?)",
            id,
            place,
            level,
            section.title,
            section.prose,
        )
        .execute(&mut *connection)
        .await?;
        for item in &section.items {
            let (depth, priority) = (i64::from(item.depth), item.priority.map(Weight::as_str));
            sqlx::query!(
                "INSERT INTO checklist_item (checklist, place, section, item, depth, text, notes, done, priority)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                id,
                item_place,
                place,
                item.id,
                depth,
                item.text,
                item.notes,
                item.done,
                priority,
            )
            .execute(&mut *connection)
            .await?;
            item_place += 1;
        }
    }
    Ok(())
}

/// What a list says.
async fn content(connection: &mut SqliteConnection, id: i64) -> Result<Checklist, StoreError> {
    let sections = sqlx::query!("SELECT level, title, prose FROM checklist_section WHERE checklist = ? ORDER BY place", id)
        .fetch_all(&mut *connection)
        .await?;
    let rows = sqlx::query!(
        r#"SELECT section, item, depth, text, notes, done AS "done: bool", priority FROM checklist_item WHERE checklist = ? ORDER BY place"#,
        id,
    )
    .fetch_all(connection)
    .await?;
    let mut items: BTreeMap<i64, Vec<ListItem>> = BTreeMap::new();
    for row in rows {
        let item = ListItem {
            id: row.item,
            depth: u8::try_from(row.depth).unwrap_or(u8::MAX),
            text: row.text,
            notes: row.notes,
            done: row.done,
            priority: row.priority.as_deref().map(weight).transpose()?,
        };
        items.entry(row.section).or_default().push(item);
    }
    let sections = (0_i64..).zip(sections).map(|(place, row)| Section {
        level: u8::try_from(row.level).unwrap_or(0),
        title: row.title,
        prose: row.prose,
        items: items.remove(&place).unwrap_or_default(),
    });
    Ok(Checklist { sections: sections.collect() })
}

/// A priority as a row holds it.
fn weight(word: &str) -> Result<Weight, StoreError> {
    let all = [Weight::Critical, Weight::High, Weight::Medium, Weight::Low];
    let found = all.into_iter().find(|weight| weight.as_str() == word);
    found.ok_or_else(|| StoreError::Word { what: "a priority", word: word.to_owned() })
}
