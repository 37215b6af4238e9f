//! Where the AWS console shows what an ARN names.
//!
//! Separate because the console's addresses are nobody's contract: they are gathered in one place, and an ARN of a shape
//! or partition not known here has no link rather than a wrong one.

use crate::service::encoded;

/// The console's page of a service, a task, a revision, a CloudWatch alarm or a log group; `None` for anything else.
pub fn link(arn: &str) -> Option<String> {
    let mut parts = arn.splitn(6, ':');
    let (Some("arn"), partition, service, region, _account, resource) =
        (parts.next(), parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?)
    else {
        return None;
    };
    let domain = match partition {
        "aws" => "console.aws.amazon.com",
        "aws-cn" => "console.amazonaws.cn",
        "aws-us-gov" => "console.amazonaws-us-gov.com",
        _ => return None,
    };
    let plain = !region.is_empty() && region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !plain {
        return None;
    }
    let path = match service {
        "ecs" => format!("/ecs/v2{}?region={region}", ecs(resource)?),
        "cloudwatch" => format!("/cloudwatch/home?region={region}#alarmsV2:alarm/{}", encoded(resource.strip_prefix("alarm:")?)),
        // the console wants the name encoded twice, with $ in place of the second %
        "logs" => {
            let name = resource.strip_prefix("log-group:")?.trim_end_matches(":*");
            let twice = encoded(&encoded(name)).replace('%', "$");
            format!("/cloudwatch/home?region={region}#logsV2:log-groups/log-group/{twice}")
        }
        _ => return None,
    };
    Some(format!("https://{region}.{domain}{path}"))
}

fn ecs(resource: &str) -> Option<String> {
    let mut parts = resource.splitn(3, '/');
    match (parts.next()?, parts.next()?, parts.next()) {
        ("service", cluster, Some(name)) => Some(format!("/clusters/{}/services/{}/health", encoded(cluster), encoded(name))),
        ("task", cluster, Some(id)) => Some(format!("/clusters/{}/tasks/{}/configuration", encoded(cluster), encoded(id))),
        ("cluster", name, None) => Some(format!("/clusters/{}/services", encoded(name))),
        ("task-definition", revision, None) => {
            let (family, number) = revision.rsplit_once(':')?;
            Some(format!("/task-definitions/{}/{}/containers", encoded(family), encoded(number)))
        }
        // ARNs of the old shape do not name their cluster
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_has_a_page_and_nothing_else() {
        let us = "https://us-east-1.console.aws.amazon.com";
        for (arn, page) in [
            (
                "arn:aws:ecs:us-east-1:111122223333:service/main/auth-nats",
                Some(format!("{us}/ecs/v2/clusters/main/services/auth-nats/health?region=us-east-1")),
            ),
            (
                "arn:aws:ecs:us-east-1:111122223333:task/main/0a1b",
                Some(format!("{us}/ecs/v2/clusters/main/tasks/0a1b/configuration?region=us-east-1")),
            ),
            (
                "arn:aws:ecs:us-east-1:111122223333:task-definition/auth-nats:3",
                Some(format!("{us}/ecs/v2/task-definitions/auth-nats/3/containers?region=us-east-1")),
            ),
            (
                "arn:aws:cloudwatch:us-east-1:111122223333:alarm:cpu > 80 <b>",
                Some(format!("{us}/cloudwatch/home?region=us-east-1#alarmsV2:alarm/cpu%20%3E%2080%20%3Cb%3E")),
            ),
            (
                "arn:aws:logs:us-east-1:111122223333:log-group:/ecs/gaming:*",
                Some(format!("{us}/cloudwatch/home?region=us-east-1#logsV2:log-groups/log-group/$252Fecs$252Fgaming")),
            ),
            (
                "arn:aws-cn:ecs:cn-north-1:1:cluster/main",
                Some("https://cn-north-1.console.amazonaws.cn/ecs/v2/clusters/main/services?region=cn-north-1".to_owned()),
            ),
            ("arn:aws:ecs:us-east-1:1:service/old-shape", None),
            ("arn:aws:ecs:evil.example/:1:service/a/b", None),
            ("arn:aws:s3:::bucket", None),
            ("", None),
            ("javascript:alert(1)", None),
        ] {
            assert_eq!(link(arn), page, "{arn}");
        }
    }
}
