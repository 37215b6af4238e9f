//! Why a step failed, and which other services share that.
//!
//! A stopped task tells why in several fields and ECS's own failure counter mixes all of them, resets and misses (it calls a
//! task that could not be placed and one whose check fails the same). Here each stop is one kind, and only those that are the
//! change's doing count: no room holds, and a lost host is nobody's failure.

use serde::{Deserialize, Serialize};

use super::shell::not_run;
use crate::service::Task;
use crate::text;

/// What kind of thing happened to a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Its health check failed.
    Health,
    /// A program is not in the image, or cannot be run (exit 126 or 127): its own, or its health check's.
    Command,
    /// A container exited by itself.
    Exit,
    /// Its image could not be pulled.
    Image,
    /// It could not start for another reason: a secret, a volume, a network interface.
    Start,
    /// An alarm of the service went on.
    Alarm,
    /// It lost its connections and did not get them back. Nothing is judged so by itself: NATS may be what is away, for everybody,
    /// and going back would mend nothing. So a step waits for its connections, and a person is told.
    Connections,
    /// AWS took the deployment back by itself.
    TakenBackByAws,
    /// Somebody else changed the service.
    Foreign,
    /// A person took it back.
    Person,
    /// There was no room for it.
    Capacity,
    /// Its host was taken away: spot, maintenance.
    Host,
    /// Stopped because it was replaced or no longer wanted.
    Replaced,
}

impl Kind {
    /// Whether it is a failure of what was rolled out.
    pub const fn failure(self) -> bool {
        matches!(
            self,
            Self::Health | Self::Command | Self::Exit | Self::Image | Self::Start | Self::Alarm | Self::Connections | Self::TakenBackByAws
        )
    }

    /// Whether another service with the same template or image would meet the same, so that no budget covers it.
    pub const fn shared(self) -> bool {
        matches!(self, Self::Command | Self::Image)
    }

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Health => "health",
            Self::Command => "command",
            Self::Exit => "exit",
            Self::Image => "image",
            Self::Start => "start",
            Self::Alarm => "alarm",
            Self::Connections => "connections",
            Self::TakenBackByAws => "taken_back_by_aws",
            Self::Foreign => "foreign",
            Self::Person => "person",
            Self::Capacity => "capacity",
            Self::Host => "host",
            Self::Replaced => "replaced",
        }
    }
}

/// Why a step was taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// What kind of thing.
    pub kind: Kind,
    /// In one sentence, with the words of ECS.
    pub said: String,
}

impl Cause {
    /// A cause.
    pub fn new(kind: Kind, said: impl Into<String>) -> Self {
        Self { kind, said: said.into() }
    }

    /// Whether it counts against the budget: what a person or somebody else did is no failure of the change.
    pub const fn counts(&self) -> bool {
        self.kind.failure()
    }
}

/// What a service shares with others, by which a failure of one holds the others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    /// What is done to it, told apart by its text: the health check's command, a revision.
    pub template: String,
    /// Images of its containers without tag and digest.
    pub images: Vec<String>,
}

/// A failure on record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownCause {
    /// The rollout in which it happened.
    pub rollout: String,
    /// The service it happened to.
    pub service: String,
    /// What happened.
    pub cause: Cause,
    /// What that service shares with others.
    pub marks: Marks,
}

impl KnownCause {
    /// Whether a service with these marks must expect the same.
    pub fn expects(&self, marks: &Marks) -> bool {
        let template = !self.marks.template.is_empty() && self.marks.template == marks.template;
        let image = || self.marks.images.iter().any(|image| marks.images.contains(image));
        match self.cause.kind {
            Kind::Image => image(),
            _ => template || (self.cause.kind.shared() && image()),
        }
    }
}

/// An image without tag and digest: what services built from the same place share.
pub fn repository(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    match image.rsplit_once(':') {
        // a colon before a slash is a port of the registry
        Some((name, tag)) if !tag.contains('/') => name,
        _ => image,
    }
}

/// What kind of end a stopped task had.
pub fn kind_of(task: &Task) -> Kind {
    let reason = task.stopped_reason.as_deref().unwrap_or_default();
    let reasons = || task.containers.iter().filter_map(|container| container.reason.as_deref()).chain([reason]);
    let says = |words: &[&str]| reasons().any(|reason| words.iter().any(|word| reason.contains(word)));
    match task.stop_code.as_deref() {
        Some("SpotInterruption" | "TerminationNotice" | "InfrastructureHealth") => return Kind::Host,
        Some("UserInitiated") => return Kind::Person,
        _ => {}
    }
    if says(&["CannotPullContainer", "CannotPullImageManifest", "ImageNotFound", "pull access denied"]) {
        return Kind::Image;
    }
    if says(&["RESOURCE:", "Capacity is unavailable", "insufficient", "no Container Instances"]) {
        return Kind::Capacity;
    }
    if reasons().any(|reason| not_run(reason).is_some()) {
        return Kind::Command;
    }
    // of any container: those that are only stopped with it exit by a signal, 137 or 143
    let unrunnable = task.containers.iter().any(|container| matches!(container.exit_code, Some(126 | 127)));
    if reason.contains("health check") {
        return if unrunnable { Kind::Command } else { Kind::Health };
    }
    let exited = if unrunnable { Kind::Command } else { Kind::Exit };
    match task.stop_code.as_deref() {
        Some("TaskFailedToStart") => Kind::Start,
        Some("EssentialContainerExited") => exited,
        Some("ServiceSchedulerInitiated") => Kind::Replaced,
        _ if reason.starts_with("Scaling activity initiated by") => Kind::Replaced,
        _ if task.exit_code().is_some_and(|code| code != 0) => exited,
        _ => Kind::Replaced,
    }
}

/// A stop as a cause.
pub fn of_stop(task: &Task) -> Cause {
    Cause::new(kind_of(task), format!("task {} stopped: {}", text::shown(task.id()), task.stop_phrase()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::Container;

    fn stopped(code: &str, reason: &str, exit: Option<i32>) -> Task {
        Task {
            arn: "arn:aws:ecs:us-east-1:111122223333:task/main/abc".into(),
            last_status: "STOPPED".into(),
            stop_code: Some(code.into()),
            stopped_reason: Some(reason.into()),
            containers: vec![Container { exit_code: exit, ..Container::default() }],
            ..Task::default()
        }
    }

    #[test]
    fn every_stop_is_one_kind() {
        for (code, reason, exit, kind) in [
            ("ServiceSchedulerInitiated", "Task failed container health checks", None, Kind::Health),
            ("ServiceSchedulerInitiated", "Task failed ELB health checks in (target-group arn:x)", None, Kind::Health),
            ("ServiceSchedulerInitiated", "Task failed container health checks", Some(127), Kind::Command),
            ("EssentialContainerExited", "Essential container in task exited", Some(1), Kind::Exit),
            ("EssentialContainerExited", "Essential container in task exited", Some(126), Kind::Command),
            ("EssentialContainerExited", "Essential container in task exited", Some(127), Kind::Command),
            ("TaskFailedToStart", r#"CannotStartContainerError: exec: "sh": executable file not found in $PATH"#, None, Kind::Command),
            ("TaskFailedToStart", r#"CannotStartContainerError: exec: "/app/run": permission denied"#, None, Kind::Command),
            ("TaskFailedToStart", "CannotStartContainerError: stat /data: no such file or directory", None, Kind::Start),
            ("ServiceSchedulerInitiated", "Scaling activity initiated by (deployment ecs-svc/1)", Some(127), Kind::Replaced),
            ("UserInitiated", "Task stopped by user", Some(127), Kind::Person),
            ("TaskFailedToStart", "CannotPullContainerError: pull image manifest has been retried 1 time(s)", None, Kind::Image),
            ("TaskFailedToStart", "RESOURCE:ENI", None, Kind::Capacity),
            ("TaskFailedToStart", "ResourceInitializationError: unable to pull secrets", None, Kind::Start),
            ("SpotInterruption", "Your Spot Task was interrupted.", None, Kind::Host),
            ("UserInitiated", "Task stopped by user", None, Kind::Person),
            ("ServiceSchedulerInitiated", "Scaling activity initiated by (deployment ecs-svc/1)", Some(0), Kind::Replaced),
        ] {
            assert_eq!(kind_of(&stopped(code, reason, exit)), kind, "{code}, {reason}");
        }
    }

    #[test]
    fn a_container_that_is_only_stopped_with_the_others_does_not_hide_why() {
        let exits = |codes: &[i32]| -> Vec<Container> {
            codes.iter().map(|code| Container { exit_code: Some(*code), ..Container::default() }).collect()
        };
        for (codes, kind) in [(&[143, 127], Kind::Command), (&[127, 143], Kind::Command), (&[143, 1], Kind::Exit)] {
            let task = Task { containers: exits(codes), ..stopped("EssentialContainerExited", "Essential container in task exited", None) };
            assert_eq!(kind_of(&task), kind, "{codes:?}");
        }
        // a container's own reason counts as the task's does
        let container =
            Container { reason: Some(r#"exec: "/bin/sh": stat /bin/sh: no such file or directory"#.into()), ..Container::default() };
        let task = Task { containers: vec![container], ..stopped("TaskFailedToStart", "Task failed to start", None) };
        assert_eq!(kind_of(&task), Kind::Command);
    }

    #[test]
    fn only_what_the_change_did_is_a_failure() {
        let failures: Vec<Kind> = [Kind::Capacity, Kind::Host, Kind::Replaced, Kind::Person, Kind::Foreign, Kind::Health]
            .into_iter()
            .filter(|kind| kind.failure())
            .collect();
        assert_eq!(failures, [Kind::Health]);
    }

    #[test]
    fn a_failure_is_expected_where_the_template_is_the_same_or_the_image() {
        let marks = |template: &str, image: &str| Marks { template: template.into(), images: vec![image.into()] };
        let known =
            |kind| KnownCause { rollout: "r".into(), service: "auth".into(), cause: Cause::new(kind, ""), marks: marks("curl", "base") };
        for (kind, template, image, expected) in [
            (Kind::Health, "curl", "other", true),
            (Kind::Health, "wget", "base", false),
            (Kind::Command, "wget", "base", true),
            (Kind::Image, "curl", "other", false),
            (Kind::Image, "wget", "base", true),
        ] {
            assert_eq!(known(kind).expects(&marks(template, image)), expected, "{kind:?} {template} {image}");
        }
        assert!(!KnownCause { marks: Marks::default(), ..known(Kind::Health) }.expects(&Marks::default()));
    }

    #[test]
    fn a_repository_is_an_image_without_tag_and_digest() {
        for (image, name) in [
            ("auth:1", "auth"),
            ("registry:5000/auth", "registry:5000/auth"),
            ("registry:5000/auth:1@sha256:ab", "registry:5000/auth"),
            ("auth@sha256:ab", "auth"),
        ] {
            assert_eq!(repository(image), name);
        }
    }
}
