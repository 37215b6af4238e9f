use serde_json::json;

use super::*;

fn described() -> Described {
    let definition = json!({
        "taskDefinitionArn": "arn:aws:ecs:us-east-1:111122223333:task-definition/auth:22",
        "family": "auth", "revision": 22, "status": "ACTIVE", "registeredAt": 1_777_000_000.5, "registeredBy": "arn:x",
        "requiresAttributes": [{"name": "x"}], "compatibilities": ["FARGATE"],
        "cpu": "256", "memory": "512", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "volumes": [],
        "containerDefinitions": [
            {"name": "main", "image": "auth:1", "essential": true, "environment": [{"name": "A", "value": "1"}],
             "dockerLabels": {"a.b/c": "d"}, "mountPoints": [],
             "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/ecs/x"}}},
            {"name": "side", "image": "side:2", "restartPolicy": {"enabled": true}}
        ]
    });
    Described { definition, tags: BTreeMap::from([("team".to_owned(), "identity".to_owned())]) }
}

/// What ECS would answer after registering `copy`.
fn registered(copy: &Copy, tags: &BTreeMap<String, String>) -> Described {
    let mut definition = copy.request.clone();
    let answered = definition.as_object_mut().unwrap();
    answered.insert("taskDefinitionArn".into(), json!("arn:aws:ecs:us-east-1:111122223333:task-definition/auth:23"));
    answered.insert("revision".into(), json!(23));
    answered.insert("placementConstraints".into(), json!([]));
    Described { definition, tags: tags.clone() }
}

#[test]
fn a_copy_with_one_field_set_differs_there_and_nowhere_else() {
    let from = described();
    let mut copy = from.copy().unwrap();
    copy.set("main", "healthCheck", Some(json!({"command": ["CMD", "true"], "interval": 30}))).unwrap();
    assert_eq!(copy.planned, BTreeSet::from(["/containerDefinitions/0/healthCheck".to_owned()]));
    assert!(copy.request.get("revision").is_none() && copy.request.get("tags").is_none());
    let back = registered(&copy, &from.tags);
    assert_eq!(copy.differences(&from, &back, &from.tags), Vec::<String>::new());
    assert!(copy.compared() > 10);
}

#[test]
fn setting_what_is_there_already_changes_nothing() {
    let mut copy = described().copy().unwrap();
    copy.set("main", "image", Some(json!("auth:1"))).unwrap();
    copy.set("side", "healthCheck", None).unwrap();
    assert!(!copy.changes_anything());
}

#[test]
fn whatever_comes_back_otherwise_is_found() {
    let from = described();
    let mut copy = from.copy().unwrap();
    copy.set("main", "healthCheck", Some(json!({"command": ["CMD", "true"], "interval": 30}))).unwrap();
    for (pointer, value) in [
        ("/containerDefinitions/0/environment/0/value", json!("2")),
        ("/containerDefinitions/0/healthCheck/interval", json!(31)),
        ("/containerDefinitions/1/restartPolicy", json!(null)),
        ("/containerDefinitions/0/dockerLabels/a.b~1c", json!("e")),
        ("/cpu", json!("512")),
    ] {
        let mut back = registered(&copy, &from.tags);
        *back.definition.pointer_mut(pointer).unwrap() = value;
        let wrong = copy.differences(&from, &back, &from.tags);
        assert_eq!(wrong.len(), 1, "{pointer}: {wrong:?}");
        assert!(wrong[0].starts_with(pointer), "{wrong:?}");
    }
    let back = registered(&copy, &BTreeMap::new());
    assert_eq!(copy.differences(&from, &back, &from.tags), ["the tag team is absent, meant was \"identity\""]);
}

#[test]
fn what_nobody_knows_is_refused_by_name() {
    for (pointer, path) in [("", "gpuSharing"), ("/containerDefinitions/1", "containerDefinitions[].gpuSharing")] {
        for value in [json!(true), json!({"a": [1]}), json!({}), json!([])] {
            let mut from = described();
            from.definition.pointer_mut(pointer).unwrap().as_object_mut().unwrap().insert("gpuSharing".into(), value);
            let NoCopy::Unknown { paths } = from.copy().unwrap_err() else { panic!("another refusal") };
            assert!(paths.iter().all(|found| found.starts_with(path)) && paths.len() == 1, "{paths:?}");
        }
    }
    assert_eq!(Described { definition: json!("?"), tags: BTreeMap::new() }.copy(), Err(NoCopy::Nothing));
}

#[test]
fn an_identical_copy_of_another_revision_is_compared_with_that_one() {
    let running = described();
    let mut wanted = described();
    *wanted.definition.pointer_mut("/containerDefinitions/0/image").unwrap() = json!("auth:0");
    *wanted.definition.pointer_mut("/status").unwrap() = json!("INACTIVE");
    let copy = wanted.copy_again().unwrap();
    assert!(!copy.changes_anything());
    assert_eq!(copy.origin(&running), &wanted);
    let back = registered(&copy, &wanted.tags);
    assert_eq!(copy.differences(copy.origin(&running), &back, &wanted.tags), Vec::<String>::new());
    assert_eq!(copy.differences(&running, &back, &wanted.tags).len(), 1, "not with what the service runs");
}

#[test]
fn a_start_period_of_nothing_is_the_same_as_none() {
    let from = described();
    let mut copy = from.copy().unwrap();
    copy.set("main", "healthCheck", Some(json!({"command": ["CMD", "true"], "startPeriod": 0}))).unwrap();
    let mut back = registered(&copy, &from.tags);
    back.definition.pointer_mut("/containerDefinitions/0/healthCheck").unwrap().as_object_mut().unwrap().remove("startPeriod");
    assert_eq!(copy.differences(&from, &back, &from.tags), Vec::<String>::new());
}

#[test]
fn a_container_that_is_not_there_is_named_with_those_that_are() {
    let refused = described().copy().unwrap().set("web", "image", None).unwrap_err().to_string();
    assert_eq!(refused, "revision auth has no container web; it has main, side");
}
