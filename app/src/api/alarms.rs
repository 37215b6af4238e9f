//! Alarms: the forms by which somebody says that they know of one.

#[cfg(feature = "ssr")]
use domain::view::AlarmKey;
use leptos::prelude::*;
use leptos::server_fn::codec::PostUrl;

use crate::error::AppError;

/// Acknowledges an alarm; sent by a plain form, and answered by the alarm's page.
#[server(endpoint = "acknowledge", input = PostUrl)]
pub(crate) async fn acknowledge(environment: String, name: String, reason: String) -> Result<(), AppError> {
    let operator = crate::access::operator().await?;
    let key = AlarmKey { environment, name };
    let done = operator.operate.acknowledge(operator.actor, key.clone(), reason).await;
    super::form::answer(&key.path(), "acknowledge", done.map_err(AppError::Failed));
    Ok(())
}

/// Takes an acknowledgement back, in the same way.
#[server(endpoint = "withdraw", input = PostUrl)]
pub(crate) async fn withdraw(environment: String, name: String) -> Result<(), AppError> {
    let operator = crate::access::operator().await?;
    let key = AlarmKey { environment, name };
    let done = operator.operate.withdraw(operator.actor, key.clone()).await;
    super::form::answer(&key.path(), "acknowledge", done.map_err(AppError::Failed));
    Ok(())
}
