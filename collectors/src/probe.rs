//! Tries every declared operation once, with a request that changes nothing, for `signalbox doctor`.
//!
//! Separate from the collectors because it wants the opposite: a collector goes round what it may not do, this has to
//! meet each refusal by name. Where a list is denied, what it would have listed is made up: AWS checks the permission
//! before the name, so "there is no such task" says that asking is permitted. The trap: a policy narrowed to clusters
//! permits only those, so made-up names stand within the real clusters.

mod alarms;
mod ecs;
mod logs;
mod metrics;
mod queue;

use std::error::Error;
use std::future::Future;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use domain::source::{Fault, FaultKind};

use crate::aws::{AwsEnvironment, Connection};
use crate::call::Tally;
use crate::operations::{self, GET_CALLER_IDENTITY, On, Operation};

/// What an environment answered.
#[derive(Clone, Debug)]
pub struct Probed {
    /// The region it was asked in.
    pub region: String,
    /// The caller's ARN, where STS told it.
    pub caller: Option<String>,
    /// Its account.
    pub account: Option<String>,
    /// AWS's clock minus ours in milliseconds, where any answer told it.
    pub skew_ms: Option<i64>,
    /// Every declared operation that the environment needs, at least once.
    pub tried: Vec<Tried>,
    /// Why nothing can arrive in the event queue, though it can be read.
    pub closed_queue: Option<String>,
}

/// One operation, tried on one thing.
#[derive(Clone, Debug)]
pub struct Tried {
    /// Which.
    pub operation: Operation,
    /// On what: a cluster's name; empty where it is about the whole account.
    pub on: String,
    /// How it went.
    pub answer: Answer,
}

/// How a trial went.
#[derive(Clone, Debug)]
pub enum Answer {
    /// It is permitted; what came back, in a few words.
    Works(String),
    /// It is not, or something is in the way.
    Fails(Fault),
    /// It was not tried, and why.
    Untried(String),
}

impl AwsEnvironment {
    /// Tries everything.
    ///
    /// # Errors
    /// There is no region to ask in.
    pub async fn probe(&self) -> Result<Probed, Fault> {
        let connection = self.connection().await?;
        let mut first = Trial::new(connection);
        let whoami = first
            .ask(
                GET_CALLER_IDENTITY,
                "",
                &[],
                || connection.sts.get_caller_identity().send(),
                |caller| format!("{} of account {}", caller.arn().unwrap_or("a caller without ARN"), caller.account().unwrap_or("?")),
            )
            .await;
        let refused = first.tried.iter().find_map(|tried| match &tried.answer {
            Answer::Fails(fault) if fault.kind == FaultKind::Credentials => Some(fault.clone()),
            _ => None,
        });
        let mut tried = first.tried;
        let closed_queue = if refused.is_some() {
            // every other call would be refused with the same words, and hide what is wrong
            tried.extend(self.untried(&tried, "the credentials are refused"));
            None
        } else {
            let ecs_and_logs = async {
                let (mut tried, stream) = ecs::tried(connection, &self.scope().clusters).await;
                tried.extend(logs::tried(connection, stream).await);
                tried
            };
            let queue = async {
                match &self.scope().events_queue {
                    Some(queue) => queue::tried(connection, queue).await,
                    None => (Vec::new(), None),
                }
            };
            let (ecs_and_logs, alarms, metrics, (queue, closed)) =
                futures::join!(ecs_and_logs, alarms::tried(connection), metrics::tried(self, connection), queue);
            tried.extend(ecs_and_logs);
            tried.extend(alarms);
            tried.extend(metrics);
            tried.extend(queue);
            tried.extend(self.untried(&tried, "no trial of it is written: please report this"));
            closed
        };
        tried.sort_by_key(|tried| operations::ALL.iter().position(|known| *known == tried.operation));
        let (caller, account) = whoami.map(|caller| (caller.arn, caller.account)).unwrap_or_default();
        Ok(Probed { region: connection.region.clone(), caller, account, skew_ms: self.skew_ms(), tried, closed_queue })
    }

    /// Declared operations that are needed here and not among the tried ones.
    fn untried(&self, tried: &[Tried], why: &str) -> Vec<Tried> {
        let needed = operations::ALL.iter().filter(|operation| operation.on != On::Queue || self.scope().events_queue.is_some());
        let missing = needed.filter(|operation| tried.iter().all(|tried| tried.operation != **operation));
        missing.map(|operation| Tried { operation: *operation, on: String::new(), answer: Answer::Untried(why.to_owned()) }).collect()
    }
}

/// Trials of one API, one after the other.
struct Trial<'a> {
    connection: &'a Connection,
    tally: Tally,
    tried: Vec<Tried>,
    /// Set once nothing answers there: the rest would only wait for the same silence.
    gone: bool,
}

impl<'a> Trial<'a> {
    fn new(connection: &'a Connection) -> Self {
        Self { connection, tally: Tally::default(), tried: Vec::new(), gone: false }
    }

    /// Tries one. `absent` are the error codes that say "permitted, but there is no such thing".
    async fn ask<T, E, Call, Reply>(
        &mut self,
        operation: Operation,
        on: &str,
        absent: &[&str],
        call: Call,
        says: impl FnOnce(&T) -> String,
    ) -> Option<T>
    where
        Call: Fn() -> Reply,
        Reply: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        let note = |answer| Tried { operation, on: on.to_owned(), answer };
        if self.gone {
            self.tried.push(note(Answer::Untried(format!("{} does not answer, see above", operation.service()))));
            return None;
        }
        match self.connection.caller.call(operation, &self.tally, call).await {
            Ok(answer) => {
                self.tried.push(note(Answer::Works(says(&answer))));
                Some(answer)
            }
            Err(fault) if absent.iter().any(|code| fault.message.starts_with(code)) && fault.kind != FaultKind::AccessDenied => {
                self.tried.push(note(Answer::Works("permitted; there was nothing to read".to_owned())));
                None
            }
            Err(fault) => {
                self.gone = matches!(fault.kind, FaultKind::Unreachable | FaultKind::TimedOut | FaultKind::Remote);
                self.tried.push(note(Answer::Fails(fault)));
                None
            }
        }
    }
}
