//! What changes a service or a task definition, through the real SDK: who is refused, what is kept, what starts a deployment.

#![expect(clippy::disallowed_methods, reason = "the yard's own tests are the clients of what it lets be changed")]

use aws_sdk_ecs::{
    error::ProvideErrorMetadata,
    types::{
        DeploymentAlarms, DeploymentCircuitBreaker, DeploymentConfiguration, DeploymentController, DeploymentControllerType, Tag,
        TaskDefinitionField, TaskDefinitionStatus, ThresholdConfiguration, ThresholdType,
    },
};
use serde_json::{Value, json};
use yard::Options;

use crate::support::{CLUSTER, SOUND, calm, code, control, copy_with_check, ecs, open, register_with_check};

const SERVICE: &str = "auth-nats";

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build()
}

#[tokio::test]
async fn a_registered_definition_keeps_what_was_sent_and_its_tags_apart() {
    let site = calm().await;
    let mut copy = copy_with_check(&site, SERVICE, SOUND).await;
    copy["futureField"] = json!({"deep": [1, {"er": null}]});
    copy["containerDefinitions"][0]["restartPolicy"] = json!({"enabled": true, "ignoredExitCodes": [0]});
    copy["containerDefinitions"][0]["aFieldOfTomorrow"] = json!("kept");
    copy["tags"] = json!([{"key": "intent", "value": "42"}]);
    let sent = copy.clone();
    let (status, answer) = ecs(&site, "RegisterTaskDefinition", &copy).await;
    assert_eq!((status, &answer["tags"]), (200, &json!([{"key": "intent", "value": "42"}])), "{answer}");
    let registered = &answer["taskDefinition"];
    let arn = registered["taskDefinitionArn"].as_str().unwrap();
    assert_eq!(registered["revision"].as_u64().unwrap(), sent["revision"].as_u64().unwrap() + 1);
    let ours = ["taskDefinitionArn", "revision", "registeredAt", "registeredBy", "requiresAttributes", "tags"];
    for (name, value) in sent.as_object().unwrap().iter().filter(|(name, _)| !ours.contains(&name.as_str())) {
        assert_eq!(&registered[name], value, "{name}");
    }
    assert!(registered.get("tags").is_none());
    assert_eq!(registered["registeredBy"], "arn:aws:iam::111122223333:user/signalbox");
    let (_, described) = ecs(&site, "DescribeTaskDefinition", &json!({"taskDefinition": arn})).await;
    assert_eq!((&described["taskDefinition"], described.get("tags")), (registered, None), "tags only when asked for");
    let described = site.ecs.describe_task_definition().task_definition(SERVICE).include(TaskDefinitionField::Tags).send().await.unwrap();
    assert_eq!(described.tags(), [tag("intent", "42")]);
    assert_eq!(described.task_definition().unwrap().task_definition_arn(), Some(arn), "the family alone means its latest revision");
    assert_eq!(described.task_definition().unwrap().status(), Some(&TaskDefinitionStatus::Active));
    assert_ne!(site.service(SERVICE).await.task_definition(), Some(arn), "no service moves by that");
}

#[tokio::test]
async fn what_took_effect_is_written_down() {
    let site = calm().await;
    let mut copy = copy_with_check(&site, SERVICE, SOUND).await;
    copy["tags"] = json!([{"key": "intent", "value": "42"}]);
    let (_, answer) = ecs(&site, "RegisterTaskDefinition", &copy).await;
    let new = answer["taskDefinition"]["taskDefinitionArn"].clone();
    let before = json!(site.service(SERVICE).await.task_definition());
    let update = json!({"cluster": CLUSTER, "service": SERVICE, "taskDefinition": new});
    for _ in 0..2 {
        assert_eq!(ecs(&site, "UpdateService", &update).await.0, 200);
    }
    let other = json!({"cluster": CLUSTER, "service": "settings-nats", "forceNewDeployment": true});
    assert_eq!(ecs(&site, "UpdateService", &other).await.0, 200);
    let refused = json!({"cluster": CLUSTER, "service": SERVICE, "taskDefinition": "nobody:1"});
    assert_eq!(ecs(&site, "UpdateService", &refused).await.0, 400);
    let (_, writes) = control(&site, "GET", "/writes", json!(null)).await;
    let told = |write: usize, names: &[&str]| names.iter().map(|name| writes[write][name].clone()).collect::<Vec<_>>();
    assert_eq!(writes.as_array().unwrap().len(), 4, "what was refused changed nothing");
    let registered = [json!(1), json!("RegisterTaskDefinition"), new.clone(), json!({"intent": "42"}), json!(false)];
    assert_eq!(told(0, &["number", "operation", "task_definition", "tags", "deploys"]), registered);
    let seen = ["service", "task_definition", "before", "deploys", "beside"];
    assert_eq!(told(1, &seen), [json!(SERVICE), new.clone(), before, json!(true), json!([])]);
    assert_eq!(told(2, &seen), [json!(SERVICE), new.clone(), new, json!(false), json!([])], "it ran that already");
    assert_eq!(told(3, &["service", "task_definition", "beside"]), [json!("settings-nats"), json!(null), json!([SERVICE])]);
}

#[tokio::test]
async fn what_cannot_be_registered_is_refused() {
    let site = calm().await;
    let sound = copy_with_check(&site, SERVICE, SOUND).await;
    let refused = async |change: &dyn Fn(&mut Value), word: &str| {
        let mut copy = sound.clone();
        change(&mut copy);
        let (status, answer) = ecs(&site, "RegisterTaskDefinition", &copy).await;
        assert_eq!((status, &answer["__type"]), (400, &json!("ClientException")), "{word}");
        assert!(answer["message"].as_str().unwrap().contains(word), "{word}: {answer}");
    };
    refused(&|copy| copy["family"] = json!(""), "Family").await;
    refused(&|copy| copy["family"] = json!("auth nats"), "family name").await;
    refused(&|copy| copy["containerDefinitions"] = json!([]), "Container list cannot be empty.").await;
    refused(&|copy| copy["containerDefinitions"][0]["image"] = json!(null), "Container.image should not be null or empty.").await;
    refused(&|copy| copy["containerDefinitions"][0]["essential"] = json!(false), "essential").await;
    refused(&|copy| copy["containerDefinitions"][0]["healthCheck"]["interval"] = json!(4), "interval must be between 5 and 300").await;
    refused(&|copy| copy["containerDefinitions"][0]["healthCheck"]["timeout"] = json!(61), "timeout").await;
    refused(&|copy| copy["containerDefinitions"][0]["healthCheck"]["retries"] = json!(0), "retries").await;
    refused(&|copy| copy["containerDefinitions"][0]["healthCheck"]["startPeriod"] = json!(301), "startPeriod").await;
    refused(&|copy| copy["containerDefinitions"][0]["healthCheck"]["command"] = json!(["curl"]), "CMD").await;
    refused(&|copy| copy["cpu"] = json!("300"), "No Fargate configuration exists").await;
    refused(&|copy| copy["tags"] = json!([{"key": "aws:mine", "value": "x"}]), "aws:").await;
}

#[tokio::test]
async fn an_inactive_revision_is_described_and_cannot_be_set() {
    let site = calm().await;
    let old = site.service(SERVICE).await.task_definition().unwrap().to_owned();
    let new = register_with_check(&site, SERVICE, SOUND).await;
    let answer = site.ecs.deregister_task_definition().task_definition(&new).send().await.unwrap();
    assert_eq!(answer.task_definition().unwrap().status(), Some(&TaskDefinitionStatus::Inactive));
    assert!(answer.task_definition().unwrap().deregistered_at().is_some());
    let refused = site.ecs.update_service().cluster(CLUSTER).service(SERVICE).task_definition(&new).send().await.unwrap_err();
    assert_eq!((refused.code(), refused.message()), (Some("ClientException"), Some("TaskDefinition is inactive")));
    let family = site.ecs.describe_task_definition().task_definition(SERVICE).send().await.unwrap();
    assert_eq!(family.task_definition().unwrap().task_definition_arn(), Some(old.as_str()), "the latest ACTIVE one");
    let named = site.ecs.describe_task_definition().task_definition(new.rsplit('/').next().unwrap()).send().await.unwrap();
    assert_eq!(named.task_definition().unwrap().status(), Some(&TaskDefinitionStatus::Inactive));
    assert_eq!(code(site.ecs.deregister_task_definition().task_definition(SERVICE).send().await), "ClientException");
}

#[tokio::test]
async fn settings_are_kept_and_start_no_deployment() {
    let site = calm().await;
    let threshold = ThresholdConfiguration::builder().r#type(ThresholdType::Count).value(2).build().unwrap();
    let breaker =
        DeploymentCircuitBreaker::builder().enable(true).rollback(true).reset_on_healthy_task(false).threshold_configuration(threshold);
    let alarms = DeploymentAlarms::builder().alarm_names("auth-nats-cpu-high").enable(true).rollback(true).build().unwrap();
    let configuration =
        DeploymentConfiguration::builder().deployment_circuit_breaker(breaker.build()).alarms(alarms).minimum_healthy_percent(50);
    let update = site.ecs.update_service().cluster(CLUSTER).service(SERVICE).deployment_configuration(configuration.build());
    let answered = update.health_check_grace_period_seconds(90).send().await.unwrap().service.unwrap();
    assert_eq!(answered, site.service(SERVICE).await);
    let kept = answered.deployment_configuration().unwrap();
    let breaker = kept.deployment_circuit_breaker().unwrap();
    assert_eq!((breaker.reset_on_healthy_task(), breaker.threshold_configuration().unwrap().value()), (Some(false), 2));
    assert_eq!((kept.minimum_healthy_percent(), kept.maximum_percent()), (Some(50), Some(200)), "what was not sent stays");
    assert_eq!(kept.alarms().unwrap().alarm_names(), ["auth-nats-cpu-high"]);
    assert_eq!((answered.deployments().len(), answered.health_check_grace_period_seconds()), (1, Some(90)));
    // the owner's settings again, in the same words
    let plain = DeploymentCircuitBreaker::builder().enable(true).rollback(true).build();
    let back = DeploymentConfiguration::builder().deployment_circuit_breaker(plain).build();
    let answered = site.ecs.update_service().cluster(CLUSTER).service(SERVICE).deployment_configuration(back).send().await.unwrap();
    let breaker = answered.service().unwrap().deployment_configuration().unwrap().deployment_circuit_breaker().unwrap();
    assert_eq!((breaker.reset_on_healthy_task(), breaker.threshold_configuration()), (None, None));
}

#[tokio::test]
async fn whose_service_it_is_not_may_not_update_it() {
    let site = calm().await;
    let arn = register_with_check(&site, SERVICE, SOUND).await;
    for (controller, word) in
        [("CODE_DEPLOY", "Use AWS CodeDeploy to trigger a new deployment."), ("EXTERNAL", "EXTERNAL deployment controller")]
    {
        assert_eq!(control(&site, "POST", &format!("/services/{SERVICE}/controller"), json!({"type": controller})).await.0, 200);
        let refused = site.ecs.update_service().cluster(CLUSTER).service(SERVICE).task_definition(&arn).send().await.unwrap_err();
        assert_eq!(refused.code(), Some("InvalidParameterException"));
        assert!(refused.message().unwrap().contains(word), "{refused:?}");
        let kind = site.service(SERVICE).await.deployment_controller().unwrap().r#type().as_str().to_owned();
        assert_eq!(kind, controller);
        site.ecs.update_service().cluster(CLUSTER).service(SERVICE).desired_count(2).send().await.unwrap();
    }
    site.yard.set_controller(SERVICE, "ECS").unwrap();
    let update = || site.ecs.update_service().cluster(CLUSTER);
    let percents = |minimum, maximum| DeploymentConfiguration::builder().minimum_healthy_percent(minimum).maximum_percent(maximum).build();
    let external = DeploymentController::builder().r#type(DeploymentControllerType::External).build().unwrap();
    for (refused, expected) in [
        (code(update().service("nobody").send().await), "ServiceNotFoundException"),
        (code(site.ecs.update_service().cluster("other").service(SERVICE).send().await), "ClusterNotFoundException"),
        (code(update().service(SERVICE).task_definition("auth-nats:999").send().await), "ClientException"),
        (code(update().service(SERVICE).desired_count(-1).send().await), "InvalidParameterException"),
        (code(update().service(SERVICE).deployment_configuration(percents(100, 100)).send().await), "InvalidParameterException"),
        (code(update().service(SERVICE).deployment_configuration(percents(50, 99)).send().await), "InvalidParameterException"),
        (code(update().service(SERVICE).deployment_controller(external).send().await), "UnsupportedFeatureException"),
    ] {
        assert_eq!(refused, expected);
    }
    assert_eq!(site.service(SERVICE).await.deployments().len(), 1, "a refused request changes nothing");
}

#[tokio::test]
async fn the_same_value_starts_a_deployment_only_where_that_was_chosen() {
    for chosen in [false, true] {
        let site = open(Options { script: false, same_value_deploys: chosen, ..Options::default() }).await;
        let running = site.service(SERVICE).await.task_definition().unwrap().to_owned();
        let answered = site.ecs.update_service().cluster(CLUSTER).service(SERVICE).task_definition(&running).send().await.unwrap();
        assert_eq!(answered.service().unwrap().deployments().len(), 1 + usize::from(chosen));
        let forced = site.ecs.update_service().cluster(CLUSTER).service(SERVICE).force_new_deployment(true).send().await.unwrap();
        assert_eq!(forced.service().unwrap().deployments().len(), 2 + usize::from(chosen));
    }
}

#[tokio::test]
async fn services_and_definitions_are_tagged() {
    let site = calm().await;
    let service = site.service(SERVICE).await.service_arn().unwrap().to_owned();
    let definition = site.service(SERVICE).await.task_definition().unwrap().to_owned();
    for arn in [&service, &definition] {
        let before = site.ecs.list_tags_for_resource().resource_arn(arn).send().await.unwrap().tags.unwrap();
        site.ecs.tag_resource().resource_arn(arn).tags(tag("owner", "nobody")).tags(tag("group", "other")).send().await.unwrap();
        let tagged = site.ecs.list_tags_for_resource().resource_arn(arn).send().await.unwrap().tags.unwrap();
        assert_eq!(tagged.len(), before.len() + 1, "one is new, one has another value");
        assert!(tagged.contains(&tag("group", "other")) && tagged.contains(&tag("owner", "nobody")));
        site.ecs.untag_resource().resource_arn(arn).tag_keys("owner").tag_keys("absent").send().await.unwrap();
        assert_eq!(site.ecs.list_tags_for_resource().resource_arn(arn).send().await.unwrap().tags().len(), before.len());
    }
    let nothing = service.replace(SERVICE, "nobody");
    assert_eq!(code(site.ecs.tag_resource().resource_arn(nothing).tags(tag("a", "b")).send().await), "ResourceNotFoundException");
    assert_eq!(code(site.ecs.tag_resource().resource_arn(service).tags(tag("aws:a", "b")).send().await), "InvalidParameterException");
}

#[tokio::test]
async fn changes_have_buckets_of_their_own() {
    let site = calm().await;
    let copy = copy_with_check(&site, SERVICE, SOUND).await;
    for _ in 0..20 {
        assert_eq!(ecs(&site, "RegisterTaskDefinition", &copy).await.0, 200);
    }
    assert_eq!(ecs(&site, "RegisterTaskDefinition", &copy).await.1["__type"], "ThrottlingException");
    assert_eq!(
        code(site.ecs.deregister_task_definition().task_definition("auth-nats:1").send().await),
        "ThrottlingException",
        "they share one"
    );
    site.advance(1);
    assert_eq!(ecs(&site, "RegisterTaskDefinition", &copy).await.0, 200);
    for _ in 0..50 {
        site.ecs.update_service().cluster(CLUSTER).service(SERVICE).send().await.unwrap();
    }
    assert_eq!(code(site.ecs.update_service().cluster(CLUSTER).service(SERVICE).send().await), "ThrottlingException");
}
