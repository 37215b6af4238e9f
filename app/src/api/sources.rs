//! The collectors' own health.

use domain::view::SourcesView;
use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::answer::Answer;
use crate::error::AppError;

/// How every source is, and when one could not be read.
#[server(endpoint = "sources", input = Json)]
pub(crate) async fn sources() -> Result<Answer<SourcesView>, AppError> {
    let viewer = crate::access::viewer().await?;
    let sources = viewer.observe.sources().await.map_err(AppError::failed)?;
    Ok(viewer.answer(sources.revision, sources))
}
