//! A health check as somebody typed it.
//!
//! Everything is text here, because nothing typed may be lost when some of it is wrong: the form is shown again as it came,
//! with a sentence at each field.

use serde::{Deserialize, Serialize};

use super::{HealthCheck, INTERVAL, RETRIES, START_PERIOD, TIMEOUT};
use crate::change::{FieldProblem, Proposal};

/// The fields of the form, as they came. Empty numbers mean ECS's defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HealthCheckForm {
    /// The container; empty: the only one, or the only essential one.
    pub container: String,
    /// `CMD-SHELL` and a line, `CMD` and words (quotes keep a word together), or a JSON list as ECS shows it.
    pub command: String,
    /// Seconds.
    pub interval: String,
    /// Seconds.
    pub timeout: String,
    /// Failures in a row.
    pub retries: String,
    /// Seconds.
    pub start_period: String,
    /// A new image by digest; empty: none.
    pub image: String,
}

impl HealthCheckForm {
    /// The health check, if everything in it is right.
    ///
    /// # Errors
    /// What is wrong with which field, all of it.
    pub fn validated(&self) -> Result<HealthCheck, Vec<FieldProblem>> {
        let mut problems = Vec::new();
        let mut number = |field: &str, value: &str, limits: &std::ops::RangeInclusive<u32>, default: u32| match value.trim() {
            "" => default,
            given => given.parse().unwrap_or_else(|_| {
                let (least, most) = (limits.start(), limits.end());
                let said = format!("{field} must be a whole number, {least} to {most}; it is \"{}\".", crate::text::shown(given));
                problems.push(FieldProblem::new(field, said));
                default
            }),
        };
        let interval = number("interval", &self.interval, &INTERVAL, 30);
        let timeout = number("timeout", &self.timeout, &TIMEOUT, 5);
        let retries = number("retries", &self.retries, &RETRIES, 3);
        let start_period = number("start_period", &self.start_period, &START_PERIOD, 0);
        let command = command(&self.command).unwrap_or_else(|said| {
            problems.push(FieldProblem::new("command", said));
            Vec::new()
        });
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let (container, image) = (given(&self.container), given(&self.image));
        let check = HealthCheck { container, command, interval, timeout, retries, start_period, image };
        // what could not be read was told already
        let told: Vec<String> = problems.iter().map(|problem| problem.field.clone()).collect();
        problems.extend(check.problems().into_iter().filter(|problem| !told.contains(&problem.field)));
        if problems.is_empty() { Ok(check) } else { Err(problems) }
    }
}

/// The command's words. One text that begins with `CMD-SHELL` or `CMD`, or a JSON list.
fn command(typed: &str) -> Result<Vec<String>, String> {
    let typed = typed.trim();
    if typed.starts_with('[') {
        return serde_json::from_str(typed).map_err(|_| {
            "The command begins like a JSON list and is none: write [\"CMD-SHELL\", \"curl -f localhost:8080/health\"].".to_owned()
        });
    }
    let (first, rest) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
    let rest = rest.trim();
    let mut command = vec![first.to_owned()];
    match first {
        "" => command.clear(),
        "CMD" => command.extend(quoted(rest)?),
        _ if rest.is_empty() => {}
        _ => command.push(rest.to_owned()),
    }
    Ok(command)
}

/// Words apart from each other by blanks; quotes keep one together.
fn quoted(line: &str) -> Result<Vec<String>, String> {
    let mut words: Vec<String> = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for character in line.chars() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, _) if character.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    match quote {
        Some(open) => Err(format!("The command has a {open} that is not closed.")),
        None => Ok(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(command: &str) -> HealthCheckForm {
        HealthCheckForm { command: command.into(), ..HealthCheckForm::default() }
    }

    #[test]
    fn a_command_is_typed_in_three_ways() {
        for (typed, words) in [
            ("CMD-SHELL curl -f localhost:8080/health || exit 1", &["CMD-SHELL", "curl -f localhost:8080/health || exit 1"] as &[&str]),
            ("CMD /bin/check --name 'a b' \"c\"", &["CMD", "/bin/check", "--name", "a b", "c"]),
            ("[\"CMD\", \"/bin/check\"]", &["CMD", "/bin/check"]),
            ("  CMD\t/bin/check ''  ", &["CMD", "/bin/check", ""]),
        ] {
            assert_eq!(form(typed).validated().unwrap().command, words, "{typed}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_once_at_its_field() {
        for (form, field, said) in [
            (form(""), "command", "must begin with CMD"),
            (form("curl -f localhost"), "command", "must begin with CMD"),
            (form("NONE"), "command", "NONE"),
            (form("CMD"), "command", "nothing to run"),
            (form("CMD 'x"), "command", "not closed"),
            (form("[1]"), "command", "JSON list"),
            (HealthCheckForm { interval: "soon".into(), ..form("CMD true") }, "interval", "whole number, 5 to 300"),
            (HealthCheckForm { timeout: "-1".into(), ..form("CMD true") }, "timeout", "whole number, 2 to 60"),
            (HealthCheckForm { retries: "1.5".into(), ..form("CMD true") }, "retries", "whole number, 1 to 10"),
            (HealthCheckForm { start_period: "99999999999".into(), ..form("CMD true") }, "start_period", "whole number, 0 to 300"),
        ] {
            let problems = form.validated().unwrap_err();
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert!(problems[0].field == field && problems[0].said.contains(said), "{problems:?}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let form = HealthCheckForm { interval: "4".into(), timeout: "x".into(), image: "auth:1".into(), ..form("true") };
        let problems = form.validated().unwrap_err();
        let fields: Vec<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
        assert_eq!(fields, ["timeout", "command", "interval", "image"]);
    }
}
