//! What stands around every page.

use domain::account::Reader;
use domain::view::{self, SourceBrief};
use leptos::prelude::*;
use leptos::server_fn::codec::Json;
use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::error::AppError;

/// The frame, and the sources line at its foot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Around {
    /// Notice, environments, version.
    pub(crate) frame: view::Frame,
    /// Where every fact on the page comes from; empty when the store cannot be read, which the page itself then says.
    pub(crate) sources: Vec<SourceBrief>,
    /// Who is looking.
    pub(crate) reader: Reader,
}

/// The frame: asked on every page, beside the page's own question.
#[server(endpoint = "frame", input = Json)]
pub(crate) async fn frame() -> Result<Answer<Around>, AppError> {
    let viewer = crate::access::viewer().await?;
    // first: its revision may not be newer than what is read
    let frame = viewer.observe.frame();
    // a page must keep its frame when the store fails: the failure is the page's to tell
    let sources = viewer.observe.source_briefs().await.unwrap_or_default();
    Ok(viewer.answer(frame.revision, Around { frame, sources, reader: viewer.actor.reader() }))
}
