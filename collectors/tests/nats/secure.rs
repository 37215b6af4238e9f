//! Two real clusters with certificates, one that takes both kinds of client and one that takes only TLS; and JetStream.

use std::path::Path;
use std::sync::Arc;

use collectors::{Collector, NatsCollector, NatsScope};
use domain::nats::{Certificate, TlsMode, Wire};
use domain::port::Clock;
use domain::reading::{NatsReading, Reading, Sweep};
use domain::source::Outcome;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;

use crate::clock::WallClock;
use crate::cluster::{Cluster, pause};

const NAMES: [&str; 3] = ["nats-1.internal", "nats-2.internal", "nats-3.internal"];

/// A CA, a certificate for each of three nodes, and one for a client; the first node's ends on the 1st of March 2040.
fn certificates() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "Gaming private CA");
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    write("ca.pem", &ca.pem());
    let other = CertificateParams::new(vec!["other".into()]).unwrap().self_signed(&KeyPair::generate().unwrap()).unwrap();
    write("other.pem", &other.pem());
    for (name, file) in NAMES.iter().zip(["node0", "node1", "node2"]).chain([(&"auth-nats", "client")]) {
        let mut params = CertificateParams::new(vec![(*name).to_owned(), "127.0.0.1".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, *name);
        params.not_after = rcgen::date_time_ymd(2040, 3, 1);
        let key = KeyPair::generate().unwrap();
        write(&format!("{file}.pem"), &params.signed_by(&key, &ca).unwrap().pem());
        write(&format!("{file}.key"), &key.serialize_pem());
    }
    directory
}

fn tls(number: usize, directory: &Path) -> String {
    let place = directory.display();
    format!(
        "tls {{ cert_file: \"{place}/node{number}.pem\", key_file: \"{place}/node{number}.key\", ca_file: \"{place}/ca.pem\", timeout: 3"
    )
}

fn mixed(number: usize, directory: &Path) -> String {
    let store = directory.join(format!("store{number}"));
    format!("{} }}\nallow_non_tls: true\njetstream {{ store_dir: \"{}\" }}", tls(number, directory), store.display())
}

fn required(number: usize, directory: &Path) -> String {
    format!("{}, verify: true }}", tls(number, directory))
}

fn reading(sweep: &Sweep) -> &NatsReading {
    match &sweep.reading {
        Some(Reading::Nats(reading)) => reading,
        other => panic!("no NATS reading but {other:?}, {:?}", sweep.outcome),
    }
}

fn scope(cluster: &Cluster, ca: &str) -> NatsScope {
    NatsScope {
        urls: vec![cluster.client_url(0)],
        user: Some("sys".into()),
        password: Some("watch".into()),
        ca_file: Some(cluster.directory().join(ca)),
        ..NatsScope::new("main")
    }
}

async fn client(cluster: &Cluster, node: usize, secure: bool) -> async_nats::Client {
    let place = cluster.directory();
    let mut options = async_nats::ConnectOptions::with_user_and_password("auth-nats".into(), "work".into()).name("auth-nats/1");
    if secure {
        options = options
            .require_tls(true)
            .add_root_certificates(place.join("ca.pem"))
            .add_client_certificate(place.join("client.pem"), place.join("client.key"));
    }
    let client = options.connect(cluster.client_url(node)).await.unwrap();
    client.flush().await.unwrap();
    client
}

fn served(certificate: &Certificate) -> (&str, Option<String>, Option<&str>) {
    (&certificate.subject, certificate.until.map(|until| until.to_string()), certificate.trouble.as_deref())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mixed_cluster_shows_its_certificates_streams_and_plaintext_clients() {
    let cluster = Cluster::start_with(3, certificates(), mixed).await;
    let wall: Arc<dyn Clock> = WallClock::new(1.0);
    let held = (client(&cluster, 0, true).await, client(&cluster, 1, false).await);
    let sweep = NatsCollector::new(scope(&cluster, "ca.pem"), wall.clone()).sweep().await;
    assert_eq!(sweep.outcome, Outcome::Complete);
    for ((node, _), name) in reading(&sweep).nodes.items.iter().zip(NAMES) {
        assert_eq!((node.tls, node.tls_required, node.tls_timeout_ms), (Some(TlsMode::Mixed), false, 3_000), "{node:?}");
        let certificate = node.certificate.as_ref().unwrap();
        assert_eq!(served(certificate), (&*format!("CN={name}"), Some("2040-03-01T00:00:00Z".to_owned()), None));
        assert_eq!(
            (certificate.issuer.as_str(), certificate.names.clone()),
            ("CN=Gaming private CA", vec![name.to_owned(), "127.0.0.1".into()])
        );
        assert_eq!(node.configured_until, certificate.until, "what is configured is what is served");
    }
    let connections = &reading(&sweep).connections.items;
    let by_wire = |wanted: Wire| {
        connections
            .iter()
            .filter(|(connection, _)| {
                connection.wire(std::time::Duration::ZERO, wall.now().plus(std::time::Duration::from_secs(1))) == wanted
            })
            .count()
    };
    assert_eq!((by_wire(Wire::Tls), by_wire(Wire::Plaintext)), (1, 1), "{connections:?}");

    let distrusting = NatsCollector::new(scope(&cluster, "other.pem"), wall.clone()).sweep().await;
    // the user comes in by plaintext all the same: the certificate is what is wrong
    let certificate = reading(&distrusting).nodes.items[0].0.certificate.clone().unwrap();
    assert_eq!(served(&certificate).2, Some("no CA we trust has signed it (ca_file in the config)"));

    streams(&cluster, &held.1, &wall).await;
}

async fn streams(cluster: &Cluster, client: &async_nats::Client, wall: &Arc<dyn Clock>) {
    let ask = async |subject: &str, body: &str| {
        for _ in 0..100 {
            let answer = client.request(subject.to_owned(), body.to_owned().into()).await;
            if let Ok(answer) = answer
                && !String::from_utf8_lossy(&answer.payload).contains("\"error\"")
            {
                return;
            }
            pause().await; // JetStream is still electing
        }
        panic!("{subject} is not answered");
    };
    let stream = r#"{"name": "QUESTS", "subjects": ["quest.>"], "num_replicas": 3, "storage": "file", "retention": "limits", "max_bytes": 1000000, "metadata": {"owner": "auth-nats"}}"#;
    ask("$JS.API.STREAM.CREATE.QUESTS", stream).await;
    let consumer = r#"{"stream_name": "QUESTS", "config": {"durable_name": "auth-nats", "ack_policy": "explicit", "max_ack_pending": 7}}"#;
    ask("$JS.API.CONSUMER.DURABLE.CREATE.QUESTS.auth-nats", consumer).await;
    for _ in 0..5 {
        ask("quest.begun", "x").await;
    }
    let monitoring = NatsScope { monitor_urls: (0..3).map(|index| cluster.monitor_url(index)).collect(), ..NatsScope::new("main") };
    for scope in [scope(cluster, "ca.pem"), monitoring] {
        let collector = NatsCollector::new(scope, wall.clone());
        for tries in 0.. {
            let sweep = collector.sweep().await;
            let told = reading(&sweep).jetstream.clone().unwrap();
            let done = told.streams.items.first().is_some_and(|stream| stream.messages == 5 && stream.replicas.len() == 2)
                && told.consumers.first().is_some_and(|consumer| consumer.pending == 5);
            if done {
                assert!(told.streams.whole && told.meta.as_ref().unwrap().leader.is_some());
                assert_eq!((told.streams.items.len(), told.consumers.len()), (1, 1), "each once, of three copies");
                let (stream, consumer) = (&told.streams.items[0], &told.consumers[0]);
                assert_eq!(
                    (stream.account.as_str(), stream.subjects.clone(), stream.max_bytes),
                    ("APP", vec!["quest.>".to_owned()], Some(1_000_000))
                );
                assert_eq!(stream.metadata["owner"], "auth-nats");
                assert!(stream.replicated && stream.leader.is_some());
                assert_eq!((consumer.name.as_str(), consumer.pull, consumer.max_ack_pending), ("auth-nats", true, Some(7)));
                break;
            }
            assert!(tries < 60, "{told:?}");
            pause().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_that_requires_tls_is_seen_with_and_without_a_certificate_of_our_own() {
    let cluster = Cluster::start_with(2, certificates(), required).await;
    let wall: Arc<dyn Clock> = WallClock::new(1.0);
    let _held = client(&cluster, 0, true).await;
    let place = cluster.directory();
    let mutual =
        NatsScope { cert_file: Some(place.join("client.pem")), key_file: Some(place.join("client.key")), ..scope(&cluster, "ca.pem") };
    let sweep = NatsCollector::new(mutual, wall.clone()).sweep().await;
    assert_eq!(sweep.outcome, Outcome::Complete);
    let (connection, _) = &reading(&sweep).connections.items[0];
    assert!(connection.tls.is_some());
    assert_eq!(connection.certificate.as_deref(), Some("CN=auth-nats"));
    let monitoring = NatsScope {
        monitor_urls: (0..2).map(|index| cluster.monitor_url(index)).collect(),
        ca_file: Some(place.join("ca.pem")),
        ..NatsScope::new("main")
    };
    let without = NatsCollector::new(monitoring, wall.clone()).sweep().await;
    for sweep in [&sweep, &without] {
        for ((node, _), name) in reading(sweep).nodes.items.iter().zip(NAMES) {
            assert_eq!((node.tls, node.tls_required), (Some(TlsMode::Required), true));
            assert_eq!(served(node.certificate.as_ref().unwrap()).0, format!("CN={name}"));
            assert_eq!(node.certificate.as_ref().unwrap().trouble, None);
        }
    }
}
