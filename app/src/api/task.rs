//! One task.

use domain::service::ServiceKey;
use domain::view::TaskPage;
use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::answer::Answer;
use crate::error::AppError;

/// What a task is, and what it says now.
#[server(endpoint = "task", input = Json)]
pub(crate) async fn task(key: ServiceKey, id: String) -> Result<Answer<TaskPage>, AppError> {
    let viewer = crate::access::viewer().await?;
    let page = viewer.observe.task(key, id).await.map_err(AppError::failed)?;
    Ok(viewer.answer(page.revision, page))
}
