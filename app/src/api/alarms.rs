//! Alarms: the forms by which somebody says that they know of one.

#[cfg(feature = "ssr")]
use domain::view::AlarmKey;
use leptos::prelude::*;
use leptos::server_fn::codec::PostUrl;

use crate::error::AppError;

/// Acknowledges an alarm; sent by a plain form, and answered by the alarm's page.
#[server(endpoint = "acknowledge", input = PostUrl)]
pub(crate) async fn acknowledge(environment: String, name: String, by: String, reason: String) -> Result<(), AppError> {
    let key = AlarmKey { environment, name };
    let done = match crate::access::operator(&by).await {
        Ok(operator) => operator.operate.acknowledge(operator.actor, key.clone(), reason).await.map_err(AppError::Failed),
        Err(error) => Err(error),
    };
    form::answer(&key, &by, done);
    Ok(())
}

/// Takes an acknowledgement back, in the same way.
#[server(endpoint = "withdraw", input = PostUrl)]
pub(crate) async fn withdraw(environment: String, name: String, by: String) -> Result<(), AppError> {
    let key = AlarmKey { environment, name };
    let done = match crate::access::operator(&by).await {
        Ok(operator) => operator.operate.withdraw(operator.actor, key.clone()).await.map_err(AppError::Failed),
        Err(error) => Err(error),
    };
    form::answer(&key, &by, done);
    Ok(())
}

/// What a form leaves behind in the browser: a name for the next time, a refusal for the next page. In cookies and not in
/// the URL, where a link could put a sentence into our mouth.
#[cfg(feature = "ssr")]
pub(crate) mod form {
    use domain::service::encoded;
    use domain::view::AlarmKey;
    use http::header::{COOKIE, HeaderValue, SET_COOKIE};
    use leptos::prelude::use_context;

    use crate::error::AppError;

    /// The name that was given last.
    pub(crate) const BY: &str = "signalbox-operator";
    /// Why the form that was just sent was refused.
    pub(crate) const REFUSED: &str = "signalbox-refused";
    /// The longest value read back, in characters: a sentence of ours, or a name.
    const LONGEST: usize = 600;

    /// Sends the browser to the alarm's page, which shows what came of it.
    pub(super) fn answer(key: &AlarmKey, by: &str, done: Result<(), AppError>) {
        let Some(response) = use_context::<leptos_axum::ResponseOptions>() else { return };
        let cookie = |text: String| {
            if let Ok(value) = HeaderValue::from_str(&text) {
                response.append_header(SET_COOKIE, value);
            }
        };
        match done {
            Ok(()) => cookie(format!("{BY}={}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Strict", encoded(by.trim()))),
            Err(error) => cookie(format!("{REFUSED}={}; Path=/alarms; Max-Age=5; HttpOnly; SameSite=Strict", encoded(&error.to_string()))),
        }
        leptos_axum::redirect(&format!("{}#acknowledge", key.path()));
        response.set_status(http::StatusCode::SEE_OTHER);
    }

    /// What a form left behind, as safe to show as anything from outside.
    pub(crate) fn remembered(name: &str) -> Option<String> {
        let parts = use_context::<http::request::Parts>()?;
        let cookies = parts.headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|line| line.split(';'));
        let value = cookies.filter_map(|pair| pair.trim().split_once('=')).find(|(of, _)| *of == name)?.1.to_owned();
        let text: String = decoded(&value).chars().take(LONGEST).collect();
        (!text.is_empty()).then(|| domain::text::shown(&text))
    }

    fn decoded(text: &str) -> String {
        let mut bytes = Vec::with_capacity(text.len());
        let mut rest = text.as_bytes();
        while let [first, tail @ ..] = rest {
            let hex = tail.get(..2).filter(|_| *first == b'%').and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
            bytes.push(hex.unwrap_or(*first));
            rest = if hex.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}
