//! The event queue: hints handed over, messages taken out, and every way in which a queue fails.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use collectors::{Collector, EcsCollector, EventQueue, Heeding};
use domain::service::ServiceKey;
use domain::source::{FaultKind, Outcome};
use serde_json::{Value, json};

use crate::clock::ManualClock;
use crate::fake::{ACCOUNT, CLUSTER, Fake, Trouble, arn};

const QUEUE: &str = "https://sqs.us-east-1.amazonaws.com/111122223333/signalbox-events";
const OPEN: &str = r#"{"Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage"}]}"#;

#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl Heeding for Heard {
    fn heed(&self, key: ServiceKey) {
        assert_eq!((key.environment.as_str(), key.cluster.as_str()), ("test", CLUSTER));
        self.0.lock().unwrap().push(key.service);
    }
}

struct Scene {
    fake: Fake,
    clock: Arc<ManualClock>,
    heard: Arc<Heard>,
    queue: EventQueue,
}

async fn scene() -> Scene {
    let (fake, clock, heard) = (Fake::start(3).await, ManualClock::eager(), Arc::new(Heard::default()));
    fake.world.lock().unwrap().policy = Some(OPEN);
    let queue = EventQueue::new(fake.environment(&clock), QUEUE.parse().unwrap(), heard.clone());
    Scene { fake, clock, heard, queue }
}

impl Scene {
    fn put(&self, bodies: impl IntoIterator<Item = String>) {
        self.fake.world.lock().unwrap().messages.extend(bodies);
    }

    fn left(&self) -> usize {
        self.fake.world.lock().unwrap().messages.len()
    }

    fn heard(&self) -> Vec<String> {
        self.heard.0.lock().unwrap().clone()
    }

    /// What the newest call of an operation asked for.
    fn asked(&self, operation: &str) -> Value {
        let world = self.fake.world.lock().unwrap();
        world.asked.iter().rev().find(|(name, _)| name == operation).unwrap().1.clone()
    }
}

fn task_event(service: &str) -> String {
    let event = json!({
        "source": "aws.ecs", "detail-type": "ECS Task State Change", "id": service, "resources": [arn("task", "x")],
        "detail": {"clusterArn": format!("arn:aws:ecs:us-east-1:{ACCOUNT}:cluster/{CLUSTER}"), "group": format!("service:{service}")}
    });
    event.to_string()
}

#[tokio::test]
async fn hints_are_handed_over_and_messages_taken_out() {
    let scene = scene().await;
    scene.put(["auth", "quest"].map(task_event));
    scene.put(["no event".to_owned(), task_event("elsewhere").replace(CLUSTER, "staging")]);
    let sweep = scene.queue.sweep().await;
    assert_eq!(sweep.outcome, Outcome::Complete);
    assert_eq!(sweep.reading, None, "nothing of an event is ever recorded");
    assert_eq!((scene.heard(), scene.left()), (vec!["auth".to_owned(), "quest".to_owned()], 0));
    // identity, one poll, one batch, the settings
    assert_eq!((sweep.calls, scene.fake.all_calls(), scene.fake.calls("DeleteMessageBatch")), (4, 4, 1));
    let notes = scene.queue.notes();
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(notes[0].contains("4 messages, of which 2 told of a service here; 1 of another account, region or cluster, 1 not understood"));
    assert!(notes[1].starts_with("1 message was not understood") && !notes[1].contains("no event"), "never a word of it: {}", notes[1]);

    // the first poll answers at once, the following ones are held back at the far side
    assert_eq!(scene.asked("ReceiveMessage")["WaitTimeSeconds"], 0);
    let sweep = scene.queue.sweep().await;
    assert_eq!((sweep.outcome, sweep.calls), (Outcome::Complete, 1), "a quiet poll is one call");
    let asked = scene.asked("ReceiveMessage");
    assert_eq!((&asked["WaitTimeSeconds"], &asked["VisibilityTimeout"], &asked["QueueUrl"]), (&json!(6), &json!(30), &json!(QUEUE)));
    assert_eq!(scene.queue.budgets()[0].calls, 4, "both polls, the batch and the settings");
}

#[tokio::test]
async fn a_full_queue_is_read_ten_at_a_time_and_bounded() {
    let scene = scene().await;
    scene.put((0..23).map(|number| task_event(&format!("service-{number}"))));
    assert_eq!(scene.queue.sweep().await.outcome, Outcome::Complete);
    assert_eq!((scene.heard().len(), scene.left()), (23, 0));
    assert_eq!((scene.fake.calls("ReceiveMessage"), scene.fake.calls("DeleteMessageBatch")), (3, 3));
    scene.put((0..250).map(|number| task_event(&format!("service-{number}"))));
    scene.queue.sweep().await;
    assert_eq!(scene.left(), 150, "the rest is the next sweep's");
}

#[tokio::test]
async fn polls_keep_a_pace_however_soon_the_queue_answers() {
    let scene = scene().await;
    for bodies in [vec![], vec![task_event("auth")]] {
        scene.put(bodies);
        scene.queue.sweep().await;
        // the answer came at once, so the pace is kept here; a real quiet poll has waited at SQS
        assert_eq!(scene.queue.pause(), Duration::from_secs(3));
    }
    scene.fake.trouble("ReceiveMessage", Trouble::Error(400, "QueueDoesNotExist", ""));
    scene.queue.sweep().await;
    assert_eq!((scene.queue.pause(), scene.queue.interval()), (Duration::from_secs(6), Duration::from_secs(6)));
}

#[tokio::test]
async fn a_queue_that_fails_says_so_in_a_sentence_and_nothing_else_fails() {
    let scene = scene().await;
    scene.put([task_event("auth")]);
    let denied = "User: arn:aws:iam::111122223333:user/x is not authorized to perform: sqs:receivemessage on resource: arn:aws:sqs:…";
    for (status, code, message, kind, said) in [
        (403, "AccessDenied", denied, FaultKind::AccessDenied, "AccessDenied: User"),
        (
            400,
            "QueueDoesNotExist",
            "The specified queue does not exist.",
            FaultKind::NotFound,
            "there is no queue signalbox-events of account 111122223333 here",
        ),
        (400, "RequestThrottled", "Request is throttled.", FaultKind::Throttled, "RequestThrottled"),
        (500, "InternalFailure", "", FaultKind::Remote, "InternalFailure"),
    ] {
        scene.fake.trouble("ReceiveMessage", Trouble::Error(status, code, message));
        let Outcome::Failed { fault } = scene.queue.sweep().await.outcome else { panic!("{code} must fail") };
        assert_eq!((fault.kind, fault.operation.as_deref()), (kind, Some("sqs:ReceiveMessage")), "{code}");
        assert!(fault.message.contains(said), "{}", fault.message);
        assert!(!fault.remedy().is_empty());
    }
    for trouble in [Trouble::Body(b"<html>"), Trouble::CutOff, Trouble::Endless] {
        scene.fake.trouble("ReceiveMessage", trouble);
        assert!(matches!(scene.queue.sweep().await.outcome, Outcome::Failed { .. }));
    }
    assert_eq!((scene.heard().len(), scene.left()), (0, 1));
    let ecs = EcsCollector::new(scene.fake.environment(&scene.clock), Duration::from_secs(15));
    assert_eq!(ecs.sweep().await.outcome, Outcome::Complete, "the fleet is swept all the same");
    scene.fake.all_well();
    assert_eq!(scene.queue.sweep().await.outcome, Outcome::Complete);
    assert_eq!(scene.heard(), ["auth"]);
}

#[tokio::test]
async fn what_cannot_be_taken_out_was_heeded_all_the_same() {
    let scene = scene().await;
    scene.put([task_event("auth")]);
    scene.fake.trouble("DeleteMessageBatch", Trouble::Error(403, "AccessDenied", "no"));
    let Outcome::Partial { missing } = scene.queue.sweep().await.outcome else { panic!("read, but not taken out") };
    assert_eq!((missing.len(), missing[0].fault.operation.as_deref()), (1, Some("sqs:DeleteMessage")));
    assert_eq!((scene.heard(), scene.left()), (vec!["auth".to_owned()], 1));
    scene.fake.all_well();
    assert_eq!(scene.queue.sweep().await.outcome, Outcome::Complete);
    assert_eq!(scene.heard(), ["auth", "auth"], "once more is no harm");
}

#[tokio::test]
async fn a_queue_that_nothing_can_reach_and_one_that_is_elsewhere_are_told() {
    let scene = scene().await;
    scene.fake.world.lock().unwrap().policy = None;
    assert_eq!(scene.queue.sweep().await.outcome, Outcome::Complete);
    assert!(scene.queue.notes()[0].contains("lets neither EventBridge nor SNS send to it"), "{:?}", scene.queue.notes());
    scene.fake.trouble("GetQueueAttributes", Trouble::Error(403, "AccessDenied", "no"));
    scene.clock.advance(Duration::from_secs(601));
    let Outcome::Partial { missing } = scene.queue.sweep().await.outcome else { panic!("its settings are denied") };
    assert_eq!(missing[0].fault.operation.as_deref(), Some("sqs:GetQueueAttributes"));

    let elsewhere = "https://sqs.eu-west-1.amazonaws.com/111122223333/q".parse().unwrap();
    let queue = EventQueue::new(scene.fake.environment(&scene.clock), elsewhere, scene.heard.clone());
    let polls = scene.fake.calls("ReceiveMessage");
    let Outcome::Failed { fault } = queue.sweep().await.outcome else { panic!("it is in another region") };
    assert!(fault.message.contains("the queue q is in eu-west-1, but the environment is in us-east-1"), "{}", fault.message);
    assert_eq!(scene.fake.calls("ReceiveMessage"), polls, "it is not asked for where it is not");
}

#[tokio::test]
async fn polls_that_are_held_back_stand_in_nobodys_way() {
    let (fake, clock) = (Fake::start(3).await, ManualClock::standing());
    fake.trouble("ReceiveMessage", Trouble::Silence);
    let environment = fake.environment(&clock);
    let held = 2 * collectors::call::IN_FLIGHT;
    let polls: Vec<_> = (0..held)
        .map(|_| {
            let queue = EventQueue::new(environment.clone(), QUEUE.parse().unwrap(), Arc::new(Heard::default()));
            tokio::spawn(async move { queue.sweep().await })
        })
        .collect();
    // the bucket's burst is six polls; the others wait for a token
    while fake.calls("ReceiveMessage") < collectors::call::IN_FLIGHT {
        tokio::task::yield_now().await;
    }
    let ecs = EcsCollector::new(environment, Duration::from_secs(15));
    assert_eq!(ecs.sweep().await.outcome, Outcome::Complete);
    polls.iter().for_each(tokio::task::JoinHandle::abort);
}
