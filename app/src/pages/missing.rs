//! The missing alarms, written out to be copied or saved.

use domain::view::{MissingAlarms, MissingQuery};
use leptos::prelude::*;

use super::alarms::halves;
use crate::made::compose::{Answered, Page, Wanted};
use crate::parts::choices::choices;

/// The page.
pub(crate) async fn page(wanted: &Wanted<'_>) -> Answered {
    let missing = wanted.viewer.observe.missing_alarms(MissingQuery::from_pairs(wanted.pairs())).await?;
    Ok(Page::new(missing.revision, missing.headline.clone(), move || body(&missing)))
}

fn body(page: &MissingAlarms) -> AnyView {
    let save = format!("Save as {}", page.file_name);
    view! {
        <div class="headline"><h1><bdi>{page.headline.clone()}</bdi></h1></div>
        {halves(true)}
        <p class="dim">"Signalbox makes no alarm itself. Read this, then run it where you may."</p>
        {choices("Written as", &page.forms)}
        <p><a class="btn" href=page.download.clone() download=page.file_name.clone() rel="external">{save}</a></p>
        <section class="panel" aria-label="The missing alarms"><pre class="script" tabindex="0"><code>{page.text.clone()}</code></pre></section>
    }
    .into_any()
}
