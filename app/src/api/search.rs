//! What the command palette finds.

use domain::view::ServiceRow;
use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::answer::Answer;
use crate::error::AppError;

/// Services whose name holds this, by name; none for nothing.
#[server(endpoint = "search", input = Json)]
pub(crate) async fn search(typed: String) -> Result<Answer<Vec<ServiceRow>>, AppError> {
    use domain::view::{ServiceQuery, ServiceSort};

    /// Most services the palette offers.
    const MOST: u32 = 12;
    let viewer = crate::access::viewer().await?;
    let q = typed.trim().to_owned();
    let query = ServiceQuery { q, sort: ServiceSort::Name, per: MOST, ..ServiceQuery::default() };
    let page = viewer.observe.services(query).await.map_err(AppError::failed)?;
    Ok(viewer.answer(page.revision, page.rows))
}
