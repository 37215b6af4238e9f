//! The rows of the list of services. They are read all at once and kept; pages of them are cut in memory (decision 0134).

use domain::Timestamp;
use domain::service::{ServiceKey, revision_name};
use domain::view::{ServicePage, ServiceQuery, ServiceRow};
use sqlx::SqliteConnection;

use super::{Store, StoreError, parse, small};

/// The columns every list selects.
pub(super) struct ServiceColumns {
    pub(super) key: ServiceKey,
    pub(super) grouping: Option<String>,
    pub(super) standing: String,
    pub(super) since: i64,
    pub(super) moving: i64,
    pub(super) reasons: String,
    pub(super) desired: i64,
    pub(super) running: i64,
    pub(super) pending: i64,
    pub(super) unhealthy: i64,
    pub(super) revision: Option<String>,
    pub(super) alarms: i64,
    pub(super) alarms_on: i64,
}

/// A row as pages show it.
pub(super) fn row(columns: ServiceColumns) -> Result<ServiceRow, StoreError> {
    let standing = columns.standing.parse().map_err(|_| StoreError::Word { what: "a service's standing", word: columns.standing })?;
    Ok(ServiceRow {
        key: columns.key,
        group: columns.grouping,
        standing,
        since: Timestamp::from_micros(columns.since),
        moving: columns.moving != 0,
        reasons: parse("service", &columns.reasons)?,
        desired: small(columns.desired),
        running: small(columns.running),
        pending: small(columns.pending),
        unhealthy: small(columns.unhealthy),
        revision: columns.revision.as_deref().map(|arn| revision_name(arn).to_owned()),
        alarms: small(columns.alarms),
        alarms_on: small(columns.alarms_on),
    })
}

impl Store {
    /// One page of the list. A service whose source is stale counts as unknown, in the filter as in the row.
    ///
    /// Neither bound of [`ServiceQuery::per`] is asked for here: whoever writes a file takes all rows as one page.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn service_page(&self, query: ServiceQuery, now: Timestamp) -> Result<ServicePage, StoreError> {
        // taken before the two are: everything up to it is in them
        let newest = self.kept.newest();
        let (list, sources) = (self.service_list().await?, self.sources_now().await?);
        let revision = newest.max(list.revision().min(sources.revision));
        Ok(list.page(query, &sources.health, revision, now))
    }
}

/// Every service that is in its cluster, in no order, with its alarms counted. All of them in one query: to count the alarms of
/// each by itself is ten thousand searches.
pub(super) async fn every(connection: &mut SqliteConnection) -> Result<Vec<ServiceRow>, StoreError> {
    let found = sqlx::query!(
        r#"SELECT s.environment AS "environment!: String", s.cluster AS "cluster!: String", s.name AS "name!: String",
                  s.grouping AS "grouping?: String", s.standing AS "standing!: String", s.since AS "since!: i64", s.moving AS "moving!: i64",
                  s.reasons AS "reasons!: String", s.desired AS "desired!: i64", s.running AS "running!: i64", s.pending AS "pending!: i64",
                  s.unhealthy AS "unhealthy!: i64", s.revision AS "revision?: String",
                  COALESCE(a.alarms, 0) AS "alarms!: i64", COALESCE(a.alarms_on, 0) AS "alarms_on!: i64"
           FROM service s
           LEFT JOIN (SELECT environment, cluster, service, count(*) AS alarms, sum(state = 'ALARM') AS alarms_on FROM alarm
                      WHERE service IS NOT NULL GROUP BY environment, cluster, service) a
             ON a.environment = s.environment AND a.cluster = s.cluster AND a.service = s.name
           WHERE s.present = 1"#
    )
    .fetch_all(connection)
    .await?;
    let each = found.into_iter().map(|found| {
        row(ServiceColumns {
            key: ServiceKey { environment: found.environment, cluster: found.cluster, service: found.name },
            grouping: found.grouping,
            standing: found.standing,
            since: found.since,
            moving: found.moving,
            reasons: found.reasons,
            desired: found.desired,
            running: found.running,
            pending: found.pending,
            unhealthy: found.unhealthy,
            revision: found.revision,
            alarms: found.alarms,
            alarms_on: found.alarms_on,
        })
    });
    each.collect()
}
