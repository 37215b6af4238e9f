//! Monitoring ports that are no NATS servers, or not well ones.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::Uri;
use axum::response::{IntoResponse, Redirect, Response};
use collectors::{Collector, NatsCollector, NatsScope};
use domain::reading::Reading;
use domain::source::{Fault, FaultKind, Outcome};
use futures::StreamExt;

use crate::clock::WallClock;

const VARZ: &str = r#"{"server_id": "N1", "server_name": "n1", "version": "2.15.1", "connections": 1}"#;
const CONNZ: &str = r#"{"total": 1, "connections": [{"cid": 7, "kind": "Client", "account": "APP", "jwt": "CANARY", "ip": "10.0.1.7"}]}"#;

type Answer = fn(&Uri, &Arc<AtomicU64>) -> Response;

async fn serve(answer: Answer) -> (SocketAddr, Arc<AtomicU64>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let sent = Arc::new(AtomicU64::new(0));
    let counter = sent.clone();
    let router = Router::new().fallback(move |uri: Uri| {
        let answer = answer(&uri, &counter);
        async move { answer }
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, sent)
}

fn collector(addresses: &[SocketAddr]) -> NatsCollector {
    let monitor_urls = addresses.iter().map(|address| format!("http://{address}")).collect();
    NatsCollector::new(NatsScope { monitor_urls, ..NatsScope::new("main") }, WallClock::new(1.0))
}

async fn failure(address: SocketAddr) -> Fault {
    match collector(&[address]).sweep().await.outcome {
        Outcome::Failed { fault } => fault,
        other => panic!("not failed but {other:?}"),
    }
}

fn well(uri: &Uri, _: &Arc<AtomicU64>) -> Response {
    match uri.path() {
        "/varz" => VARZ.into_response(),
        "/connz" => CONNZ.into_response(),
        _ => r#"{"routes": []}"#.into_response(),
    }
}

fn endless(sent: &Arc<AtomicU64>) -> Response {
    let sent = sent.clone();
    let piece = Bytes::from(vec![b' '; 64 * 1024]);
    let pieces = futures::stream::repeat(piece).map(move |piece| {
        sent.fetch_add(piece.len() as u64, Ordering::Relaxed);
        Ok::<_, std::io::Error>(piece)
    });
    Body::from_stream(pieces).into_response()
}

#[tokio::test]
async fn one_sick_node_leaves_the_others_unharmed() {
    let (healthy, _) = serve(well).await;
    let (sick, _) = serve(|_, _| "{\"server_id\": \"N2\", \"cpu\": NaN}".into_response()).await;
    let sweep = collector(&[healthy, sick]).sweep().await;
    let Outcome::Partial { missing } = &sweep.outcome else { panic!("{:?}", sweep.outcome) };
    assert_eq!((missing.len(), missing[0].fault.kind), (1, FaultKind::Malformed));
    assert!(missing[0].what.contains(&sick.to_string()));
    let Some(Reading::Nats(reading)) = &sweep.reading else { panic!() };
    assert_eq!((reading.nodes.items.len(), reading.connections.items.len(), reading.nodes.whole), (1, 1, false));
    assert!(!format!("{sweep:?}").contains("CANARY"));
}

#[tokio::test]
async fn what_is_no_monitoring_answer_is_malformed() {
    let answers: [Answer; 6] = [
        |_, _| "<html>hello</html>".into_response(),
        |_, _| Bytes::from_static(b"{\"server_id\": \"\xff\xfe\"}").into_response(),
        |_, _| "{\"cluster\": ".to_owned().into_response(),
        |_, _| format!("{{\"server_id\": {}", "[".repeat(200_000)).into_response(),
        |_, _| "{}".into_response(),
        |_, _| "[]".into_response(),
    ];
    for answer in answers {
        let (address, _) = serve(answer).await;
        let fault = failure(address).await;
        assert_eq!(fault.kind, FaultKind::Malformed, "{}", fault.message);
        assert!(fault.message.contains(&address.to_string()), "{}", fault.message);
    }
}

#[tokio::test]
async fn an_endless_answer_is_read_to_the_cap_and_no_further() {
    const CAP: u64 = 4 * 1024 * 1024;
    // what the kernel's two socket buffers and the server's own may hold beyond what we took
    const SLACK: u64 = 16 * 1024 * 1024;
    let (address, sent) = serve(|_, sent| endless(sent)).await;
    assert_eq!(failure(address).await.kind, FaultKind::TooLarge);
    let sent = sent.load(Ordering::Relaxed);
    assert!((CAP..CAP + SLACK).contains(&sent), "{sent}");
}

#[tokio::test]
async fn an_endless_connection_list_costs_only_the_connections() {
    let (address, _) = serve(|uri, sent| if uri.path() == "/connz" { endless(sent) } else { well(uri, sent) }).await;
    let sweep = collector(&[address]).sweep().await;
    let Outcome::Partial { missing } = &sweep.outcome else { panic!("{:?}", sweep.outcome) };
    assert_eq!((missing[0].what.as_str(), missing[0].fault.kind), ("connections of node n1", FaultKind::TooLarge));
    let Some(Reading::Nats(reading)) = &sweep.reading else { panic!() };
    assert!(reading.nodes.whole && !reading.connections.whole);
    assert_eq!(reading.nodes.items[0].1.connections, 1, "the server's own figure where its list is not known");
}

#[tokio::test]
async fn pages_are_read_until_the_total() {
    fn page(uri: &Uri) -> Response {
        let query = uri.query().unwrap_or("");
        let cids = if query.contains("offset=0") { vec![1, 2] } else { vec![2, 3] };
        let connections: Vec<_> = cids.iter().map(|cid| serde_json::json!({"cid": cid, "kind": "Client"})).collect();
        serde_json::json!({"total": 4, "connections": connections}).to_string().into_response()
    }
    let (address, _) = serve(|uri, sent| if uri.path() == "/connz" { page(uri) } else { well(uri, sent) }).await;
    let sweep = collector(&[address]).sweep().await;
    let Some(Reading::Nats(reading)) = &sweep.reading else { panic!() };
    assert_eq!(reading.connections.items.iter().map(|(connection, _)| connection.cid).collect::<Vec<_>>(), [1, 2, 3], "each once");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let (address, _) = serve(|_, _| Redirect::temporary("http://169.254.169.254/latest/meta-data/").into_response()).await;
    let fault = failure(address).await;
    assert!(fault.message.contains("a redirect, which is not followed"), "{}", fault.message);
}

#[tokio::test]
async fn a_closed_port_is_named() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let fault = failure(closed).await;
    assert_eq!(fault.kind, FaultKind::Unreachable);
    assert!(fault.message.contains(&closed.to_string()) && fault.message.contains("refused"), "{}", fault.message);
}

#[tokio::test]
async fn no_way_in_is_said() {
    let sweep = NatsCollector::new(NatsScope::new("main"), WallClock::new(1.0)).sweep().await;
    let Outcome::Failed { fault } = &sweep.outcome else { panic!() };
    assert!(fault.message.contains("urls or monitor_urls"));
}
