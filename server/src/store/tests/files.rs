//! Files that may not be used, and files an older Signalbox left behind.

use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor, SqliteConnection};

use super::build::*;
use crate::store::{MIGRATOR, Store};

async fn refused(path: &Path) -> String {
    Store::open(path).await.unwrap_err().to_string()
}

async fn raw(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).create_if_missing(true).connect().await.unwrap()
}

#[tokio::test]
async fn each_migration_copes_with_the_data_before_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("old.db");
    let mut connection = raw(&path).await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations/data");
    for migration in MIGRATOR.iter() {
        connection.execute(migration.sql.clone()).await.unwrap();
        let name = format!("{:04}_{}.sql", migration.version, migration.description.replace(' ', "_"));
        let data = std::fs::read_to_string(folder.join(&name)).unwrap_or_else(|error| panic!("migrations/data/{name}: {error}"));
        connection.execute(sqlx::AssertSqlSafe(data)).await.unwrap();
    }
    let broken: Vec<(String,)> = sqlx::query_as("PRAGMA integrity_check").fetch_all(&mut connection).await.unwrap();
    assert_eq!(broken, [("ok".to_owned(),)]);
}

#[tokio::test]
async fn a_store_written_before_is_shown_after() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("old.db");
    Store::open(&path).await.unwrap().close().await;
    let mut connection = raw(&path).await;
    connection.execute(include_str!("../../../../migrations/data/0001_see.sql")).await.unwrap();
    connection.close().await.unwrap();
    let store = Store::open(&path).await.unwrap();
    assert_eq!(store.revision().await.unwrap(), 7);
    let facts = store.overview_facts(at(0)).await.unwrap();
    assert_eq!((facts.services.len(), facts.recent.len()), (1, 1));
    let detail = store
        .service_detail(&domain::service::ServiceKey { service: "auth-nats".into(), ..key("") }, None, true, at(0))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(detail.stopped.len(), 1);
}

#[tokio::test]
async fn a_second_process_is_refused() {
    let fixture = Fixture::new().await;
    let said = refused(fixture.store.path()).await;
    assert!(said.starts_with("Another Signalbox is using the store"), "{said}");
    assert!(fixture.directory.path().exists());
}

#[tokio::test]
async fn a_newer_store_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("newer.db");
    Store::open(&path).await.unwrap().close().await;
    let mut connection = raw(&path).await;
    connection
        .execute(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'later', 1, x'00', 0)",
        )
        .await
        .unwrap();
    connection.close().await.unwrap();
    let said = refused(&path).await;
    assert!(said.contains("written by a newer Signalbox (its version 9999"), "{said}");
}

#[tokio::test]
async fn what_is_no_database_is_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notes.db");
    std::fs::write(&path, "these are my notes, not a database, and long enough to be read as one header".repeat(20)).unwrap();
    let said = refused(&path).await;
    assert!(said.contains("is damaged or no Signalbox store"), "{said}");
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("these are my notes"));
}

#[tokio::test]
async fn a_flipped_byte_is_found_at_start() {
    let fixture = Fixture::new().await;
    fixture.record(ecs(0, cluster())).await;
    let path = fixture.store.path().to_owned();
    fixture.store.close().await;
    drop(fixture.store);
    let mut bytes = std::fs::read(&path).unwrap();
    // the header of the second page: an interior or leaf page type that does not exist
    bytes[4096] = 0x77;
    std::fs::write(&path, bytes).unwrap();
    let said = refused(&path).await;
    assert!(said.contains("is damaged or no Signalbox store"), "{said}");
}

#[tokio::test]
async fn a_missing_directory_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let said = refused(&directory.path().join("nowhere/signalbox.db")).await;
    assert!(said.contains("nowhere/signalbox.db cannot be opened") && said.contains("[store] path"), "{said}");
}
