//! The Overview.

use domain::view;
use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::answer::Answer;
use crate::error::AppError;

/// What needs a person, the fleet at a glance, what just happened.
#[server(endpoint = "overview", input = Json)]
pub(crate) async fn overview() -> Result<Answer<view::Overview>, AppError> {
    let viewer = crate::access::viewer().await?;
    let overview = viewer.observe.overview().await.map_err(AppError::failed)?;
    Ok(viewer.answer(overview.revision, view::Overview::clone(&overview)))
}
