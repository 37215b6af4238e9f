//! What services do with JetStream: a few streams, durable consumers of them, and after the calm the three ways in which a consumer goes wrong in silence.
//!
//! Every task of an owner does the owner's work over its own connection, so that no connection is there for the sake of the simulation. Asked by JetStream's own API messages:
//! four kinds of request are all that is needed.
//! The trap: whatever is asked may get no answer, because a leader is being elected or a node is gone. Every step is asked for again.

use std::{sync::Arc, time::Duration};

use async_nats::Client;
use futures::{StreamExt, future::join_all};
use serde_json::{Value, json};

use crate::clock::Clock;

/// A stream, and the service that owns it.
struct Stream {
    name: &'static str,
    subjects: &'static str,
    owner: &'static str,
}

const STREAMS: [Stream; 3] = [
    Stream { name: "GAME_EVENTS", subjects: "gaming.events.>", owner: "event-bus-nats" },
    Stream { name: "WORLD_STATE", subjects: "gaming.world.>", owner: "world-state-nats" },
    Stream { name: "PAYMENTS", subjects: "gaming.payments.>", owner: "payment-nats" },
];

/// How a consumer goes wrong once the calm is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    Never,
    /// Takes far fewer than come.
    FallsBehind,
    /// Takes and never says that it is done: silent once it holds as many as it may.
    NeverAcks,
    /// Nobody asks any more.
    Deserted,
}

struct Consumer {
    stream: &'static str,
    name: &'static str,
    owner: &'static str,
    trouble: Trouble,
}

const CONSUMERS: [Consumer; 6] = [
    Consumer { stream: "GAME_EVENTS", name: "quest-system-nats", owner: "quest-system-nats", trouble: Trouble::Never },
    Consumer { stream: "GAME_EVENTS", name: "story-teller-nats", owner: "story-teller-nats", trouble: Trouble::FallsBehind },
    Consumer { stream: "GAME_EVENTS", name: "npc-behavior-nats-events", owner: "npc-behavior-nats", trouble: Trouble::NeverAcks },
    // told by its metadata alone
    Consumer { stream: "GAME_EVENTS", name: "archive", owner: "environmental-narrative-nats", trouble: Trouble::Deserted },
    Consumer { stream: "WORLD_STATE", name: "state-manager-nats", owner: "state-manager-nats", trouble: Trouble::Never },
    Consumer { stream: "PAYMENTS", name: "auth-nats-receipts", owner: "auth-nats", trouble: Trouble::Never },
];

/// As many messages as a stream keeps: a demo may run for days.
const KEPT: u64 = 20_000;
/// What a consumer may hold without having said that it is done with it.
const MOST_UNACKNOWLEDGED: u64 = 25;
/// Real time, as all that concerns the real nodes.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(1);
const PULL_LASTS: Duration = Duration::from_secs(30);
/// How long one that falls behind needs for each message, in the yard's time.
const SLOW: Duration = Duration::from_secs(45);

/// The subject on which a service publishes its `turn`-th message into a stream; none when it publishes none now.
pub(super) fn publishes(service: &str, turn: u64) -> Option<String> {
    match service {
        "world-state-nats" => Some("gaming.world.tick".to_owned()),
        "payment-nats" => Some("gaming.payments.settled".to_owned()),
        _ => turn.is_multiple_of(5).then(|| format!("gaming.events.{service}")),
    }
}

/// What a task of a service does all its life besides answering requests. It never ends by itself.
pub(super) struct Work {
    pub(super) client: Client,
    pub(super) service: String,
    pub(super) nodes: usize,
    pub(super) clock: Arc<dyn Clock>,
    /// From when on things go wrong; none: never.
    pub(super) restless_at: Option<i64>,
}

impl Work {
    pub(super) async fn go_on(&self) {
        for stream in STREAMS.iter().filter(|stream| stream.owner == self.service) {
            let config = json!({
                "name": stream.name, "subjects": [stream.subjects], "retention": "limits", "storage": "file", "discard": "old",
                "max_msgs": KEPT, "num_replicas": self.replicas(), "metadata": {"owner": stream.owner},
            });
            self.ensure(format!("$JS.API.STREAM.CREATE.{}", stream.name), &config).await;
        }
        join_all(CONSUMERS.iter().filter(|consumer| consumer.owner == self.service).map(|consumer| self.consume(consumer))).await;
        std::future::pending().await
    }

    /// Of fewer than three nodes none can be missing anyway.
    fn replicas(&self) -> usize {
        if self.nodes < 3 { 1 } else { 3 }
    }

    /// Asks until the answer is not an error. What is there already in the same form is no error.
    async fn ensure(&self, subject: String, config: &Value) {
        loop {
            if let Ok(answer) = self.client.request(subject.clone(), config.to_string().into()).await {
                let answer: Value = serde_json::from_slice(&answer.payload).unwrap_or_default();
                match answer.get("error") {
                    None => return,
                    Some(error) => tracing::debug!(%error, subject, "JetStream refused for now"),
                }
            }
            pause(ASK_AGAIN_AFTER).await;
        }
    }

    async fn consume(&self, consumer: &Consumer) {
        let ack_wait: u64 = if consumer.trouble == Trouble::NeverAcks { 3_600_000_000_000 } else { 120_000_000_000 };
        let config = json!({"stream_name": consumer.stream, "config": {
            "name": consumer.name, "durable_name": consumer.name, "ack_policy": "explicit", "deliver_policy": "all", "ack_wait": ack_wait,
            "max_ack_pending": MOST_UNACKNOWLEDGED, "metadata": {"owner": consumer.owner},
        }});
        self.ensure(format!("$JS.API.CONSUMER.CREATE.{}.{}", consumer.stream, consumer.name), &config).await;
        loop {
            let trouble = if self.is_restless() { consumer.trouble } else { Trouble::Never };
            if trouble == Trouble::Deserted {
                return;
            }
            if trouble == Trouble::FallsBehind {
                self.clock.sleep(SLOW).await;
            }
            if self.pull(consumer, trouble).await.is_none() {
                pause(ASK_AGAIN_AFTER).await;
            }
        }
    }

    fn is_restless(&self) -> bool {
        self.restless_at.is_some_and(|at| self.clock.now_micros() >= at)
    }

    /// Asks for messages once and takes what comes; none when the asking failed.
    async fn pull(&self, consumer: &Consumer, trouble: Trouble) -> Option<()> {
        let batch = if trouble == Trouble::FallsBehind { 1 } else { 10 };
        let inbox = self.client.new_inbox();
        let mut messages = self.client.subscribe(inbox.clone()).await.ok()?;
        let asked = json!({"batch": batch, "expires": u64::try_from(PULL_LASTS.as_nanos()).unwrap_or(u64::MAX)});
        let subject = format!("$JS.API.CONSUMER.MSG.NEXT.{}.{}", consumer.stream, consumer.name);
        self.client.publish_with_reply(subject, inbox, asked.to_string().into()).await.ok()?;
        let mut taken = 0;
        // a node that went takes the asking with it: then nothing comes, not even the end
        while let Ok(Some(message)) = tokio::time::timeout(PULL_LASTS + ASK_AGAIN_AFTER, messages.next()).await {
            if message.status.is_some() {
                break;
            }
            if let Some(reply) = message.reply.filter(|_| trouble != Trouble::NeverAcks) {
                self.client.publish(reply, "+ACK".into()).await.ok()?;
            }
            taken += 1;
            if taken == batch {
                break;
            }
        }
        Some(())
    }
}

/// Lets real time pass.
async fn pause(length: Duration) {
    drop(tokio::time::timeout(length, std::future::pending::<()>()).await);
}
