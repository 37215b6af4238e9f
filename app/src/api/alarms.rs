//! Alarms. Questions carry the pairs of the URL as they are: the server alone reads them, so that one reading serves pages
//! and API, and the browser's half needs none.

use domain::view::{AlarmDetail, AlarmKey, AlarmPage, CoveragePage, MissingAlarms};
use leptos::prelude::*;
use leptos::server_fn::codec::{Json, PostUrl};
use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::error::AppError;

/// The pairs of a URL's query.
pub(crate) type Pairs = Vec<(String, String)>;

#[cfg(feature = "ssr")]
fn borrowed(pairs: &Pairs) -> impl Iterator<Item = (&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}

/// One page of the alarms.
#[server(endpoint = "alarms", input = Json)]
pub(crate) async fn alarms(pairs: Pairs) -> Result<Answer<AlarmPage>, AppError> {
    let viewer = crate::access::viewer().await?;
    let page = viewer.observe.alarms(domain::view::AlarmQuery::from_pairs(borrowed(&pairs))).await.map_err(AppError::failed)?;
    Ok(viewer.answer(page.revision, page))
}

/// One page of the table of what is watched.
#[server(endpoint = "coverage", input = Json)]
pub(crate) async fn coverage(pairs: Pairs) -> Result<Answer<CoveragePage>, AppError> {
    let viewer = crate::access::viewer().await?;
    let page = viewer.observe.coverage(domain::view::CoverageQuery::from_pairs(borrowed(&pairs))).await.map_err(AppError::failed)?;
    Ok(viewer.answer(page.revision, page))
}

/// The missing alarms, written out.
#[server(endpoint = "missing", input = Json)]
pub(crate) async fn missing(pairs: Pairs) -> Result<Answer<MissingAlarms>, AppError> {
    let viewer = crate::access::viewer().await?;
    let missing =
        viewer.observe.missing_alarms(domain::view::MissingQuery::from_pairs(borrowed(&pairs))).await.map_err(AppError::failed)?;
    Ok(viewer.answer(missing.revision, missing))
}

/// One alarm, with what its form needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct OneAlarm {
    /// The alarm.
    pub(crate) detail: AlarmDetail,
    /// The name this browser's user gave last.
    pub(crate) by: String,
    /// Why the form that was just sent was refused.
    pub(crate) refused: Option<String>,
}

/// One alarm with its record.
#[server(endpoint = "alarm", input = Json)]
pub(crate) async fn alarm(key: AlarmKey) -> Result<Answer<OneAlarm>, AppError> {
    let viewer = crate::access::viewer().await?;
    let detail = viewer.observe.alarm(key).await.map_err(AppError::failed)?;
    let (by, refused) = (form::remembered(form::BY).unwrap_or_default(), form::remembered(form::REFUSED));
    Ok(viewer.answer(detail.revision, OneAlarm { detail, by, refused }))
}

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
mod form {
    use domain::service::encoded;
    use domain::view::AlarmKey;
    use http::header::{COOKIE, HeaderValue, SET_COOKIE};
    use leptos::prelude::use_context;

    use crate::error::AppError;

    pub(super) const BY: &str = "signalbox-operator";
    pub(super) const REFUSED: &str = "signalbox-refused";
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
    pub(super) fn remembered(name: &str) -> Option<String> {
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
