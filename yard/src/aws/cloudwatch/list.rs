//! ListMetrics.
//!
//! The trap: it is the only way to learn a load balancer's dimension: ECS names the target group alone.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    aws::{
        answer::ApiError,
        cloudwatch::{Dimension, bad_token, invalid},
        page,
    },
    model::{
        Fleet,
        metrics::{Dimensions, Metric},
    },
};

/// "Up to 500 results are returned for any one call" (CloudWatch API reference).
const PAGE: usize = 500;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ListMetrics {
    namespace: Option<String>,
    metric_name: Option<String>,
    dimensions: Option<Vec<Dimension>>,
    next_token: Option<String>,
    recently_active: Option<String>,
}

pub(super) fn list_metrics(input: &ListMetrics, fleet: &Fleet) -> Result<Value, ApiError> {
    if let Some(word) = input.recently_active.as_ref().filter(|word| *word != "PT3H") {
        return Err(invalid(word, "recentlyActive", "Member must satisfy enum value set: [PT3H]"));
    }
    let filters = input.dimensions.as_deref().unwrap_or_default();
    if filters.len() > 10 {
        return Err(invalid("[...]", "dimensions", "Member must have length less than or equal to 10"));
    }
    let listing = format!("ListMetrics {:?} {:?} {filters:?} {:?}", input.namespace, input.metric_name, input.recently_active);
    let first = match &input.next_token {
        None => 0,
        Some(token) => page::position(fleet.seed, &listing, token).ok_or_else(bad_token)?,
    };
    let metrics: Vec<Metric> = Metric::ALL.into_iter().filter(|metric| input.names(*metric)).collect();
    let first = usize::try_from(first).unwrap_or(usize::MAX);
    // a service that wants nothing has not reported for longer than CloudWatch lists a metric
    let services = fleet.services.iter().enumerate().skip(first).filter(|(_, service)| service.desired > 0);
    let mut found = Vec::new();
    let mut next = None;
    for (index, service) in services {
        if found.len() + metrics.len() > PAGE {
            next = Some(index as u64);
            break;
        }
        let measured = metrics.iter().filter(|metric| !metric.needs_target_group() || service.target_group.is_some());
        let named = measured.map(|metric| (*metric, fleet.dimensions(service, *metric)));
        found.extend(named.filter(|(_, own)| matches(own, filters)).map(|(metric, own)| shape(metric, &own)));
    }
    let mut answer = json!({"Metrics": found});
    if let (Some(next), Some(members)) = (next, answer.as_object_mut()) {
        members.insert("NextToken".to_owned(), Value::from(page::token(fleet.seed, &listing, next)));
    }
    Ok(answer)
}

impl ListMetrics {
    fn names(&self, metric: Metric) -> bool {
        self.namespace.as_ref().is_none_or(|namespace| namespace == metric.namespace())
            && self.metric_name.as_ref().is_none_or(|name| name == metric.name())
    }
}

/// Every filter must be met by a dimension; one without a value by its name alone.
fn matches(own: &Dimensions, filters: &[Dimension]) -> bool {
    filters
        .iter()
        .all(|filter| own.iter().any(|(name, value)| *name == filter.name && filter.value.as_ref().is_none_or(|wanted| wanted == value)))
}

fn shape(metric: Metric, dimensions: &Dimensions) -> Value {
    let dimensions: Vec<Value> = dimensions.iter().map(|(name, value)| json!({"Name": name, "Value": value})).collect();
    json!({"Namespace": metric.namespace(), "MetricName": metric.name(), "Dimensions": dimensions})
}
