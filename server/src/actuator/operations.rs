//! Every operation the actuator calls, declared once: how IAM names it, how narrowly IAM can permit it, what it is for.
//!
//! Separate from the calls, like the collectors' list, because `signalbox iam-policy --change` is made from it. Lists and
//! calls are compared by `cargo xtask lint`, and by a test that counts what the yard was asked. The trap: two permissions
//! belong to no call of ours. ECS asks for them when a revision with tags, or whose tasks have roles, is registered.

use collectors::operations::On;

/// An operation that the actuator calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its IAM action: `ecs:UpdateService`.
    pub name: &'static str,
    /// How narrowly IAM can permit it.
    pub on: On,
    /// What it does, in a few words.
    pub gives: &'static str,
}

/// A permission that IAM asks for besides, with one of the operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Besides {
    /// The action: `iam:PassRole`.
    pub action: &'static str,
    /// How it is narrowed, in a few words.
    pub narrowed: &'static str,
    /// What it does, in a few words.
    pub gives: &'static str,
}

/// What a service runs, right before it is told to run something else.
pub const DESCRIBE_SERVICES: Operation =
    Operation { name: "ecs:DescribeServices", on: On::Services, gives: "what a service runs, right before it is changed" };
/// A new revision of a family. IAM would take families here; it is not known beforehand which will be changed.
pub const REGISTER_TASK_DEFINITION: Operation =
    Operation { name: "ecs:RegisterTaskDefinition", on: On::Everything, gives: "registers the changed copy of a revision" };
/// Another revision for a service, or its deployment settings.
pub const UPDATE_SERVICE: Operation =
    Operation { name: "ecs:UpdateService", on: On::Services, gives: "tells a service to run a revision, and back" };
/// Takes a deployment back that is under way.
pub const STOP_SERVICE_DEPLOYMENT: Operation =
    Operation { name: "ecs:StopServiceDeployment", on: On::ServiceDeployments, gives: "takes a deployment back that is under way" };

/// The whole list of calls.
pub const ALL: &[Operation] = &[DESCRIBE_SERVICES, REGISTER_TASK_DEFINITION, UPDATE_SERVICE, STOP_SERVICE_DEPLOYMENT];

/// Tags along with a registration.
pub const TAG_RESOURCE: Besides = Besides {
    action: "ecs:TagResource",
    narrowed: "narrowed to revisions as they are registered",
    gives: "keeps the tags of a copied revision, and marks it as Signalbox's",
};
/// Roles of a revision's tasks.
pub const PASS_ROLE: Besides = Besides {
    action: "iam:PassRole",
    narrowed: "narrowed to the roles given by --pass-role",
    gives: "registers a copy whose tasks have the roles they had before",
};

/// What IAM asks for besides.
pub const BESIDES: &[Besides] = &[TAG_RESOURCE, PASS_ROLE];
