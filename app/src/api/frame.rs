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
    // a page must keep its frame when the store fails: the failure is the page's to tell
    let sources = viewer.observe.overview().await.map(|overview| overview.sources.clone()).unwrap_or_default();
    let frame = viewer.observe.frame();
    Ok(viewer.answer(frame.revision, Around { frame, sources, reader: viewer.actor.reader() }))
}
