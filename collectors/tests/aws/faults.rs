//! Everything that can go wrong between us and AWS.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use collectors::{AwsEnvironment, AwsScope, Collector, Depth, EcsCollector, Poller};
use domain::port::Clock;
use domain::source::{Breaker, Fault, FaultKind, Outcome};

use crate::clock::ManualClock;
use crate::ecs::{INTERVAL, collector, collector_of_depth, ecs};
use crate::fake::{ACCOUNT, Fake, Trouble, environment};

async fn failure(collector: &EcsCollector) -> Fault {
    let sweep = collector.sweep().await;
    match sweep.outcome {
        Outcome::Failed { fault } => fault,
        other => panic!("not failed but {other:?}"),
    }
}

#[tokio::test]
async fn a_wrong_account_is_refused_before_anything_is_read() {
    let (fake, clock) = (Fake::start(3).await, ManualClock::eager());
    let scope = AwsScope { account_id: Some("999900001111".into()), ..fake.scope() };
    let collector = EcsCollector::new(environment(scope, &clock), INTERVAL);
    for _ in 0..2 {
        let fault = failure(&collector).await;
        assert_eq!(fault.kind, FaultKind::WrongAccount);
        assert!(fault.message.contains(ACCOUNT) && fault.message.contains("999900001111"), "{}", fault.message);
    }
    assert_eq!(fake.all_calls(), fake.calls("GetCallerIdentity"), "nothing but STS was asked");
}

#[tokio::test]
async fn without_sts_the_account_comes_from_arns() {
    let (fake, clock) = (Fake::start(3).await, ManualClock::eager());
    for trouble in
        [Trouble::Error(403, "AccessDenied", "no"), Trouble::Error(404, "UnknownOperationException", ""), Trouble::Body(b"<html>")]
    {
        fake.trouble("GetCallerIdentity", trouble);
        let sweep = collector(&fake, &clock).sweep().await;
        assert_eq!((&sweep.outcome, ecs(&sweep).account.as_str()), (&Outcome::Complete, ACCOUNT));
        let scope = AwsScope { account_id: Some("999900001111".into()), ..fake.scope() };
        let wrong = failure(&EcsCollector::new(environment(scope, &clock), INTERVAL)).await;
        assert_eq!(wrong.kind, FaultKind::WrongAccount);
    }
}

#[tokio::test]
async fn sts_is_asked_again_only_after_a_while() {
    let (fake, clock) = (Fake::start(3).await, ManualClock::eager());
    fake.trouble("GetCallerIdentity", Trouble::Error(403, "AccessDenied", "no"));
    let collector = collector(&fake, &clock);
    for _ in 0..3 {
        collector.sweep().await;
    }
    assert_eq!(fake.calls("GetCallerIdentity"), 1);
    clock.advance(Duration::from_secs(601));
    collector.sweep().await;
    assert_eq!(fake.calls("GetCallerIdentity"), 2);
}

#[tokio::test]
async fn refused_credentials_are_said_to_be_that() {
    let (fake, clock) = (Fake::start(3).await, ManualClock::eager());
    fake.trouble("*", Trouble::Error(403, "InvalidClientTokenId", "The security token included in the request is invalid."));
    let fault = failure(&collector(&fake, &clock)).await;
    assert_eq!(fault.kind, FaultKind::Credentials);
    assert_eq!(fake.all_calls(), 1);
}

#[tokio::test]
async fn an_unreachable_address_is_named() {
    let clock = ManualClock::eager();
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let scope = AwsScope {
        region: Some("us-east-1".into()),
        endpoint_url: Some(format!("http://{closed}")),
        clusters: vec!["c".into()],
        ..AwsScope::new("test")
    };
    let fault = failure(&EcsCollector::new(environment(scope, &clock), INTERVAL)).await;
    assert_eq!(fault.kind, FaultKind::Unreachable);
    assert!(fault.message.contains(&closed.to_string()) && fault.message.contains("refused"), "{}", fault.message);
}

#[tokio::test]
async fn tls_that_does_not_come_about_is_said_to_be_that() {
    let (fake, clock) = (Fake::start(3).await, ManualClock::eager());
    collectors::install_crypto();
    let scope = AwsScope { endpoint_url: Some(format!("https://{}", fake.address)), ..fake.scope() };
    let fault = failure(&EcsCollector::new(environment(scope, &clock), INTERVAL)).await;
    assert_eq!(fault.kind, FaultKind::Unreachable);
    assert!(fault.message.contains(&fake.address.to_string()), "{}", fault.message);
}

#[tokio::test]
async fn a_named_profile_is_the_only_one_used() {
    let (fake, clock) = (Fake::start(3).await, ManualClock::eager());
    let scope = AwsScope { profile: Some("no-such-profile".into()), ..fake.scope() };
    let environment = Arc::new(AwsEnvironment::new(scope, clock.clone()));
    let fault = failure(&EcsCollector::new(environment, INTERVAL)).await;
    assert_eq!(fault.kind, FaultKind::Credentials);
    assert!(fault.message.contains("no-such-profile"), "{}", fault.message);
    assert_eq!(fake.all_calls(), 0);
}

#[tokio::test]
async fn no_region_is_said_and_not_guessed() {
    let clock = ManualClock::eager();
    let fault = failure(&EcsCollector::new(environment(AwsScope::new("test"), &clock), INTERVAL)).await;
    assert!(fault.message.contains("no region"), "{}", fault.message);
}

#[tokio::test]
async fn what_is_no_json_is_malformed() {
    let (fake, clock) = (Fake::start(3).await, ManualClock::eager());
    for body in [&b"<html>not AWS</html>"[..], b"{\"clusters\": [", b"\xff\xfe", b"[1,2]"] {
        fake.trouble("DescribeClusters", Trouble::Body(body));
        let fault = failure(&collector(&fake, &clock)).await;
        assert_eq!(fault.kind, FaultKind::Malformed, "{body:?}: {}", fault.message);
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_malformed_and_the_rest_stays() {
    let (fake, clock) = (Fake::start(3).await, ManualClock::eager());
    fake.trouble("ListServices", Trouble::CutOff);
    let sweep = collector(&fake, &clock).sweep().await;
    let Outcome::Partial { missing } = &sweep.outcome else { panic!("{:?}", sweep.outcome) };
    assert_eq!(missing[0].fault.kind, FaultKind::Malformed, "{}", missing[0].fault.message);
    assert_eq!(ecs(&sweep).clusters.items[0].tasks.items.len(), 6);
}

#[tokio::test]
async fn an_endless_answer_is_read_to_the_cap_and_no_further() {
    const CAP: u64 = 32 * 1024 * 1024;
    // what the kernel's two socket buffers and the server's own may hold beyond what we took
    const SLACK: u64 = 16 * 1024 * 1024;
    let (fake, clock) = (Fake::start(3).await, ManualClock::eager());
    fake.trouble("DescribeClusters", Trouble::Endless);
    let fault = failure(&collector(&fake, &clock)).await;
    assert_eq!(fault.kind, FaultKind::TooLarge, "{}", fault.message);
    let sent = fake.sent.load(Ordering::Relaxed);
    assert!((CAP..CAP + SLACK).contains(&sent), "{sent}");
}

#[tokio::test]
async fn an_announced_gigabyte_is_not_read_at_all() {
    let (fake, clock) = (Fake::start(3).await, ManualClock::eager());
    fake.trouble("DescribeClusters", Trouble::Announced);
    assert_eq!(failure(&collector(&fake, &clock)).await.kind, FaultKind::TooLarge);
}

#[tokio::test]
async fn a_failing_far_side_is_tried_four_times() {
    let (fake, clock) = (Fake::start(3).await, ManualClock::eager());
    fake.trouble("DescribeClusters", Trouble::Error(500, "ServerException", "oops"));
    let fault = failure(&collector(&fake, &clock)).await;
    assert_eq!((fault.kind, fault.operation.as_deref()), (FaultKind::Remote, Some("ecs:DescribeClusters")));
    assert_eq!(fake.calls("DescribeClusters"), 4);
}

/// The poller sweeps every 15 s while AWS throttles everything for ten minutes, then it is well again.
#[tokio::test]
async fn ten_minutes_of_throttling_slow_us_down_and_pass() {
    let (fake, clock) = (Fake::start(23).await, ManualClock::eager());
    let collector = Arc::new(collector_of_depth(&fake, &clock, Depth::State));
    let mut poller = Poller::new(collector.clone(), clock.clone(), 7);
    assert_eq!(poller.turn().await.health.outcome, Some(Outcome::Complete));
    let calls_before = fake.all_calls();
    fake.trouble("*", Trouble::Error(400, "ThrottlingException", "Rate exceeded"));
    let (mut opened, mut lowest) = (false, f64::INFINITY);
    let start = clock.passed();
    while clock.passed() - start < Duration::from_secs(600) {
        let report = poller.turn().await;
        opened |= report.health.breaker == Breaker::Open;
        lowest = report.health.budgets.iter().map(|budget| budget.rate / budget.full_rate).fold(lowest, f64::min);
        let Some(Outcome::Failed { fault }) = &report.health.outcome else { panic!("{:?}", report.health.outcome) };
        assert!(matches!(fault.kind, FaultKind::Throttled | FaultKind::CircuitOpen), "{fault:?}");
        clock.sleep(INTERVAL).await;
    }
    assert!(opened && lowest <= 0.25, "opened {opened}, lowest {lowest}");
    let calls = fake.all_calls() - calls_before;
    assert!(calls <= 80, "{calls} calls in ten minutes of being refused");
    fake.all_well();
    let mut turns = 0;
    while poller.turn().await.health.breaker != Breaker::Closed {
        turns += 1;
        assert!(turns < 20, "it never recovers");
        clock.sleep(INTERVAL).await;
    }
    let report = poller.turn().await;
    assert_eq!(report.health.outcome, Some(Outcome::Complete));
    assert_eq!(report.health.failures_in_row, 0);
    assert!(report.health.budgets.iter().any(|budget| budget.throttled > 0));
    clock.advance(Duration::from_secs(600));
    assert!(collector.budgets().iter().all(|budget| (budget.rate - budget.full_rate).abs() < 1e-9), "the rate is full again");
}
