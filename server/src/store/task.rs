//! One task, running or not any more.

use domain::Timestamp;
use domain::service::{ServiceKey, Task, TaskDefinition};
use domain::source::SourceKind;
use domain::view::TaskPage;

use super::service::{definition, listed_arn, stop, task_row, tasks};
use super::{Store, StoreError, parse, revision, sources};

impl Store {
    /// The page of one task, without its log, with what is needed to find that; nothing if the service never had it.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn task_page(
        &self,
        key: &ServiceKey,
        id: &str,
        same_time: bool,
        now: Timestamp,
    ) -> Result<Option<(TaskPage, Task, Option<TaskDefinition>)>, StoreError> {
        let mut snapshot = self.read().await?;
        let Some(service) = listed_arn(&mut snapshot, key).await? else { return Ok(None) };
        let source = format!("ecs:{}", key.environment);
        // arn:aws:ecs:region:account:service/… → …:task/cluster/id, or as accounts with old ARNs have it, :task/id
        let prefix = service.rsplit_once(':').map_or("", |(prefix, _)| prefix);
        let (arn, short) = (format!("{prefix}:task/{}/{id}", key.cluster), format!("{prefix}:task/{id}"));
        let row = sqlx::query!(
            "SELECT body, valid_to FROM interval WHERE noun = 'task' AND source = ? AND cluster = ? AND name IN (?, ?) ORDER BY valid_from DESC, id DESC LIMIT 1",
            source,
            key.cluster,
            arn,
            short,
        )
        .fetch_optional(&mut *snapshot)
        .await?;
        let stop = stop(&mut snapshot, &arn, &short).await?;
        let (task, ended) = match (row, &stop) {
            (Some(row), _) => (parse::<Task>("task", &row.body)?, row.valid_to.map(Timestamp::from_micros)),
            // a task that lived and died between two sweeps is known by its stop alone
            (None, Some((task, stop))) => (task.clone(), Some(stop.stopped)),
            (None, None) => return Ok(None),
        };
        if task.service.as_deref() != Some(key.service.as_str()) {
            return Ok(None);
        }
        let definition = definition(&mut snapshot, task.revision.as_deref()).await?;
        let (open, _) = tasks(&mut snapshot, key, same_time).await?;
        let health = sources::health_list(&mut snapshot).await?;
        let ecs = health.iter().find(|health| health.id.kind == SourceKind::Ecs && health.id.scope == key.environment);
        let page = TaskPage {
            revision: revision(&mut snapshot).await?,
            service: key.clone(),
            row: open.into_iter().find(|row| row.id == task.id()).unwrap_or_else(|| task_row(&task)),
            arn: task.arn.clone(),
            containers: task.containers.clone(),
            ended,
            stop: stop.map(|(_, stop)| stop),
            tail: None,
            stale: ecs.and_then(|health| health.stale(now)),
        };
        Ok(Some((page, task, definition)))
    }
}
