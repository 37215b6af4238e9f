//! Tables of who owns what, and properties that hold for any.

use proptest::prelude::*;

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(seconds)
}

fn key(service: &str) -> ServiceKey {
    ServiceKey { environment: "production".into(), cluster: "main".into(), service: service.into() }
}

fn task(service: &str, id: &str, address: &str, life: (i64, Option<i64>)) -> TaskLife {
    TaskLife { service: key(service), id: id.into(), address: Some(address.into()), created: Some(at(life.0)), stopped: life.1.map(at) }
}

/// auth at .1; quest at .2, whose address was router's before; two services on the host .9.
fn register() -> Register {
    Register::new(
        ["auth", "quest", "router", "ai-router", "bridge-a", "bridge-b"].map(key),
        [
            task("auth", "aaaa1111", "10.0.0.1", (100, None)),
            task("router", "rrrr1111", "10.0.0.2", (100, Some(200))),
            task("quest", "qqqq1111", "10.0.0.2", (300, None)),
            task("bridge-a", "b1", "10.0.0.9", (100, None)),
            task("bridge-b", "b2", "10.0.0.9", (100, None)),
        ],
    )
}

fn from(address: &str, started: i64) -> Connection {
    Connection { address: address.into(), started: Some(at(started)), ..Connection::default() }
}

fn with(connection: Connection, user: &str, name: &str) -> Connection {
    let filled = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Connection { user: filled(user), name: filled(name), ..connection }
}

fn judged(connection: &Connection) -> (&'static str, String) {
    let owned = owner_of(connection, &register(), true);
    (owned.certainty.as_str(), owned.owner.map(|owner| owner.service).unwrap_or_default())
}

#[test]
fn every_case_is_judged_as_written() {
    let nobody = "10.0.0.77";
    let proxied = |user: &str| Connection { proxied: true, ..with(from("10.0.0.1", 150), user, "") };
    let certified = |subject: &str, connection: Connection| Connection { certificate: Some(subject.into()), ..connection };
    let cases: Vec<(&str, Connection, &str, &str)> = vec![
        ("address alone", from("10.0.0.1", 150), "attributed", "auth"),
        ("address and user", with(from("10.0.0.1", 150), "auth", ""), "confirmed", "auth"),
        ("address and name", with(from("10.0.0.1", 150), "", "auth/aaaa1111"), "confirmed", "auth"),
        ("a shared user says nothing", with(from("10.0.0.1", 150), "everybody", ""), "attributed", "auth"),
        ("a name that lies", with(from("10.0.0.1", 150), "auth", "quest/qqqq1111"), "conflicting", "auth"),
        ("a user that is another's", with(from("10.0.0.1", 150), "quest", ""), "conflicting", "auth"),
        ("an address of an earlier task", from("10.0.0.2", 150), "attributed", "router"),
        ("the same address later", from("10.0.0.2", 350), "attributed", "quest"),
        ("the same address between", from("10.0.0.2", 250), "unattributed", ""),
        ("clocks apart a little", from("10.0.0.2", 298), "attributed", "quest"),
        ("nobody", from(nobody, 150), "unattributed", ""),
        ("nobody by a name of nobody", with(from(nobody, 150), "", "nats-cli"), "unattributed", ""),
        ("an unknown address, a known user", with(from(nobody, 150), "quest", ""), "attributed", "quest"),
        ("user and name agree, both are words", with(from(nobody, 150), "quest", "quest"), "attributed", "quest"),
        ("user and name disagree", with(from(nobody, 150), "quest", "auth"), "conflicting", "quest"),
        ("a shared host", from("10.0.0.9", 150), "ambiguous", ""),
        ("a shared host and a user", with(from("10.0.0.9", 150), "bridge-b", ""), "attributed", "bridge-b"),
        ("a shared host and a stranger's user", with(from("10.0.0.9", 150), "quest", ""), "conflicting", "quest"),
        ("a proxy with a task's address", proxied(""), "proxied", ""),
        ("a proxy and a user", proxied("quest"), "attributed", "quest"),
        ("a certificate alone", certified("CN=quest.internal,O=x", from(nobody, 150)), "attributed", "quest"),
        ("certificate and user", certified("O=x,CN=quest", with(from(nobody, 150), "quest", "")), "confirmed", "quest"),
        ("certificate against address", certified("CN=quest", from("10.0.0.1", 150)), "conflicting", "auth"),
        ("a certificate of nobody", certified("CN=gateway", from(nobody, 150)), "unattributed", ""),
        ("a prefix is not a name", with(from(nobody, 150), "rout", "router2"), "unattributed", ""),
        ("a name with the task of another", with(from(nobody, 150), "", "auth/qqqq1111"), "attributed", "auth"),
        ("only the task is known", with(from(nobody, 150), "", "worker/qqqq1111"), "attributed", "quest"),
    ];
    for (what, connection, certainty, owner) in cases {
        assert_eq!(judged(&connection), (certainty, owner.to_owned()), "{what}");
    }
}

#[test]
fn the_proof_tells_what_agrees_and_what_does_not() {
    let owned = owner_of(&with(from("10.0.0.1", 150), "auth", "quest/qqqq1111"), &register(), true);
    assert_eq!(
        owned.in_words(),
        "10.0.0.1 is the address of task aaaa1111 of auth; its user is auth; but it calls itself task qqqq1111 of quest"
    );
    assert_eq!(owned.task.as_deref(), Some("aaaa1111"));
    let owned = owner_of(&from("10.0.0.9", 150), &register(), true);
    assert_eq!(owned.in_words(), "2 services have tasks at 10.0.0.9: bridge-a, bridge-b");
    let owned = owner_of(&from("10.0.0.2", 250), &register(), true);
    assert_eq!(owned.in_words(), "no task lived at 10.0.0.2 when it was opened");
    assert!(owner_of(&from("1.1.1.1", 1), &register(), true).in_words().starts_with("no address"));
}

#[test]
fn where_times_cannot_be_compared_only_the_living_count() {
    let owned = owner_of(&from("10.0.0.2", 150), &register(), false);
    assert_eq!(owned.owner, Some(key("quest")), "router's task is gone");
}

#[test]
fn one_name_in_two_places_is_ambiguous_until_the_address_tells() {
    let elsewhere = ServiceKey { environment: "staging".into(), ..key("auth") };
    let register = Register::new([key("auth"), elsewhere], [task("auth", "aaaa1111", "10.0.0.1", (100, None))]);
    assert_eq!(owner_of(&with(from("9.9.9.9", 150), "auth", ""), &register, true).certainty, Certainty::Ambiguous);
    let owned = owner_of(&with(from("10.0.0.1", 150), "auth", ""), &register, true);
    assert_eq!((owned.certainty, owned.owner), (Certainty::Confirmed, Some(key("auth"))));
}

#[test]
fn a_consumer_is_named_after_the_longest_name() {
    let register = register();
    let named = |name: &str| register.named_after(name).map(|key| key.service.as_str());
    assert_eq!(named("AI_ROUTER_work"), Some("ai-router"));
    assert_eq!(named("router"), Some("router"));
    assert_eq!(named("routers"), None);
    assert_eq!(named(""), None);
}

fn any_word() -> impl Strategy<Value = Option<String>> {
    proptest::option::of(prop_oneof![
        Just("auth".to_owned()),
        Just("quest".to_owned()),
        Just("quest/qqqq1111".to_owned()),
        Just("bridge-a".to_owned()),
        Just("auth/zzz".to_owned()),
        ".{0,6}"
    ])
}

proptest! {
    /// Whatever a client says of itself: an owner is one that some source names, confirmation needs the address or the
    /// certificate, a proxy's address is never proof, and nobody is attributed without any agreeing proof.
    #[test]
    fn no_owner_out_of_nothing(
        address in prop_oneof![Just("10.0.0.1"), Just("10.0.0.2"), Just("10.0.0.9"), Just("8.8.8.8")],
        started in proptest::option::of(0i64..500),
        user in any_word(), name in any_word(), account in any_word(), certificate in any_word(),
        proxied: bool, same_time: bool,
    ) {
        let connection = Connection {
            address: address.to_owned(), started: started.map(at), user, name, account, proxied,
            certificate: certificate.map(|common| format!("CN={common}")), ..Connection::default()
        };
        let owned = owner_of(&connection, &register(), same_time);
        let agreeing = owned.proof.iter().filter(|proof| proof.agrees).count();
        match owned.certainty {
            Certainty::Confirmed => {
                prop_assert!(owned.owner.is_some() && agreeing >= 2 && owned.proof.iter().all(|proof| proof.agrees));
                let hard = owned.proof.iter().any(|proof| matches!(proof.by, Evidence::Address | Evidence::Certificate));
                prop_assert!(hard);
            }
            Certainty::Attributed => prop_assert!(owned.owner.is_some() && agreeing >= 1),
            Certainty::Conflicting => prop_assert!(owned.proof.len() >= 2),
            Certainty::Unattributed => prop_assert!(owned.owner.is_none() && !proxied),
            Certainty::Proxied => prop_assert!(owned.owner.is_none() && proxied),
            Certainty::Ambiguous => prop_assert!(owned.owner.is_none()),
        }
        prop_assert!(!proxied || owned.task.is_none(), "an address behind a proxy names no task");
        prop_assert_eq!(owner_of(&connection, &register(), same_time), owned, "the same question has the same answer");
    }
}
