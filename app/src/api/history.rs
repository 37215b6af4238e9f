//! One service over time.

use domain::series::Reach;
use domain::service::ServiceKey;
use domain::view::HistoryPanel;
use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::answer::Answer;
use crate::error::AppError;

/// Its plots over the last hour, day, week or month.
#[server(endpoint = "history", input = Json)]
pub(crate) async fn history(key: ServiceKey, reach: Reach) -> Result<Answer<HistoryPanel>, AppError> {
    let viewer = crate::access::viewer().await?;
    let panel = viewer.observe.history_panel(key, reach).await.map_err(AppError::failed)?;
    Ok(viewer.answer(panel.revision, panel))
}
