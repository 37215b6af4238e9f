//! Reports: the form by which one is made, answered by the page that lists them.

#[cfg(feature = "ssr")]
use domain::Failure;
#[cfg(feature = "ssr")]
use domain::view::{ReportRow, ReportsQuery};
use leptos::prelude::*;
use leptos::server_fn::codec::PostUrl;

use crate::error::AppError;

/// Makes a report of how everything stands now. Its fields are those of the page's address, so what is refused is not lost.
#[server(endpoint = "report_make", input = PostUrl)]
pub(crate) async fn report_make(
    period: Option<String>,
    from: Option<String>,
    to: Option<String>,
    environment: Option<String>,
    redact: Option<String>,
) -> Result<(), AppError> {
    let operator = crate::access::operator().await?;
    let typed = [("period", period), ("from", from), ("to", to), ("environment", environment), ("redact", redact)];
    let query = ReportsQuery::from_pairs(typed.iter().map(|(name, value)| (*name, value.as_deref().unwrap_or_default())));
    let made = match (query.ignored.as_slice(), query.wish()) {
        ([], Ok(wish)) => operator.reports.make(operator.actor, wish).await,
        ([], Err(fields)) => Err(Failure::Unfit { fields }),
        (strange, _) => Err(Failure::Refused { why: format!("Not understood: {}. Load the page again.", strange.join(", ")) }),
    };
    match made {
        Ok(id) => super::form::answer("/reports", &ReportRow::anchor(&id), Ok(())),
        Err(failure) => super::form::answer(&query.path(), "refused", Err(AppError::Failed(failure))),
    }
    Ok(())
}
