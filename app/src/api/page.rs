//! Pages that the server makes whole.

use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::answer::Answer;
use crate::error::AppError;
use crate::made::{Made, Pairs};

/// The page at `path`, as HTML. Questions carry the pairs of the URL as they are: the server alone reads them, so that one
/// reading serves pages and API, and the browser's half needs none. `since` is the digest of the page that is shown: HTML that is
/// the same is left out of the answer.
#[server(endpoint = "page", input = Json)]
pub(crate) async fn page(path: String, pairs: Pairs, since: Option<u64>) -> Result<Answer<Made>, AppError> {
    crate::made::compose::compose(path, pairs, since).await
}
