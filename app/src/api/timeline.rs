//! The record.

use domain::view::{TimelinePage, TimelineQuery};
use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::answer::Answer;
use crate::error::AppError;

/// A page of the record, searched and filtered by the server, or what happened before one entry.
#[server(endpoint = "timeline", input = Json)]
pub(crate) async fn timeline(query: TimelineQuery) -> Result<Answer<TimelinePage>, AppError> {
    let viewer = crate::access::viewer().await?;
    let page = viewer.observe.timeline(query).await.map_err(AppError::failed)?;
    Ok(viewer.answer(page.revision, page))
}
