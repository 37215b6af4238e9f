//! What a check's command asks besides its own container.
//!
//! A check that asks a database fails in every task at once when the database is away, and ECS then kills all of them. So
//! whatever looks shared is named. This reads words and knows no shell: it may warn of a path that only has such a name in
//! it, and it cannot see what a script of the image does.

/// Names of things that several services share, as words of a command begin with them.
const SHARED: [&str; 11] = ["nats", "redis", "psql", "pg_isready", "postgres", "mysql", "mongo", "kafka", "amqp", "rabbit", "dynamodb"];

/// Programs that take a URL wherever no option stands.
const FETCH: [&str; 3] = ["curl", "wget", "http"];
/// Options of those that are followed by a value of their own.
const VALUED: [&str; 23] = [
    "-o",
    "--output",
    "-O",
    "-H",
    "--header",
    "-m",
    "--max-time",
    "-X",
    "--request",
    "-d",
    "--data",
    "-w",
    "--write-out",
    "-A",
    "--user-agent",
    "-c",
    "-u",
    "--user",
    "-T",
    "-t",
    "--tries",
    "--connect-timeout",
    "--retry",
];
/// Programs whose first word without a dash is a host.
const REACH: [&str; 6] = ["nc", "ncat", "telnet", "ping", "dig", "nslookup"];

/// What of it is shared, as the command names it; empty where nothing looks so.
pub(super) fn shared(command: &[String]) -> Vec<String> {
    let given = command.get(1..).unwrap_or_default();
    let words = if command.first().is_some_and(|first| first == "CMD-SHELL") { split(&given.join(" ")) } else { given.to_vec() };
    let mut found: Vec<String> = Vec::new();
    let mut add = |name: &str| {
        let name = crate::text::shown(name);
        if !found.contains(&name) {
            found.push(name);
        }
    };
    let apart = |character: char| character.is_whitespace() || "'\"`();<>,=|&".contains(character);
    for word in words.iter().map(|word| itself(word)) {
        for piece in word.split(apart).filter(|piece| !piece.is_empty()) {
            if let Some(name) = named(piece) {
                add(name);
            } else if let Some(host) = host_in(piece).filter(|host| !own(host)) {
                add(host);
            }
        }
    }
    for host in operands(&words).iter().filter(|host| !own(host) && named(host).is_none()) {
        add(host);
    }
    found
}

/// The same with `localhost` for the ways in which a container names itself.
fn itself(line: &str) -> String {
    const WAYS: [&str; 6] = ["$(hostname -i)", "$(hostname)", "`hostname -i`", "`hostname`", "${HOSTNAME}", "$HOSTNAME"];
    WAYS.iter().fold(line.to_owned(), |line, way| line.replace(way, "localhost"))
}

/// The words of a line, as far as can be told without a shell. `|` stands where another command begins; what is in quotes is
/// one word.
fn split(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for character in itself(line).chars() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (None, '\'' | '"') => quote = Some(character),
            (None, ';' | '|' | '&' | '\n') => words.extend(["|".to_owned(), String::new()]),
            (None, ' ' | '\t' | '(' | ')' | '`' | '<' | '>') => words.push(String::new()),
            _ => words.last_mut().map(|word| word.push(character)).unwrap_or_default(),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The part of a word that names something shared.
fn named(word: &str) -> Option<&str> {
    let apart = |character: char| !(character.is_ascii_alphanumeric() || character == '_');
    word.split(apart).find(|part| {
        let part = part.to_ascii_lowercase();
        part == "aws" || SHARED.iter().any(|name| part.starts_with(name))
    })
}

/// The host a word names, where it is a URL, a host with a port, an address, or bash's `/dev/tcp/HOST/PORT`.
fn host_in(word: &str) -> Option<&str> {
    if let Some((_, rest)) = word.split_once("://") {
        return authority(rest);
    }
    if let Some(rest) = word.strip_prefix("/dev/tcp/").or_else(|| word.strip_prefix("/dev/udp/")) {
        return rest.split('/').next().filter(|host| !host.is_empty());
    }
    if word.starts_with('[') {
        return authority(word);
    }
    let place = word.split('/').next().unwrap_or(word);
    let ported = place.rsplit_once(':').filter(|(host, port)| {
        !host.is_empty() && !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) && !host.ends_with(':')
    });
    match ported {
        Some((host, _)) => Some(host),
        None => place.parse::<std::net::IpAddr>().is_ok().then_some(place),
    }
}

/// The host of what follows `//` in a URL (RFC 3986, authority).
fn authority(rest: &str) -> Option<&str> {
    let place = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let place = place.rsplit('@').next().unwrap_or(place);
    let host = match place.strip_prefix('[') {
        Some(inside) => inside.split(']').next().unwrap_or(inside),
        None => place.split(':').next().unwrap_or(place),
    };
    (!host.is_empty()).then_some(host)
}

/// Hosts that programs known here are given as words of their own.
fn operands(words: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    let mut program = None;
    let mut skip = false;
    let mut reached = false;
    for word in words {
        if word.contains(char::is_whitespace) {
            // a header, or a command within the command
            found.extend(operands(&split(word)));
            skip = false;
        } else if word == "|" {
            (program, skip, reached) = (None, false, false);
        } else if program.is_none() {
            program = word.rsplit('/').next();
        } else if std::mem::take(&mut skip) {
            // the value of an option
        } else if VALUED.contains(&word.as_str()) && (word, program) != (&"-O".to_owned(), Some("curl")) {
            skip = true;
        } else if !word.starts_with('-') && !word.contains("://") {
            if program.is_some_and(|program| FETCH.contains(&program)) && !word.starts_with(['/', '.']) {
                found.extend(authority(word).map(str::to_owned));
            } else if program.is_some_and(|program| REACH.contains(&program)) && !std::mem::replace(&mut reached, true) {
                found.push(word.clone());
            }
        }
    }
    found
}

/// Whether a host is the container itself.
fn own(host: &str) -> bool {
    let address = || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback() || address.is_unspecified());
    host.eq_ignore_ascii_case("localhost") || address()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_command_asks_besides_itself_is_named() {
        for (line, expected) in [
            ("curl -f localhost:8080/health || exit 1", &[] as &[&str]),
            ("curl -fsS -o /dev/null -m 3 http://127.0.0.1:8080/health", &[]),
            ("wget -qO- http://[::1]:8080/health", &[]),
            ("wget --spider -T 3 http://localhost/health?deep=1", &[]),
            ("curl -f http://$HOSTNAME:8080/ && curl -f http://$(hostname -i):8080/", &[]),
            ("nc -z 127.0.0.1 8080", &[]),
            ("cat /tmp/healthy", &[]),
            ("test -f /run/app.pid && kill -0 $(cat /run/app.pid)", &[]),
            ("grpc_health_probe -addr=:5000", &[]),
            ("node -e require('http').get('http://localhost:8080')", &[]),
            ("curl -f -H Host:x localhost:80", &[]),
            ("nats server check connection", &["nats"]),
            ("redis-cli ping", &["redis"]),
            ("pg_isready -h localhost", &["pg_isready"]),
            ("psql -c select", &["psql"]),
            ("mysqladmin ping", &["mysqladmin"]),
            ("mongosh --eval 1", &["mongosh"]),
            ("kafka-topics.sh --list", &["kafka"]),
            ("rabbitmqctl status", &["rabbitmqctl"]),
            ("aws dynamodb list-tables", &["aws", "dynamodb"]),
            ("curl -f $NATS_URL", &["NATS_URL"]),
            ("curl -f http://auth.internal:8080/health", &["auth.internal"]),
            ("curl -f https://user:secret@api.example.com/x", &["api.example.com"]),
            ("curl -f backend/health", &["backend"]),
            ("curl -f backend", &["backend"]),
            ("curl -f $TARGET", &["$TARGET"]),
            ("nc -z -w 2 db 5432", &["db"]),
            ("curl -f -H 'Accept: application/json' localhost:8080/health", &[]),
            ("sh -c 'curl -f backend/health'", &["backend"]),
            ("curl -O backend/health", &["backend"]),
            ("nc -z db 5432", &["db"]),
            ("echo > /dev/tcp/10.0.0.5/80", &["10.0.0.5"]),
            ("check --peer=10.0.0.5", &["10.0.0.5"]),
            ("check peer:9000", &["peer"]),
        ] {
            let command = vec!["CMD-SHELL".to_owned(), line.to_owned()];
            assert_eq!(shared(&command), expected, "{line}");
        }
        let exec = |words: &[&str]| shared(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(exec(&["CMD", "curl", "-f", "backend"]), ["backend"]);
        assert_eq!(exec(&["CMD", "python", "-c", "import socket; socket.create_connection(('nats', 4222))"]), ["nats"]);
        assert_eq!(exec(&["CMD", "/bin/check"]), [""; 0]);
    }
}
