//! A service back to a revision that ran before: what is wanted at 3 a.m.
//!
//! An ACTIVE revision is set as it is. An INACTIVE one can be set on no service any more (ECS API, UpdateService), so an
//! identical copy of it is registered and compared with it, path by path. The trap: this is no undo of ours. What the
//! service runs now may be somebody's repair, so a put-back is never repeated by itself, and it goes forward and back like
//! any other step.

use serde::{Deserialize, Serialize};

use super::{FieldProblem, Observed, Proposal, Proposed, Warning, floor_of};
use crate::rollout::Target;
use crate::rollout::cause::Marks;
use crate::service::{ServiceKey, revision_name};
use crate::text;

/// One service back to an earlier revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PutBack {
    /// The revision, by full ARN.
    pub revision: String,
}

/// What stands before family and number, and the family.
fn parts(arn: &str) -> Option<(&str, &str)> {
    let (place, name) = arn.split_once(":task-definition/")?;
    let (family, number) = name.rsplit_once(':')?;
    let whole = place.starts_with("arn:") && place.split(':').count() == 5;
    (whole && !family.is_empty() && number.parse::<u32>().is_ok_and(|number| number > 0)).then_some((place, family))
}

impl Proposal for PutBack {
    fn title(&self, services: &[&ServiceKey]) -> String {
        let name = services.first().map_or("a service".to_owned(), |key| text::shown(&key.service));
        format!("Put {name} back to {}", text::shown(revision_name(&self.revision)))
    }

    fn problems(&self) -> Vec<FieldProblem> {
        if parts(&self.revision).is_some() {
            return Vec::new();
        }
        let said = format!(
            "The revision must be the full ARN of one, arn:aws:ecs:REGION:ACCOUNT:task-definition/FAMILY:NUMBER; it is \"{}\".",
            text::shown(&self.revision)
        );
        vec![FieldProblem::new("revision", said)]
    }

    fn propose(&self, of: &Observed<'_>) -> Result<Proposed, String> {
        let (name, runs) = (text::shown(revision_name(&self.revision)), of.running.arn());
        let Some(wanted) = of.wanted else { return Err(format!("{name} was not read, so nobody knows what it would run")) };
        if wanted.arn() != self.revision {
            return Err(format!("AWS answered {} when it was asked for {name}; nothing is planned on that", text::shown(wanted.arn())));
        }
        if self.revision == runs {
            return Err(format!("it runs {name} already"));
        }
        let family = |arn| parts(arn).map(|(_, family)| family);
        if family(&self.revision) != family(runs) {
            let runs = text::shown(revision_name(runs));
            return Err(format!(
                "{name} is of another family than {runs}, which it runs: that would be another service, not an earlier one"
            ));
        }
        if parts(&self.revision) != parts(runs) {
            return Err(format!("{name} is a revision of another account or region"));
        }
        let mut warnings: Vec<Warning> = moved(&wanted.images()).into_iter().collect();
        let target = if wanted.is_active() {
            Target::There { arn: self.revision.clone() }
        } else {
            warnings.push(Warning::told(format!("{name} is INACTIVE and cannot be set any more: an identical copy is registered")));
            Target::New(wanted.copy_again().map_err(|refused| refused.to_string())?)
        };
        // images are left out: what going forward has met with one must not hold the way back
        let marks = Marks { template: format!("back to {}", self.revision), images: Vec::new() };
        Ok(Proposed { target, floor: floor_of(&wanted.definition, of.grace), marks, warnings })
    }

    fn repeats(&self) -> bool {
        false
    }

    fn most(&self) -> Option<usize> {
        Some(1)
    }
}

/// ECS looks tags up anew for each deployment, so an earlier revision need not bring the earlier image.
fn moved(images: &[&str]) -> Option<Warning> {
    let by_tag: Vec<String> = images.iter().filter(|image| !image.contains('@')).map(|image| text::shown(image)).collect();
    let (first, more) = by_tag.split_first()?;
    let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    Some(Warning::told(format!("its image {first}{more} is named by a tag, which may have moved since it ran")))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::described;
    use super::*;
    use crate::rollout::definition::Described;
    use crate::rollout::plan::tests::{key, seen};

    const RUNS: &str = "arn:aws:ecs:us-east-1:111122223333:task-definition/auth:23";
    const WANTED: &str = "arn:aws:ecs:us-east-1:111122223333:task-definition/auth:22";

    fn containers(image: &str) -> Value {
        json!([{"name": "main", "image": image, "healthCheck": {"command": ["CMD", "true"]}}])
    }

    fn propose(revision: &str, wanted: Option<&Described>) -> Result<Proposed, String> {
        let (seen, running) = (seen(RUNS), described(RUNS, &containers("auth:2")));
        let shells = Default::default();
        let key = key("auth");
        let of = Observed { key: &key, seen: &seen, running: &running, wanted, grace: 0, classic_load_balancer: true, shells: &shells };
        PutBack { revision: revision.to_owned() }.propose(&of)
    }

    #[test]
    fn a_revision_must_be_named_whole() {
        for (revision, fine) in [
            (WANTED, true),
            ("arn:aws-cn:ecs:cn-north-1:111122223333:task-definition/a:1", true),
            ("auth:22", false),
            ("arn:aws:ecs:us-east-1:111122223333:task-definition/auth", false),
            ("arn:aws:ecs:us-east-1:111122223333:task-definition/auth:0", false),
            ("arn:aws:ecs:us-east-1:111122223333:service/main/auth", false),
            ("", false),
        ] {
            let problems = PutBack { revision: revision.into() }.problems();
            assert_eq!(problems.is_empty(), fine, "{revision}");
            assert!(problems.iter().all(|problem| problem.field == "revision"));
        }
    }

    #[test]
    fn an_active_revision_is_set_and_an_inactive_one_is_copied() {
        let active = described(WANTED, &containers("auth@sha256:ab"));
        let proposed = propose(WANTED, Some(&active)).unwrap();
        assert_eq!(proposed.target, Target::There { arn: WANTED.into() });
        assert_eq!(proposed.floor.detection, 105, "of what it will run");
        assert_eq!(proposed.warnings, []);
        let mut inactive = described(WANTED, &containers("auth:1"));
        *inactive.definition.pointer_mut("/status").unwrap() = json!("INACTIVE");
        let proposed = propose(WANTED, Some(&inactive)).unwrap();
        let Target::New(copy) = &proposed.target else { panic!("a copy") };
        assert_eq!((copy.planned.len(), copy.of.as_deref()), (0, Some(&inactive)));
        let said: Vec<&str> = proposed.warnings.iter().map(|warning| warning.said.as_str()).collect();
        assert_eq!(
            said,
            [
                "its image auth:1 is named by a tag, which may have moved since it ran",
                "auth:22 is INACTIVE and cannot be set any more: an identical copy is registered"
            ]
        );
    }

    #[test]
    fn what_cannot_be_put_back_says_why() {
        let at = |arn: &str| described(arn, &containers("auth:1"));
        let other = "arn:aws:ecs:us-east-1:111122223333:task-definition/settings:2";
        let abroad = "arn:aws:ecs:eu-west-1:111122223333:task-definition/auth:22";
        for (revision, wanted, said) in [
            (WANTED, None, "auth:22 was not read"),
            (WANTED, Some(at(other)), "AWS answered"),
            (RUNS, Some(at(RUNS)), "it runs auth:23 already"),
            (other, Some(at(other)), "settings:2 is of another family than auth:23"),
            (abroad, Some(at(abroad)), "auth:22 is a revision of another account or region"),
        ] {
            let why = propose(revision, wanted.as_ref()).unwrap_err();
            assert!(why.starts_with(said), "{why}");
        }
    }
}
