//! One service.

use domain::service::ServiceKey;
use domain::view::ServiceDetail;
use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::answer::Answer;
use crate::error::AppError;

/// Everything known of one service, and what is kept of what was.
#[server(endpoint = "service", input = Json)]
pub(crate) async fn service(key: ServiceKey) -> Result<Answer<ServiceDetail>, AppError> {
    let viewer = crate::access::viewer().await?;
    let detail = viewer.observe.service(key).await.map_err(AppError::failed)?;
    Ok(viewer.answer(detail.revision, detail))
}
