//! What is inside the containers: what an image holds, whether the application answers, and so what a health check command finds.
//!
//! Separate from the checks' timing ([`health`](super::health)) because this is the one place that decides what is true. A command is not run, it is understood: the few
//! programs that people write into checks, the address they ask, what the shell makes of their exit code.
//! The trap: `curl` without `-f` is content with a 404, and a command that nobody has in the image fails like one that found something wrong. ECS tells neither apart.

use crate::{
    clock::SECOND,
    dice::Dice,
    model::{
        Fleet, arn,
        definition::{Container, HealthCheck, TaskDefinition},
        service::Service,
        task::Task,
    },
};

/// What every application of this fleet listens on, and answers.
const PORT: &str = "8080";
const PATHS: [&str; 5] = ["/", "/health", "/healthz", "/live", "/ready"];

/// The service whose image holds its program and nothing else, by name in the first user's fleet and by place in any other.
const WITHOUT_SHELL: &str = "capability-registry-nats";
const WITHOUT_SHELL_PLACE: usize = 7;

/// What the images hold besides the application: a shell and a few programs, or only the application's own check.
const PROGRAMS: [&str; 11] = ["sh", "bash", "curl", "wget", "nc", "python", "python3", "true", "false", "test", "exit"];
const OWN_CHECK: &str = "/app/healthcheck";

/// What someone has decided about a service's checks, whatever their commands are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The command finds what is there.
    Evaluated,
    /// The application does not answer.
    Never,
    /// The application stops answering so long after its task started (microseconds).
    FailsAfter(i64),
    /// The application takes so long to answer (microseconds).
    Slow(i64),
    /// The command ends with this exit code at once: 126 cannot be executed, 127 is not there.
    Exits(i32),
}

/// What is known of an image that was pushed while the yard is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Image {
    pub(crate) shell: bool,
    /// Its program ends with this exit code, so long after it started (microseconds).
    pub(crate) exits: Option<(i32, i64)>,
}

/// How one run of a check ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) exit: i32,
    pub(crate) output: String,
    /// How long it takes if nobody cuts it short, in microseconds.
    pub(crate) takes: i64,
}

impl Finding {
    fn new(exit: i32, output: impl Into<String>) -> Self {
        Self { exit, output: output.into(), takes: SECOND / 20 }
    }
}

/// The application of one task at one moment, as a command inside its container sees it.
#[derive(Debug, Clone, Copy)]
struct Inside<'a> {
    shell: bool,
    /// It answers, after so long; none: nobody listens.
    answers: Option<i64>,
    port: &'a str,
}

impl Fleet {
    /// What a container's check finds now.
    pub(super) fn run_check(&self, task: &Task, container: &Container, check: &HealthCheck) -> Finding {
        let Some(service) = self.services.get(task.service) else { return Finding::new(0, "") };
        if let Verdict::Exits(code) = service.verdict {
            return Finding::new(code, if code == 126 { "permission denied" } else { "executable file not found in $PATH" });
        }
        let definition = self.definitions.get(&task.definition).map(AsRef::as_ref);
        let inside = Inside {
            shell: self.pulled(&container.image).is_none_or(|image| image.shell),
            answers: self.answers(service, task),
            port: definition.and_then(|definition| definition.setting("HEALTH_PORT")).unwrap_or(PORT),
        };
        inside.run(&check.command)
    }

    /// Whether a task's application answers now, and after how long.
    fn answers(&self, service: &Service, task: &Task) -> Option<i64> {
        let age = self.now - task.started_at?;
        // it needs a few seconds before it listens
        let booted = age >= Dice::new(self.seed, "boot", task.number).seconds(3, 9);
        let delay = match service.verdict {
            Verdict::Never => return None,
            Verdict::FailsAfter(after) if age >= after => return None,
            Verdict::Slow(delay) => delay,
            Verdict::Evaluated | Verdict::FailsAfter(_) | Verdict::Exits(_) => SECOND / 20,
        };
        (booted && task.doomed.is_none()).then_some(delay)
    }

    /// What an image holds; none: it cannot be pulled. Our registry holds what the fleet began with and what was pushed since; the others hold everything.
    pub(crate) fn pulled(&self, reference: &str) -> Option<Image> {
        if let Some(pushed) = self.images.get(reference) {
            return *pushed;
        }
        let registry = format!("{}.dkr.ecr.{}.amazonaws.com/", arn::ACCOUNT, arn::REGION);
        let Some(ours) = reference.strip_prefix(&registry) else { return Some(Image { shell: true, exits: None }) };
        let (repository, _) = ours.split_once([':', '@'])?;
        let shell = !self.is_shell_less(repository);
        let began_with = |definition: &&TaskDefinition| definition.registered.is_none();
        let known =
            self.revisions_of(repository).filter(began_with).any(|definition| definition.app().is_some_and(|app| app.image == reference));
        known.then_some(Image { shell, exits: None })
    }

    fn is_shell_less(&self, repository: &str) -> bool {
        let default_fleet = self.planned == super::names::DEFAULT_SERVICES;
        let place = self.service_index.get(repository);
        if default_fleet { repository == WITHOUT_SHELL } else { place == Some(&WITHOUT_SHELL_PLACE) }
    }
}

impl Inside<'_> {
    /// A check's command: `CMD` runs a program, `CMD-SHELL` hands a line to `/bin/sh -c`.
    fn run(self, command: &[String]) -> Finding {
        match command.split_first() {
            Some((kind, rest)) if kind == "CMD-SHELL" => {
                let line = rest.join(" ");
                if self.shell { self.line(&line) } else { not_found("/bin/sh") }
            }
            Some((kind, rest)) if kind == "CMD" => self.program(rest),
            // ECS takes a command without either as for the shell
            _ if self.shell => self.line(&command.join(" ")),
            _ => not_found("/bin/sh"),
        }
    }

    /// A shell's line: the alternatives of `||`, each a chain of `&&`.
    fn line(self, line: &str) -> Finding {
        let mut last = Finding::new(0, "");
        let mut spent = 0;
        for alternative in line.split("||") {
            for part in alternative.split("&&") {
                let words: Vec<String> = part.split_whitespace().map(|word| word.trim_matches(['"', '\'', ';']).to_owned()).collect();
                let found = self.program(&words);
                spent += found.takes;
                // what was said first is what explains
                let output = if last.output.is_empty() { found.output } else { last.output };
                last = Finding { exit: found.exit, output, takes: spent };
                if last.exit != 0 {
                    break;
                }
            }
            if last.exit == 0 {
                break;
            }
        }
        last
    }

    fn program(self, words: &[String]) -> Finding {
        let Some((program, rest)) = words.split_first() else { return Finding::new(0, "") };
        let name = program.rsplit('/').next().unwrap_or(program);
        if program == OWN_CHECK {
            return self.ask(self.port, "/health", false);
        }
        if !self.shell || !PROGRAMS.contains(&name) {
            return not_found(program);
        }
        match name {
            "sh" | "bash" if rest.first().is_some_and(|option| option == "-c") => self.line(&rest.get(1..).unwrap_or_default().join(" ")),
            "true" => Finding::new(0, ""),
            "false" | "sh" | "bash" | "test" => Finding::new(1, ""),
            "exit" => Finding::new(rest.first().and_then(|code| code.parse().ok()).unwrap_or(0), ""),
            "nc" => rest
                .iter()
                .rfind(|word| word.parse::<u16>().is_ok())
                .map_or_else(|| Finding::new(1, "nc: no port"), |port| self.ask(port, "/", false)),
            _ => self.address(name, rest),
        }
    }

    /// A program that asks for the one URL in its arguments.
    fn address(self, program: &str, words: &[String]) -> Finding {
        let url = words.iter().find_map(|word| word.split_once("http://").map(|(_, rest)| rest));
        let Some(url) = url else { return Finding::new(2, format!("{program}: no URL given")) };
        let url = url.split(['\'', '"', ')', ',', '?', '#']).next().unwrap_or_default();
        let (host, path) = url.split_once('/').map_or((url, "/".to_owned()), |(host, path)| (host, format!("/{path}")));
        let (host, port) = host.split_once(':').unwrap_or((host, "80"));
        if !["localhost", "127.0.0.1", "0.0.0.0", "[::1]"].contains(&host) {
            return Finding::new(6, format!("{program}: could not resolve host: {host}"));
        }
        let fails = words.iter().any(|word| word == "--fail" || word.starts_with("--fail-with") || is_short_option(word, 'f'));
        let found = self.ask(port, &path, program == "curl" && !fails);
        Finding { exit: exit_of(program, found.exit), ..found }
    }

    /// Asks the application itself. `content`: with any answer.
    fn ask(self, port: &str, path: &str, content: bool) -> Finding {
        match self.answers.filter(|_| port == self.port) {
            None => Finding::new(7, format!("failed to connect to localhost port {port}: connection refused")),
            Some(takes) if content || PATHS.contains(&path) => Finding { takes, ..Finding::new(0, "ok") },
            Some(takes) => Finding { takes, ..Finding::new(22, format!("the requested URL {path} returned error: 404")) },
        }
    }
}

/// One of the letters behind a single dash.
fn is_short_option(word: &str, letter: char) -> bool {
    word.strip_prefix('-').is_some_and(|letters| !letters.starts_with('-') && letters.contains(letter))
}

/// Programs other than curl have exit codes of their own for "no connection" and "not there".
fn exit_of(program: &str, curl: i32) -> i32 {
    match (program, curl) {
        (_, 0) => 0,
        ("curl", code) => code,
        ("wget", 7) => 4,
        ("wget", _) => 8,
        _ => 1,
    }
}

fn not_found(program: &str) -> Finding {
    Finding::new(127, format!("exec: \"{program}\": executable file not found in $PATH"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const UP: Inside<'_> = Inside { shell: true, answers: Some(1), port: "8080" };

    #[test]
    fn a_command_finds_what_is_there() {
        for (command, exit) in [
            (&["CMD-SHELL", "curl -f http://localhost:8080/health || exit 1"][..], 0),
            (&["CMD-SHELL", "curl -sSf http://127.0.0.1:8080/healthz"], 0),
            (&["CMD", "curl", "-f", "http://localhost:8080/health"], 0),
            (&["CMD-SHELL", "wget -q --spider http://localhost:8080/ready"], 0),
            (&["CMD-SHELL", "python3 -c \"import urllib.request; urllib.request.urlopen('http://localhost:8080/health')\""], 0),
            (&["CMD-SHELL", "nc -z localhost 8080"], 0),
            (&["CMD", "/app/healthcheck"], 0),
            (&["CMD-SHELL", "exit 0"], 0),
            (&["CMD-SHELL", "curl -f http://localhost:9090/health || exit 1"], 1),
            (&["CMD-SHELL", "curl -f http://localhost:8080/nothing-here"], 22),
            (&["CMD-SHELL", "curl http://localhost:8080/nothing-here"], 0),
            (&["CMD-SHELL", "wget -q http://localhost:8080/nothing-here"], 8),
            (&["CMD-SHELL", "curl -f http://localhost/health"], 7),
            (&["CMD-SHELL", "curl -f http://elsewhere:8080/health"], 6),
            (&["CMD-SHELL", "grpc_health_probe -addr=:8080"], 127),
            (&["CMD-SHELL", "grpc_health_probe -addr=:8080 || exit 1"], 1),
            (&["CMD", "redis-cli", "ping"], 127),
            (&["CMD-SHELL", "exit 3"], 3),
            (&["CMD-SHELL", "true && curl -f http://localhost:8080/health && false"], 1),
        ] {
            let command: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(UP.run(&command).exit, exit, "{command:?}");
        }
    }

    #[test]
    fn without_a_shell_only_the_programs_of_the_image_run() {
        let bare = Inside { shell: false, ..UP };
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let found = bare.run(&words(&["CMD-SHELL", "curl -f http://localhost:8080/health || exit 1"]));
        assert_eq!((found.exit, found.output.as_str()), (127, "exec: \"/bin/sh\": executable file not found in $PATH"));
        assert_eq!(bare.run(&words(&["CMD", "curl", "-f", "http://localhost:8080/health"])).exit, 127);
        assert_eq!(bare.run(&words(&["CMD", "/app/healthcheck"])).exit, 0);
    }

    #[test]
    fn one_that_does_not_answer_is_found_out_by_every_program() {
        let down = Inside { answers: None, ..UP };
        for command in ["curl -f http://localhost:8080/health", "nc -z localhost 8080", "/app/healthcheck"] {
            assert_eq!(down.run(&["CMD-SHELL".to_owned(), command.to_owned()]).exit, 7, "{command}");
        }
    }
}
