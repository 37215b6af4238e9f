//! Whether an image has a shell, as far as something that was seen proves it.
//!
//! `CMD-SHELL` is a line for the `/bin/sh` of the image. ECS tells nobody why a check failed: neither its exit code nor what it
//! printed ever leaves the host, so a failed check proves nothing here. What does is a check by `CMD-SHELL` that passes, and a
//! container whose own command was a shell and that could not be started, in the words of its runtime. Separate from
//! [`super::cause`], which asks what a stop was about and not what it says of an image. The trap is a name that stays while the
//! image behind it changes: only digests are compared.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::definition::Described;
use super::seen::ServiceSeen;
use crate::service::{Container, Health, Task};

/// Words of container runtimes for a program that the image does not hold.
pub const NOT_THERE: [&str; 2] = ["executable file not found", "no such file or directory"];

/// A program that a container's runtime could not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotRun<'a> {
    /// As it was asked for.
    pub program: &'a str,
    /// Whether the image does not hold it; else it holds it and may not run it.
    pub absent: bool,
}

/// The program that could not be run, where a reason tells of one: `exec: "/bin/sh": stat /bin/sh: no such file or directory`.
/// A directory to be mounted that is not there is told in the same words, without `exec`.
pub fn not_run(reason: &str) -> Option<NotRun<'_>> {
    reason.split("exec: ").skip(1).find_map(|rest| {
        // some daemons quote what the runtime had quoted
        let (program, why) = rest.trim_start_matches('\\').strip_prefix('"')?.split_once('"')?;
        let absent = NOT_THERE.iter().any(|words| why.contains(words));
        let told = absent || why.contains("permission denied");
        told.then_some(NotRun { program: program.trim_end_matches('\\'), absent })
    })
}

/// By container of what a service runs, whether its image has a shell; whoever is not in it is not known. `stops` are of any
/// service, beside those that ECS itself still tells of.
pub fn known(runs: &Described, seen: &ServiceSeen, stops: &[Task]) -> BTreeMap<String, bool> {
    let told = seen.stopped.read().into_iter().flatten();
    let without: BTreeSet<&str> = told.chain(stops).flat_map(without_shell).collect();
    let tasks = seen.tasks.read().into_iter().flatten();
    let running: Vec<&Task> = tasks.filter(|task| task.last_status == "RUNNING" && task.revision.as_deref() == Some(runs.arn())).collect();
    let containers = runs.definition.get("containerDefinitions").and_then(Value::as_array);
    let of = |container: &Value| {
        let name = container.get("name")?.as_str()?;
        let mine: Vec<&Container> = running.iter().flat_map(|task| task.containers.iter()).filter(|one| one.name == name).collect();
        let by_shell = container.pointer("/healthCheck/command/0").and_then(Value::as_str) == Some("CMD-SHELL");
        if by_shell && mine.iter().any(|one| one.health == Health::Healthy) {
            return Some((name.to_owned(), true));
        }
        let named = container.get("image").and_then(Value::as_str).and_then(digest);
        let mut digests = mine.iter().filter_map(|one| one.digest.as_deref()).chain(named);
        digests.any(|digest| without.contains(digest)).then(|| (name.to_owned(), false))
    };
    containers.into_iter().flatten().filter_map(of).collect()
}

/// Digests of the images that a stop proves to have no shell.
fn without_shell(stop: &Task) -> impl Iterator<Item = &str> {
    // the task's own reason does not say which container it is about
    let only = stop.stopped_reason.as_deref().filter(|_| stop.containers.len() == 1);
    let lacks = move |container: &&Container| container.reason.as_deref().into_iter().chain(only).any(is_of_shell);
    stop.containers.iter().filter(lacks).flat_map(digests)
}

/// Whether a reason says that there is no shell. Another shell that is not there says nothing: images with `sh` alone are common.
fn is_of_shell(reason: &str) -> bool {
    not_run(reason).is_some_and(|not_run| not_run.absent && matches!(not_run.program, "sh" | "/bin/sh"))
}

/// What a container's image is told by: what really ran, and what its definition names.
fn digests(container: &Container) -> impl Iterator<Item = &str> {
    container.digest.as_deref().into_iter().chain(container.image.as_deref().and_then(digest))
}

fn digest(image: &str) -> Option<&str> {
    image.split_once('@').map(|(_, digest)| digest)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::change::tests::described;
    use crate::rollout::plan::tests::seen;
    use crate::rollout::seen::Part;

    const ARN: &str = "arn:aws:ecs:us-east-1:111122223333:task-definition/auth:22";
    const NO_SHELL: &str = "CannotStartContainerError: OCI runtime create failed: runc create failed: unable to start container process: exec: \
                            \"/bin/sh\": stat /bin/sh: no such file or directory: unknown";

    #[test]
    fn the_program_that_could_not_be_run_is_found_in_the_runtimes_words() {
        for (reason, expected) in [
            (NO_SHELL, Some(("/bin/sh", true))),
            (r#"caused: "exec: \"sh\": executable file not found in $PATH": unknown"#, Some(("sh", true))),
            (r#"exec failed: exec: "curl": executable file not found in $PATH: unknown"#, Some(("curl", true))),
            (r#"exec: "/app/run": permission denied: unknown"#, Some(("/app/run", false))),
            (r#"exec: "/app/run": exec format error"#, None),
            (r#"error mounting "/data" to rootfs: stat /data: no such file or directory"#, None),
            ("exec: curl", None),
            ("Task failed container health checks", None),
        ] {
            assert_eq!(not_run(reason).map(|not_run| (not_run.program, not_run.absent)), expected, "{reason}");
        }
    }

    fn container(digest: Option<&str>, reason: Option<&str>, health: Health) -> Container {
        Container {
            name: "main".into(),
            image: Some("auth:1".into()),
            digest: digest.map(str::to_owned),
            reason: reason.map(str::to_owned),
            health,
            ..Container::default()
        }
    }

    /// A service of one task; its image by the name `image`, and what a check by `kind` says.
    fn asked(kind: &str, image: &str, digest: Option<&str>, health: Health, stops: &[Task]) -> Option<bool> {
        let runs = described(ARN, &json!([{"name": "main", "image": image, "healthCheck": {"command": [kind, "true"]}}]));
        let task = Task {
            revision: Some(ARN.into()),
            last_status: "RUNNING".into(),
            containers: vec![container(digest, None, health)],
            ..Task::default()
        };
        known(&runs, &ServiceSeen { tasks: Part::Read(vec![task]), ..seen(ARN) }, stops).get("main").copied()
    }

    fn stop(digest: Option<&str>, reason: &str) -> Task {
        Task { last_status: "STOPPED".into(), containers: vec![container(digest, Some(reason), Health::Unknown)], ..Task::default() }
    }

    #[test]
    fn an_image_has_a_shell_where_a_check_by_it_passes() {
        for (kind, health, expected) in [
            ("CMD-SHELL", Health::Healthy, Some(true)),
            ("CMD-SHELL", Health::Unhealthy, None),
            ("CMD-SHELL", Health::Unknown, None),
            ("CMD", Health::Healthy, None),
        ] {
            assert_eq!(asked(kind, "auth:1", Some("sha256:a"), health, &[]), expected, "{kind} {health:?}");
        }
        // what was seen to work outweighs what was said of it
        assert_eq!(asked("CMD-SHELL", "auth:1", Some("sha256:a"), Health::Healthy, &[stop(Some("sha256:a"), NO_SHELL)]), Some(true));
    }

    #[test]
    fn an_image_has_none_where_a_shell_could_not_be_started_in_the_very_same() {
        let no_bash = r#"exec: "bash": executable file not found in $PATH"#;
        for (image, runs, stopped, reason, expected) in [
            ("auth:1", Some("sha256:a"), Some("sha256:a"), NO_SHELL, Some(false)),
            ("auth@sha256:a", None, Some("sha256:a"), NO_SHELL, Some(false)),
            ("auth:1", Some("sha256:b"), Some("sha256:a"), NO_SHELL, None),
            // the same name, and nobody knows whether of the same image
            ("auth:1", None, Some("sha256:a"), NO_SHELL, None),
            ("auth:1", Some("sha256:a"), None, NO_SHELL, None),
            ("auth:1", Some("sha256:a"), Some("sha256:a"), no_bash, None),
            ("auth:1", Some("sha256:a"), Some("sha256:a"), r#"exec: "/bin/sh": permission denied"#, None),
            ("auth:1", Some("sha256:a"), Some("sha256:a"), r#"exec: "/bin/sh -c true": no such file or directory"#, None),
        ] {
            let found = asked("CMD", image, runs, Health::Unknown, &[stop(stopped, reason)]);
            assert_eq!(found, expected, "{image} {runs:?} {stopped:?} {reason}");
        }
    }

    #[test]
    fn the_tasks_own_reason_is_about_its_only_container() {
        let quiet = |digest| container(Some(digest), None, Health::Unknown);
        for (containers, expected) in [(vec![quiet("sha256:a")], Some(false)), (vec![quiet("sha256:a"), quiet("sha256:b")], None)] {
            let stop = Task { stopped_reason: Some(NO_SHELL.into()), containers, ..Task::default() };
            assert_eq!(asked("CMD", "auth:1", Some("sha256:a"), Health::Unknown, &[stop]), expected);
        }
    }

    #[test]
    fn what_ecs_still_tells_of_the_service_itself_counts_too() {
        let runs = described(ARN, &json!([{"name": "main", "image": "auth@sha256:a"}]));
        let stopped = Part::Read(vec![stop(Some("sha256:a"), NO_SHELL)]);
        assert_eq!(known(&runs, &ServiceSeen { stopped, ..seen(ARN) }, &[]), BTreeMap::from([("main".to_owned(), false)]));
        assert_eq!(known(&runs, &seen(ARN), &[]), BTreeMap::new());
    }
}
