//! NATS: what is wrong, the nodes, whose the connections are. A sheet; its URL is the whole of its state.

use domain::view::NatsQuery;

use crate::made::compose::{Answered, Page, Wanted};
use crate::parts::sheet::sheet;

/// The page.
pub(crate) async fn page(wanted: &Wanted<'_>) -> Answered {
    let (query, ignored) = NatsQuery::from_pairs(wanted.pairs());
    let view = wanted.viewer.observe.nats(query).await?;
    let made = view.sheet(&ignored, wanted.viewer.observe.frame().now);
    Ok(Page::new(view.revision, made.title.clone(), move || sheet(&made)))
}
