//! The HTTP client every AWS call goes through.
//!
//! Three things the SDK's default client does not do. It **caps answers**: a wrong endpoint that streams a gigabyte
//! costs us no more than the cap. It **loads no root certificates for a plain endpoint**: reading the machine's trust
//! store takes longer than a whole sweep of a small fleet, so the TLS half is built when the first `https` address is
//! met. And it **names the address** nothing answered at, which the SDK's own error leaves out.

use std::sync::{Arc, OnceLock};

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::lean::{self, Cut};
use super::skew::Skew;
use crate::classify::{AnswerTooLarge, NoConnection};

/// The most bytes one AWS answer may have. The largest honest one, ten services with 100 events each of 1 KiB, is
/// about 2 MiB.
pub(crate) const ANSWER_CAP: usize = 32 * 1024 * 1024;

/// One client with its connection pools, for all clients of an environment.
pub(crate) fn client(cap: usize, skew: Arc<Skew>, cut: Cut) -> SharedHttpClient {
    let plain = Builder::new().build_http();
    SharedHttpClient::new(Capped(Arc::new(Inner { plain, tls: OnceLock::new(), cap, skew, cut })))
}

#[derive(Debug)]
struct Inner {
    plain: SharedHttpClient,
    tls: OnceLock<SharedHttpClient>,
    cap: usize,
    skew: Arc<Skew>,
    cut: Cut,
}

impl Inner {
    fn for_address(&self, uri: &str) -> Result<&SharedHttpClient, ConnectorError> {
        if uri.starts_with("http://") {
            return Ok(&self.plain);
        }
        match self.tls.get() {
            Some(client) => Ok(client),
            // the SDK panics on an empty trust store, and a slim container has one
            None if !trusts_anyone() => Err(ConnectorError::io(NO_ROOTS.into())),
            None => Ok(self.tls.get_or_init(tls)),
        }
    }
}

const NO_ROOTS: &str =
    "this machine trusts no certificate authority: install its CA certificates (the ca-certificates package) or set SSL_CERT_FILE";

fn trusts_anyone() -> bool {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs).0 > 0
}

/// The `https` half: ring, the machine's trust store, and a proxy where the environment names one.
fn tls() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        let mut builder = Connector::builder();
        builder.set_connector_settings(settings.cloned());
        if let Some(components) = components {
            builder.set_sleep_impl(components.sleep_impl());
        }
        builder.proxy_config(ProxyConfig::from_env()).tls_provider(Provider::Rustls(CryptoMode::Ring)).build()
    })
}

#[derive(Clone, Debug)]
struct Capped(Arc<Inner>);

impl HttpClient for Capped {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(CappedConnector { inner: self.0.clone(), settings: settings.clone(), components: components.clone() })
    }
}

#[derive(Debug)]
struct CappedConnector {
    inner: Arc<Inner>,
    settings: HttpConnectorSettings,
    components: RuntimeComponents,
}

impl HttpConnector for CappedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let address = authority(request.uri());
        let cap = self.inner.cap;
        let skew = Arc::clone(&self.inner.skew);
        let client = match self.inner.for_address(request.uri()) {
            Ok(client) => client,
            Err(error) => return HttpConnectorFuture::ready(Err(named(error, address))),
        };
        let asked = request.headers().get("x-amz-target").unwrap_or_default();
        let unread = self.inner.cut.of(asked);
        let answer = client.http_connector(&self.settings, &self.components).call(request);
        HttpConnectorFuture::new(async move {
            match answer.await {
                Ok(response) => {
                    response.headers().get("date").into_iter().for_each(|date| skew.heard(date));
                    let response = capped(response, cap)?;
                    match unread {
                        Some(fields) => without(response, fields).await,
                        None => Ok(response),
                    }
                }
                Err(error) => Err(named(error, address)),
            }
        })
    }
}

fn capped(response: HttpResponse, cap: usize) -> Result<HttpResponse, ConnectorError> {
    let announced = response.headers().get("content-length").and_then(|length| length.parse::<usize>().ok());
    if announced.is_some_and(|length| length > cap) {
        return Err(ConnectorError::other(Box::new(AnswerTooLarge { cap }), None));
    }
    Ok(response.map(|body| SdkBody::from_body_1_x(Limited::new(body, cap))))
}

/// The answer without these fields, for which all of it must have come.
async fn without(mut response: HttpResponse, fields: &[&str]) -> Result<HttpResponse, ConnectorError> {
    let body = response.take_body().collect().await.map_err(|error| match error.is::<LengthLimitError>() {
        true => ConnectorError::other(error, None),
        false => ConnectorError::io(error),
    })?;
    let whole = body.to_bytes();
    *response.body_mut() = match lean::without(&whole, fields) {
        Some(cut) => SdkBody::from(cut),
        None => SdkBody::from(whole),
    };
    Ok(response)
}

/// The same error with the address in its chain of causes.
fn named(error: ConnectorError, address: String) -> ConnectorError {
    let (timeout, io) = (error.is_timeout(), error.is_io());
    let named = Box::new(NoConnection { address, cause: Box::new(error) });
    match (timeout, io) {
        (true, _) => ConnectorError::timeout(named),
        (_, true) => ConnectorError::io(named),
        _ => ConnectorError::other(named, None),
    }
}

/// `http://127.0.0.1:4500/path` → `127.0.0.1:4500`
fn authority(uri: &str) -> String {
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or(rest).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_host_and_port_are_named() {
        assert_eq!(authority("http://127.0.0.1:4500/?x=1"), "127.0.0.1:4500");
        assert_eq!(authority("https://ecs.us-east-1.amazonaws.com"), "ecs.us-east-1.amazonaws.com");
    }
}
