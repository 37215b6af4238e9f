//! The list of services.

#[cfg(feature = "ssr")]
use std::collections::HashMap;

use domain::view::{ServicePage, ServiceQuery, ServiceRow};
use leptos::prelude::*;
use leptos::server_fn::codec::Json;
use serde::{Deserialize, Serialize};

use crate::answer::Answer;
#[cfg(feature = "ssr")]
use crate::digest;
use crate::error::AppError;

/// One page of the list, and what tells its rows from any others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Listed {
    /// The page.
    pub(crate) page: ServicePage,
    /// The digest of each of its rows.
    pub(crate) digests: Vec<u64>,
}

/// One page of the list without the rows that are shown already, wherever on the page they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ServiceUpdate {
    /// The page with the other rows only.
    listed: Listed,
    /// Its rows in order, as places among what is shown and, counted on behind those, among the other rows.
    places: Vec<usize>,
}

impl ServiceUpdate {
    /// What is to be sent of `page` to who shows the rows with these digests.
    #[cfg(feature = "ssr")]
    fn new(mut page: ServicePage, since: &[u64]) -> Self {
        let shown: HashMap<u64, usize> = since.iter().copied().zip(0..).collect();
        let (mut places, mut digests, mut rows) = (Vec::new(), Vec::new(), Vec::new());
        for row in std::mem::take(&mut page.rows) {
            let digest = digest::of(&row);
            match shown.get(&digest) {
                Some(place) => places.push(*place),
                None => {
                    places.push(since.len() + rows.len());
                    digests.push(digest);
                    rows.push(row);
                }
            }
        }
        Self { listed: Listed { page: ServicePage { rows, ..page }, digests }, places }
    }

    /// The page with all its rows, where `shown` is what its digests were sent of; nothing where a row is not at hand.
    pub(crate) fn whole(self, shown: Option<&Listed>) -> Option<Listed> {
        let Listed { mut page, digests } = self.listed;
        let sent = std::mem::take(&mut page.rows);
        let shown = shown.into_iter().flat_map(|shown| shown.digests.iter().zip(&shown.page.rows));
        let known: Vec<(&u64, &ServiceRow)> = shown.chain(digests.iter().zip(&sent)).collect();
        let found: Option<Vec<(&u64, &ServiceRow)>> = self.places.iter().map(|place| known.get(*place).copied()).collect();
        let (digests, rows) = found?.into_iter().map(|(digest, row)| (*digest, row.clone())).unzip();
        Some(Listed { page: ServicePage { rows, ..page }, digests })
    }
}

/// One page of the list, filtered and sorted by the server. `since` are the digests of the rows that are shown: those of them
/// that are on the page as they are there are left out of the answer.
#[server(endpoint = "services", input = Json)]
pub(crate) async fn services(query: ServiceQuery, #[server(default)] since: Vec<u64>) -> Result<Answer<ServiceUpdate>, AppError> {
    let viewer = crate::access::viewer().await?;
    let page = viewer.observe.services(query).await.map_err(AppError::failed)?;
    Ok(viewer.answer(page.revision, ServiceUpdate::new(page, &since)))
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use domain::Timestamp;
    use domain::judge::Standing;
    use domain::service::ServiceKey;

    use super::*;

    fn row(name: &str, running: u32) -> ServiceRow {
        ServiceRow {
            key: ServiceKey { environment: "production".into(), cluster: "main".into(), service: name.into() },
            group: None,
            standing: Standing::Up,
            since: Timestamp::from_micros(1_777_723_215_250_001),
            moving: false,
            reasons: Vec::new(),
            desired: 2,
            running,
            pending: 0,
            unhealthy: 0,
            revision: None,
            alarms_on: 0,
            alarms: 3,
        }
    }

    fn page(revision: u64, rows: Vec<ServiceRow>) -> ServicePage {
        ServicePage {
            revision,
            query: ServiceQuery::default(),
            matching: rows.len() as u64,
            total: rows.len() as u64,
            rows,
            standings: vec![(Standing::Up, 1)],
            groups: Vec::new(),
            environments: vec!["production".into()],
            observed: None,
            stale: Vec::new(),
        }
    }

    /// What is sent when somebody who shows that asks, and what they show then.
    fn asked(page: &ServicePage, shown: Option<&Listed>) -> (ServiceUpdate, Option<Listed>) {
        let since = shown.map(|shown| shown.digests.clone()).unwrap_or_default();
        let update = ServiceUpdate::new(page.clone(), &since);
        (update.clone(), update.whole(shown))
    }

    #[test]
    fn rows_that_did_not_change_are_not_sent_and_still_shown() {
        let first = page(1, vec![row("a", 2), row("b", 2), row("c", 2)]);
        let (update, shown) = asked(&first, None);
        assert_eq!((update.listed.page.rows.len(), update.places), (3, vec![0, 1, 2]));
        let shown = shown.unwrap();
        assert_eq!(shown.page, first);

        let quiet = page(2, first.rows);
        let (update, again) = asked(&quiet, Some(&shown));
        assert_eq!((update.listed.page.rows.len(), update.places), (0, vec![0, 1, 2]));
        let again = again.unwrap();
        assert_eq!((&again.page, &again.digests), (&quiet, &shown.digests), "what is no row is always of now");
    }

    #[test]
    fn a_row_that_changed_moved_or_came_is_shown_in_its_place() {
        let shown = asked(&page(1, vec![row("a", 2), row("b", 2), row("c", 2)]), None).1.unwrap();
        let newer = page(2, vec![row("c", 1), row("a", 2), row("d", 2), row("b", 2)]);
        let (update, whole) = asked(&newer, Some(&shown));
        assert_eq!(update.listed.page.rows, [row("c", 1), row("d", 2)]);
        assert_eq!(update.places, [3, 0, 4, 1]);
        let whole = whole.unwrap();
        assert_eq!(whole.page, newer);
        assert_eq!(whole, asked(&newer, None).1.unwrap(), "as if nothing had been shown");
        // one that went back to what it was is sent like any other change
        let back = page(3, vec![row("c", 2), row("a", 2)]);
        assert_eq!(asked(&back, Some(&whole)).1.unwrap().page, back);
        assert!(asked(&page(4, Vec::new()), Some(&whole)).1.unwrap().page.rows.is_empty());
    }

    #[test]
    fn what_is_not_at_hand_is_not_made_up() {
        let first = page(1, vec![row("a", 2), row("b", 2)]);
        let shown = asked(&first, None).1.unwrap();
        let update = asked(&first, Some(&shown)).0;
        assert_eq!(update.clone().whole(None), None);
        let one = Listed { page: page(1, vec![row("a", 2)]), digests: shown.digests[..1].to_vec() };
        assert_eq!(update.whole(Some(&one)), None);
    }
}
