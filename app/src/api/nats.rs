//! NATS, as sheets: what is formatted on the server costs the bundle nothing.

use domain::service::ServiceKey;
use domain::view::Sheet;
#[cfg(feature = "ssr")]
use domain::view::SheetPanel;
use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::answer::Answer;
use crate::error::AppError;

/// The NATS page, filtered as the pairs of its URL say.
#[server(endpoint = "nats", input = Json)]
pub(crate) async fn nats(pairs: Vec<(String, String)>) -> Result<Answer<Sheet>, AppError> {
    let viewer = crate::access::viewer().await?;
    let (query, ignored) = domain::view::NatsQuery::from_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let view = viewer.observe.nats(query).await.map_err(AppError::failed)?;
    let now = viewer.observe.frame().now;
    Ok(viewer.answer(view.revision, view.sheet(&ignored, now)))
}

/// The NATS connections of one service: a sheet of one panel.
#[server(endpoint = "service_nats", input = Json)]
pub(crate) async fn service_nats(key: ServiceKey) -> Result<Answer<Sheet>, AppError> {
    let viewer = crate::access::viewer().await?;
    let revision = viewer.observe.frame().revision;
    // a part of a page: what failed is said in its place, and what was never there (nor the service) has no panel
    let panels = match viewer.observe.service_nats(key).await {
        Ok(none) if none.tasks == 0 && none.connections.is_empty() => Vec::new(),
        Ok(connections) => vec![connections.panel()],
        Err(failure) => vec![SheetPanel {
            id: "connections".to_owned(),
            title: "NATS connections".to_owned(),
            empty: failure.to_string(),
            ..SheetPanel::default()
        }],
    };
    Ok(viewer.answer(revision, Sheet { panels, ..Sheet::default() }))
}
