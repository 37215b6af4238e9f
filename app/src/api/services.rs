//! The list of services.

use domain::view::{ServicePage, ServiceQuery};
use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::answer::Answer;
use crate::error::AppError;

/// One page of the list, filtered and sorted by the server.
#[server(endpoint = "services", input = Json)]
pub(crate) async fn services(query: ServiceQuery) -> Result<Answer<ServicePage>, AppError> {
    let viewer = crate::access::viewer().await?;
    let page = viewer.observe.services(query).await.map_err(AppError::failed)?;
    Ok(viewer.answer(page.revision, page))
}
