//! k6's end-of-test summary, in its three forms.
//!
//! | form | how it is told | thresholds |
//! |---|---|---|
//! | `handleSummary(data)` | `metrics.http_reqs.values.rate`, `metrics.http_req_duration.values["p(95)"]` | `{"ok": true}`: it holds |
//! | `--summary-export` | `metrics.http_reqs.rate`, `metrics.http_req_duration["p(95)"]` | `true`: it was **crossed** |
//! | machine-readable, from 1.5 | `version` 1.x, `results.metrics[]` with `values`; `config.duration` in seconds | none told |
//!
//! Sources: grafana/k6 `internal/js/summary.go` (`summarizeMetricsToObject`), `internal/js/summary-wrapper.js` (`oldJSONSummary`,
//! which writes a threshold as `!ok` and a rate as `value`), `internal/lib/summary/machine_readable.go` and its schema 1.0.0;
//! grafana.com/docs/k6, "Custom summary" and "End of test". Trends are in milliseconds in all of them. In a rate, `passes` counts
//! what is true: for `http_req_failed`, the requests that failed. The trap is the second form's thresholds, which mean the
//! opposite of the first's.

use domain::readiness::card::Thresholds;
use domain::text;
use serde_json::{Map, Value};

use super::{Spoken, Unread, share};

/// Thresholds that are named.
const NAMED: usize = 3;
/// No load test makes more of anything.
const MOST: f64 = 1e12;

/// What a summary tells, whatever its form.
struct Told {
    /// Requests a second.
    rate: f64,
    /// The 95th percentile, in milliseconds.
    p95: f64,
    /// The share of failed requests; none where the file says nothing of them.
    failed: Option<f64>,
    /// The file's own thresholds, and whether each holds; none where its form has none.
    thresholds: Option<Vec<(String, bool)>>,
}

/// Reads a summary.
pub(super) fn read(text: &str, limits: &Thresholds) -> Result<Spoken, Unread> {
    let file: Value = serde_json::from_str(text).map_err(|error| not_json(text, &error))?;
    let told = if file.get("version").is_some() && file.get("results").is_some() { newer(&file)? } else { older(&file)? };
    Ok(told.against(limits))
}

fn not_json(text: &str, error: &serde_json::Error) -> Unread {
    // each line of `--out json` is a document of its own
    if text.lines().next().is_some_and(|line| line.contains("\"type\":\"Metric\"") || line.contains("\"type\":\"Point\"")) {
        return Unread(
            "This is k6's stream of single points (--out json): hand in its summary, made by --summary-export or handleSummary.".to_owned(),
        );
    }
    Unread(format!("The file is no JSON ({error}): hand in the summary that k6 made by --summary-export or handleSummary."))
}

/// The two forms with an object of metrics.
fn older(file: &Value) -> Result<Told, Unread> {
    let metrics = file.get("metrics").and_then(Value::as_object).ok_or_else(|| other_version("it has no metrics"))?;
    let nested = metrics.get("http_reqs").is_some_and(|metric| metric.get("values").is_some());
    let values = |name: &str| {
        let metric = metrics.get(name)?;
        if nested { metric.get("values") } else { Some(metric) }
    };
    let requests = values("http_reqs").ok_or_else(no_requests)?;
    let rate = number(requests, "rate")?.ok_or_else(|| other_version("its http_reqs have no rate"))?;
    let p95 = values("http_req_duration").map(|metric| number(metric, "p(95)")).transpose()?.flatten().ok_or_else(no_percentile)?;
    let failed = match values("http_req_failed") {
        Some(metric) => number(metric, if nested { "rate" } else { "value" })?,
        None => None,
    };
    Ok(Told { rate, p95, failed, thresholds: Some(thresholds(metrics, nested)?) })
}

/// The form with a version of its own.
fn newer(file: &Value) -> Result<Told, Unread> {
    let version = file.get("version").and_then(Value::as_str).unwrap_or_default();
    if !version.starts_with("1.") {
        return Err(other_version(&format!("its version is \"{}\"", text::shown(version))));
    }
    let metrics = file.pointer("/results/metrics").and_then(Value::as_array).ok_or_else(|| other_version("it has no results"))?;
    let values = |name: &str| {
        let metric = metrics.iter().find(|metric| metric.get("name").and_then(Value::as_str) == Some(name))?;
        metric.get("values")
    };
    let count = values("http_reqs").map(|metric| number(metric, "count")).transpose()?.flatten().ok_or_else(no_requests)?;
    let config = file.get("config").unwrap_or(&Value::Null);
    let seconds =
        number(config, "duration")?.filter(|seconds| *seconds > 0.0).ok_or_else(|| other_version("it does not say how long it ran"))?;
    let p95 = values("http_req_duration").map(|metric| number(metric, "p(95)")).transpose()?.flatten().ok_or_else(no_percentile)?;
    let failed = values("http_req_failed").map(|metric| number(metric, "rate")).transpose()?.flatten();
    Ok(Told { rate: count / seconds, p95, failed, thresholds: None })
}

fn other_version(why: &str) -> Unread {
    Unread(format!(
        "This is no summary of k6 that Signalbox knows ({why}): hand in one made by --summary-export, by handleSummary, or the machine-readable one of version 1."
    ))
}

fn no_requests() -> Unread {
    Unread("The summary has no http_reqs: only tests over HTTP can be held against the score card's limits.".to_owned())
}

fn no_percentile() -> Unread {
    Unread("The summary has no p(95) of http_req_duration: name it in summaryTrendStats and run the test again.".to_owned())
}

/// A number of a metric; none where it has none of that name.
fn number(values: &Value, name: &str) -> Result<Option<f64>, Unread> {
    let Some(value) = values.get(name) else { return Ok(None) };
    let number = value.as_f64().filter(|number| (0.0..=MOST).contains(number));
    number.map(Some).ok_or_else(|| other_version(&format!("its {name} is no number that can be")))
}

/// The file's own thresholds. `nested` is the form in which they say that they hold; in the other they say that they do not.
fn thresholds(metrics: &Map<String, Value>, nested: bool) -> Result<Vec<(String, bool)>, Unread> {
    let mut all = Vec::new();
    for (name, metric) in metrics {
        let Some(own) = metric.get("thresholds").and_then(Value::as_object) else { continue };
        for (said, state) in own {
            let holds = match (nested, state) {
                (false, Value::Bool(crossed)) => Some(!crossed),
                (true, Value::Object(state)) => state.get("ok").and_then(Value::as_bool),
                _ => None,
            };
            let holds = holds.ok_or_else(|| other_version("its thresholds are of another form"))?;
            all.push((format!("{}: {}", text::shown(name), text::shown(said)), holds));
        }
    }
    Ok(all)
}

impl Told {
    /// Each limit, and the file's own thresholds together, are one demand; what is not told is not met.
    fn against(&self, limits: &Thresholds) -> Spoken {
        let (rate, p95) = (f64::from(limits.load_requests_per_second), f64::from(limits.load_p95_ms));
        let most = f64::from(limits.load_failed_permille);
        let mut met = [self.rate >= rate, self.p95 <= p95, self.failed.is_some_and(|failed| failed * 1_000.0 <= most)].to_vec();
        let failed = match self.failed {
            Some(failed) => format!("{:.2} % failed", failed * 100.0),
            None => "of failed requests the file says nothing".to_owned(),
        };
        let own = match &self.thresholds {
            None => "; of its own thresholds the file says nothing".to_owned(),
            Some(all) if all.is_empty() => String::new(),
            Some(all) => {
                let crossed: Vec<&str> = all.iter().filter(|(_, holds)| !holds).map(|(said, _)| said.as_str()).collect();
                met.push(crossed.is_empty());
                if crossed.is_empty() {
                    format!("; its own {} thresholds hold", all.len())
                } else {
                    let names = crossed.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
                    format!("; {} of its own {} thresholds were crossed: {names}", crossed.len(), all.len())
                }
            }
        };
        let held = met.iter().filter(|met| **met).count();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let said = format!(
            "k6: {:.0} requests a second ({} asked), 95 % within {:.1} ms ({} ms at most), {failed} ({:.1} % at most){own}",
            self.rate.floor(),
            limits.load_requests_per_second,
            self.p95,
            limits.load_p95_ms,
            most / 10.0,
        );
        Spoken { value: share(count(held), count(met.len())), said }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HANDLED: &str = r#"{"root_group":{},"options":{},"state":{"testRunDurationMs":60000},"metrics":{
        "http_reqs":{"type":"counter","contains":"default","values":{"count":624720,"rate":10412.4}},
        "http_req_failed":{"type":"rate","contains":"default","values":{"rate":0.002,"passes":1249,"fails":623471},"thresholds":{"rate<0.01":{"ok":true}}},
        "http_req_duration":{"type":"trend","contains":"time","values":{"avg":80.1,"p(90)":120.0,"p(95)":140.25},"thresholds":{"p(95)<500":{"ok":true}}}}}"#;
    const EXPORTED: &str = r#"{"root_group":{},"metrics":{
        "http_reqs":{"count":624720,"rate":10412.4},
        "http_req_failed":{"passes":1249,"fails":623471,"value":0.002,"thresholds":{"rate<0.01":false}},
        "http_req_duration":{"avg":80.1,"p(90)":120.0,"p(95)":140.25,"thresholds":{"p(95)<500":false}}}}"#;
    const NEWER: &str = r#"{"version":"1.0.0","metadata":{"k6_version":"1.5.0"},"config":{"duration":60.0,"execution":"local"},"results":{"metrics":[
        {"name":"http_reqs","type":"counter","contains":"default","values":{"count":624744}},
        {"name":"http_req_failed","type":"rate","contains":"default","values":{"matches":1249,"rate":0.002,"total":624720}},
        {"name":"http_req_duration","type":"trend","contains":"time","values":{"avg":80.1,"p(95)":140.25}}]}}"#;

    fn spoken(text: &str) -> Spoken {
        read(text, &Thresholds::default()).unwrap()
    }

    #[test]
    fn three_forms_say_the_same() {
        let said = "k6: 10412 requests a second (10000 asked), 95 % within 140.2 ms (200 ms at most), 0.20 % failed (1.0 % at most)";
        for (text, own) in [
            (HANDLED, "; its own 2 thresholds hold"),
            (EXPORTED, "; its own 2 thresholds hold"),
            (NEWER, "; of its own thresholds the file says nothing"),
        ] {
            let spoken = spoken(text);
            // half a tenth may be written either way
            assert_eq!((spoken.value, spoken.said.replace("140.3 ms", "140.2 ms")), (1_000, format!("{said}{own}")));
        }
    }

    #[test]
    fn each_limit_counts_and_so_do_the_files_own() {
        for (text, value, said) in [
            (HANDLED.replace("10412.4", "9999.9"), 750, "9999 requests a second"),
            (HANDLED.replace("140.25", "200.5"), 750, "95 % within 200.5 ms"),
            (HANDLED.replace("0.002", "0.0101"), 750, "1.01 % failed"),
            (
                HANDLED.replace(r#""p(95)<500":{"ok":true}"#, r#""p(95)<500":{"ok":false}"#),
                750,
                "1 of its own 2 thresholds were crossed: http_req_duration: p(95)<500",
            ),
            (
                EXPORTED.replace(r#""rate<0.01":false"#, r#""rate<0.01":true"#),
                750,
                "1 of its own 2 thresholds were crossed: http_req_failed: rate<0.01",
            ),
            (EXPORTED.replace("http_req_failed", "other_failed"), 750, "of failed requests the file says nothing"),
            (NEWER.replace("http_req_failed", "other_failed"), 666, "of failed requests the file says nothing"),
        ] {
            let spoken = spoken(&text);
            assert!(spoken.value == value && spoken.said.contains(said), "{said}: {spoken:?}");
        }
    }

    #[test]
    fn another_version_is_refused() {
        for (text, said) in [
            (NEWER.replace("1.0.0", "2.0.0"), "its version is \"2.0.0\""),
            (NEWER.replace("\"duration\":60.0", "\"duration\":0"), "how long it ran"),
            (HANDLED.replace("{\"ok\":true}", "\"fine\""), "another form"),
            (EXPORTED.replace("\"rate<0.01\":false", "\"rate<0.01\":{\"ok\":true}"), "another form"),
            (HANDLED.replace("http_reqs", "ws_sessions"), "no http_reqs"),
            (HANDLED.replace("p(95)\":140.25", "p(99)\":140.25"), "summaryTrendStats"),
            (EXPORTED.replace("\"rate\":10412.4", "\"rate\":-1"), "no number that can be"),
            (EXPORTED.replace("\"rate\":10412.4", "\"rate\":\"10412\""), "no number that can be"),
            ("{\"metrics\":[]}".to_owned(), "it has no metrics"),
            ("[]".to_owned(), "it has no metrics"),
            ("{\"type\":\"Metric\",\"data\":{}}\n{\"type\":\"Point\"}".to_owned(), "--out json"),
            ("k6 run load.js".to_owned(), "no JSON"),
        ] {
            let unread = read(&text, &Thresholds::default()).unwrap_err().to_string();
            assert!(unread.contains(said), "{said}: {unread}");
        }
    }
}
