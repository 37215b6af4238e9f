//! Which rollout of ours brought the revision that a service is meant to run.
//!
//! Found by the service's index over the steps, so that a long past costs nothing where nothing runs of it any more. The trap is a
//! step that was verified once and taken back since: it is no longer *verified*, and a revision somebody else brought after it is
//! another one.

use domain::Timestamp;
use domain::readiness::Brought;
use sqlx::SqliteConnection;

use super::{FleetFacts, key};
use crate::store::{StoreError, unsigned};

pub(super) async fn gather(connection: &mut SqliteConnection, facts: &mut FleetFacts) -> Result<(), StoreError> {
    let rows = sqlx::query!(
        r#"SELECT s.environment AS "environment!: String", s.cluster AS "cluster!: String", s.service AS "service!: String",
                  r.number AS "number!: i64", r.title AS "title!: String", r.planned_by AS "requester!: String", r.started_by AS "approver: String",
                  json_extract(s.state, '$.stage.at') AS "verified!: String"
           FROM service v JOIN rollout_step s ON s.environment = v.environment AND s.cluster = v.cluster AND s.service = v.name
           JOIN rollout r ON r.id = s.rollout
           WHERE v.present = 1 AND json_extract(s.state, '$.stage.is') = 'verified' AND json_extract(s.state, '$.stage.revision') = v.revision
           ORDER BY r.number"#
    )
    .fetch_all(connection)
    .await?;
    for row in rows {
        // a later one goes before an earlier: it brought the same revision again
        let Ok(verified) = row.verified.parse::<Timestamp>() else { continue };
        let (title, requester, approver) = (row.title, row.requester, row.approver);
        let brought = Brought { rollout: unsigned(row.number), title, verified, requester, approver };
        facts.brought.insert(key(row.environment, row.cluster, row.service), brought);
    }
    Ok(())
}
