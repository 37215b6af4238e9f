//! A running Signalbox, asked over its JSON API.
//!
//! On hyper and by hand, as the collectors do it: three kinds of request need no client library. The trap is the token, which
//! stands for somebody who may change a fleet: it comes from a file or the environment, never from the command line, and whoever
//! sends it in the clear over a network is told so.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use domain::change::FieldProblem;
use domain::text;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// How long one answer may take: a plan reads every chosen service from AWS first.
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// The largest answer that is read.
const LARGEST: usize = 64 * 1024 * 1024;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unanswered {
    /// Nobody answers there, or not in time.
    #[error("No Signalbox answers at {url}: {why}. Is it running? --url or SIGNALBOX_URL says where it is.")]
    Unreachable {
        /// Where.
        url: String,
        /// Why.
        why: String,
    },
    /// It answered that it will not.
    #[error("{0}")]
    Refused(String),
}

/// Where it is, and who asks.
pub(super) struct Server {
    /// Without a slash at its end.
    url: String,
    uri: Uri,
    token: String,
    tls: Option<TlsConnector>,
}

/// What a refusal of the API says.
#[derive(Deserialize)]
struct Problem {
    sentence: String,
    #[serde(default)]
    fields: Vec<FieldProblem>,
}

impl Server {
    /// The server at a URL, asked with the token of a file, or with this one.
    pub(super) fn at(url: &str, token_file: Option<&Path>, token: Option<String>) -> anyhow::Result<Self> {
        let url = url.trim_end_matches('/').to_owned();
        let uri: Uri = url.parse().with_context(|| format!("--url {url} is no address; write one such as http://127.0.0.1:3000"))?;
        let Some(host) = uri.host() else { bail!("--url {url} names no host; write one such as http://127.0.0.1:3000") };
        let tls = match uri.scheme_str() {
            Some("http") => None,
            Some("https") => Some(TlsConnector::from(Arc::new(tls()))),
            _ => bail!("--url {url} must begin with http:// or https://"),
        };
        if tls.is_none() && !here(host) {
            eprintln!("The token travels to {} in the clear: whoever listens may use it. Use https where you can.", text::shown(host));
        }
        let token = match token_file {
            Some(file) => std::fs::read_to_string(file).with_context(|| format!("the token file {} cannot be read", file.display()))?,
            None => token.unwrap_or_default(),
        };
        let token = token.trim().to_owned();
        if token.is_empty() {
            bail!(
                "No API token is given. Make one on the page Access or by `signalbox account token`, and hand it over by the variable \
                 SIGNALBOX_TOKEN or by --token-file."
            );
        }
        Ok(Self { url, uri, token, tls })
    }

    /// Asks for something.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Unanswered> {
        self.read(&self.send(Method::GET, path, Bytes::new()).await?)
    }

    /// Sends something, and reads what is answered.
    pub(super) async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Unanswered> {
        self.read(&self.send(Method::POST, path, written(body)?).await?)
    }

    /// Sends something that is answered by nothing.
    pub(super) async fn tell(&self, path: &str, body: &impl Serialize) -> Result<(), Unanswered> {
        self.send(Method::POST, path, written(body)?).await.map(drop)
    }

    /// The address of a page, for people.
    pub(super) fn page(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    fn read<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, Unanswered> {
        serde_json::from_slice(bytes).map_err(|error| {
            let said = format!("{} answered what this signalbox does not understand ({error}). Use the version that serves.", self.url);
            Unanswered::Refused(said)
        })
    }

    fn unreachable(&self, why: impl ToString) -> Unanswered {
        Unanswered::Unreachable { url: self.url.clone(), why: text::shown(&why.to_string()) }
    }

    async fn send(&self, method: Method, path: &str, body: Bytes) -> Result<Bytes, Unanswered> {
        // the wall's time: it bounds a real socket
        match tokio::time::timeout(TIME_LIMIT, self.exchange(method, path, body)).await {
            Ok(answer) => answer,
            Err(_) => Err(self.unreachable(format!("no answer within {} s", TIME_LIMIT.as_secs()))),
        }
    }

    async fn exchange(&self, method: Method, path: &str, body: Bytes) -> Result<Bytes, Unanswered> {
        let host = self.uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = self.uri.port_u16().unwrap_or(if self.tls.is_some() { 443 } else { 80 });
        let stream = TcpStream::connect((host.as_str(), port)).await.map_err(|error| self.unreachable(error))?;
        let request = self.request(method, path, body)?;
        let Some(tls) = &self.tls else { return self.ask(stream, request).await };
        let name = ServerName::try_from(host).map_err(|error| self.unreachable(error))?;
        let stream = tls.connect(name, stream).await.map_err(|error| self.unreachable(format!("TLS: {error}")))?;
        self.ask(stream, request).await
    }

    fn request(&self, method: Method, path: &str, body: Bytes) -> Result<Request<Full<Bytes>>, Unanswered> {
        let before = self.uri.path().trim_end_matches('/');
        Request::builder()
            .method(method)
            .uri(format!("{before}/api/v1{path}"))
            .header(HOST, self.uri.authority().map_or("", |authority| authority.as_str()))
            .header(AUTHORIZATION, format!("Bearer {}", self.token))
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(body))
            // a token with a line break in it, for one
            .map_err(|error| Unanswered::Refused(format!("The question cannot be written down: {error}. Look at the token.")))
    }

    async fn ask<S>(&self, stream: S, request: Request<Full<Bytes>>) -> Result<Bytes, Unanswered>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let broken = |error: hyper::Error| self.unreachable(format!("this is no HTTP: {error}"));
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let task = tokio::spawn(connection);
        let answer = async {
            let response = sender.send_request(request).await.map_err(broken)?;
            let status = response.status();
            let body = Limited::new(response.into_body(), LARGEST).collect().await;
            let bytes = body.map_err(|error| self.unreachable(format!("the answer broke off: {error}")))?.to_bytes();
            if status.is_success() { Ok(bytes) } else { Err(self.refused(status, &bytes)) }
        }
        .await;
        task.abort();
        answer
    }

    fn refused(&self, status: StatusCode, bytes: &[u8]) -> Unanswered {
        let Ok(problem) = serde_json::from_slice::<Problem>(bytes) else {
            return Unanswered::Refused(format!("{} answered HTTP {status}: is that a Signalbox of this version?", self.url));
        };
        if problem.fields.is_empty() {
            return Unanswered::Refused(text::shown(&problem.sentence));
        }
        let each = problem.fields.iter().map(|of| format!("\n  {}: {}", text::shown(&of.field), text::shown(&of.said)));
        Unanswered::Refused(format!("There is something to put right first.{}", each.collect::<String>()))
    }
}

fn written(body: &impl Serialize) -> Result<Bytes, Unanswered> {
    serde_json::to_vec(body).map(Bytes::from).map_err(|error| Unanswered::Refused(format!("The question cannot be written down: {error}.")))
}

/// Whether a host is this machine.
fn here(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// What the machine trusts.
fn tls() -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(url: &str) -> anyhow::Result<Server> {
        Server::at(url, None, Some(" sbx_1\n".to_owned()))
    }

    #[test]
    fn an_address_is_a_whole_one() {
        for url in ["http://127.0.0.1:3000", "http://localhost/", "http://[::1]:3000/below/"] {
            assert!(server(url).is_ok(), "{url}");
        }
        for url in ["127.0.0.1:3000", "ftp://localhost", "http://", "", "localhost"] {
            assert!(server(url).is_err(), "{url}");
        }
        assert!(
            Server::at("http://localhost", None, Some("\n".to_owned())).is_err_and(|error| error.to_string().contains("SIGNALBOX_TOKEN"))
        );
    }

    #[test]
    fn a_question_goes_below_the_address_with_the_token() {
        let request = server("http://localhost:3000/below/").unwrap().request(Method::GET, "/rollouts?q=a", Bytes::new()).unwrap();
        assert_eq!(request.uri(), "/below/api/v1/rollouts?q=a");
        assert_eq!(
            (&request.headers()[AUTHORIZATION], &request.headers()[HOST]),
            (&"Bearer sbx_1".parse().unwrap(), &"localhost:3000".parse().unwrap())
        );
    }

    #[test]
    fn a_refusal_is_told_in_the_servers_words() {
        let server = server("http://localhost").unwrap();
        for (body, said) in [
            ("{\"failure\":\"forbidden\",\"why\":\"x\",\"sentence\":\"That needs the role operator.\"}", "That needs the role operator."),
            (
                "{\"failure\":\"unfit\",\"fields\":[{\"field\":\"bake\",\"said\":\"too short\"}],\"sentence\":\"s\"}",
                "There is something to put right first.\n  bake: too short",
            ),
            ("<html>", "http://localhost answered HTTP 403 Forbidden: is that a Signalbox of this version?"),
        ] {
            assert_eq!(server.refused(StatusCode::FORBIDDEN, body.as_bytes()).to_string(), said);
        }
    }
}
