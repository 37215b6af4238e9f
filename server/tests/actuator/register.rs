//! Registering a revision: what is sent, what is kept of it, what comes back.

use domain::rollout::{Effect, INTENT_TAG};

use crate::site::*;

#[tokio::test]
async fn a_copy_is_read_back_equal_with_its_tags() {
    let site = Site::calm().await;
    let prior = site.reader.read_revision(&site.read().await.seen.revision).await.unwrap();
    assert!(!prior.tags.is_empty(), "the yard's revisions have tags, or nothing is proven here");
    let (effect, copy) = site.registration().await;
    let (outcome, asked) = site.counted(site.perform(&effect)).await;
    let arn = done(outcome);
    assert_eq!(asked.get("ecs:RegisterTaskDefinition"), Some(&1));
    let back = site.reader.read_revision(&arn).await.unwrap();
    assert_eq!((back.arn(), back.is_active()), (arn.as_str(), true));
    assert_eq!(copy.differences(&prior, &back, &prior.tags), Vec::<String>::new());
    assert_eq!(back.tags.get(INTENT_TAG).map(String::as_str), Some("r1/0"));
    assert_eq!(back.tags.len(), prior.tags.len() + 1);
    assert_eq!(site.read().await.seen.revision, prior.arn(), "no service moves by that");
}

#[tokio::test]
async fn each_registration_makes_one_revision() {
    let site = Site::calm().await;
    let (effect, _) = site.registration().await;
    let first = done(site.perform(&effect).await);
    let second = done(site.perform(&effect).await);
    assert_ne!(first, second, "so nothing is ever registered twice without looking");
}

#[tokio::test]
async fn what_ecs_refuses_of_a_definition_is_refused_for_good() {
    let site = Site::calm().await;
    let (Effect::Register { mut request, tags }, _) = site.registration().await else { panic!("no registration") };
    request["containerDefinitions"][0]["healthCheck"]["interval"] = 4.into();
    let refusal = refused(site.perform(&Effect::Register { request, tags: tags.clone() }).await);
    assert!(!refusal.passes && refusal.said.contains("interval must be between 5 and 300") && !refusal.next.is_empty(), "{refusal:?}");
    let (outcome, asked) = site.counted(site.perform(&Effect::Register { request: "nothing".into(), tags })).await;
    assert!(!refused(outcome).passes && asked.is_empty(), "{asked:?}");
}
