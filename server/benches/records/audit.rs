//! An audit of a million acts, as years of rollouts would leave it.
//!
//! Written by SQL in one transaction, because through the server each act is one of its own and would take minutes. The hashes
//! are reckoned here from the format and not by the store's function: `signalbox audit verify`, which is measured on this, must
//! come to the same.

use std::path::Path;

use anyhow::Result;
use sha2::{Digest, Sha256};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};

use crate::record::FROM;
use crate::{open, said};

const ROWS: i64 = 1_000_000;
/// Between two acts, in microseconds: a million of them in three years.
const BETWEEN: i64 = 95_000_000;

pub(crate) async fn audit(dir: &Path) -> Result<()> {
    // makes the tables
    let store = open(dir).await?;
    store.close().await;
    let options = SqliteConnectOptions::new().filename(store.path());
    let mut connection = SqliteConnection::connect_with(&options).await?;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await?;
    let mut before = vec![0; 32];
    for id in 1..=ROWS {
        let at = FROM * 1_000_000 + id * BETWEEN;
        let texts = texts(id);
        before = hash(&before, id, at, &texts);
        let [actor, act, subject, detail] = texts;
        sqlx::query("INSERT INTO audit (id, at, actor, act, subject, detail, hash) VALUES (?, ?, ?, ?, ?, ?, ?)")
            .bind(id)
            .bind(at)
            .bind(actor)
            .bind(act)
            .bind(subject)
            .bind(detail)
            .bind(before.clone())
            .execute(&mut connection)
            .await?;
    }
    sqlx::query("UPDATE audit_head SET rows = ?, hash = ?").bind(ROWS).bind(before).execute(&mut connection).await?;
    sqlx::query("COMMIT").execute(&mut connection).await?;
    connection.close().await?;
    said::count("audit: rows", ROWS.unsigned_abs());
    said::sizes("audit", store.path()).await
}

/// Actor, act, subject and detail, as long as those of a rollout: begun and ended effects, now and then a person.
fn texts(id: i64) -> [String; 4] {
    let subject = format!("rollout {}, quest-engine-nats-{:04}, effect {}", id / 60, id % 1_000, id % 60);
    let revision = format!("arn:aws:ecs:us-east-1:111122223333:task-definition/quest-engine-nats-{:04}:{}", id % 1_000, id % 40);
    match id % 20 {
        0 => ["maria (session)", "started a rollout", &format!("rollout {}", id / 60), ""].map(str::to_owned),
        odd if odd % 2 == 1 => ["signalbox", "began an effect", &subject, "RegisterTaskDefinition"].map(str::to_owned),
        _ => ["signalbox", "an effect ended", &subject, &format!("RegisterTaskDefinition was done: {revision}")].map(str::to_owned),
    }
}

/// The hash before, number and time (8 bytes each, little end first), then each text after its length.
fn hash(before: &[u8], id: i64, at: i64, texts: &[String; 4]) -> Vec<u8> {
    let mut hasher = Sha256::new();
    hasher.update(before);
    hasher.update(id.to_le_bytes());
    hasher.update(at.to_le_bytes());
    for text in texts {
        hasher.update((text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    let hash: [u8; 32] = hasher.finalize().into();
    hash.to_vec()
}
