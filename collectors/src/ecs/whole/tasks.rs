//! The tasks of one service: those that are not stopped, and those stopped that ECS still tells of.
//!
//! The trap: a task may stop between the list and its description. It then stands with the stopped ones, whichever list
//! named it, so that a reading never shows it as running.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_ecs::types::DesiredStatus;
use domain::rollout::seen::Part;
use domain::service::Task;
use domain::source::{Fault, FaultKind};

use super::{Look, part, told};
use crate::ecs::map;
use crate::ecs::pages::{batches, pages};
use crate::operations::{DESCRIBE_TASKS, LIST_TASKS};

/// The most pages of a hundred tasks that are read of either list. A service with more of them can not be looked at every few
/// seconds without taking the account's rate from everybody else.
pub(super) const MOST_PAGES: usize = 10;

impl Look<'_> {
    /// The tasks that are not stopped, and those that are.
    pub(super) async fn tasks(&self) -> (Part<Vec<Task>>, Part<Vec<Task>>) {
        let (running, stopped) = futures::join!(self.list(DesiredStatus::Running), self.list(DesiredStatus::Stopped));
        let arns: BTreeSet<String> = running.iter().chain(&stopped).flatten().cloned().collect();
        let (tasks, fault) = self.describe(arns.into_iter().collect()).await;
        if let Some(fault) = fault {
            // a list that failed says so itself
            let why = |listed: Result<Vec<String>, Fault>| Part::Missing(told(listed.as_ref().err().unwrap_or(&fault)));
            return (why(running), why(stopped));
        }
        let (ended, alive): (Vec<Task>, Vec<Task>) = tasks.into_iter().partition(Task::has_stopped);
        (part(running.map(|_| alive)), part(stopped.map(|_| ended)))
    }

    async fn list(&self, status: DesiredStatus) -> Result<Vec<String>, Fault> {
        let Self { connection, tally, cluster, service } = self;
        let (status, asked) = (&status, &AtomicUsize::new(0));
        let (arns, fault) = pages(|token| async move {
            if asked.fetch_add(1, Ordering::Relaxed) >= MOST_PAGES {
                let message = format!("the service has more than {} of these tasks, too many to look at one by one", MOST_PAGES * 100);
                return Err(Fault::new(FaultKind::TooLarge, Some(LIST_TASKS.name), &message));
            }
            let call = || {
                let list = connection.ecs.list_tasks().cluster(*cluster).service_name(*service).desired_status(status.clone());
                list.max_results(100).set_next_token(token.clone()).send()
            };
            let answer = connection.caller.call(LIST_TASKS, tally, call).await?;
            Ok((answer.task_arns.unwrap_or_default(), answer.next_token))
        })
        .await;
        fault.map_or(Ok(arns), Err)
    }

    async fn describe(&self, arns: Vec<String>) -> (Vec<Task>, Option<Fault>) {
        let Self { connection, tally, cluster, .. } = self;
        batches(arns, 100, |hundred| async move {
            let call = || connection.ecs.describe_tasks().cluster(*cluster).set_tasks(Some(hundred.clone())).send();
            let answer = connection.caller.call(DESCRIBE_TASKS, tally, call).await?;
            Ok(answer.tasks.unwrap_or_default().into_iter().filter_map(map::task).collect())
        })
        .await
    }
}
