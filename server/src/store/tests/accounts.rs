//! Accounts in the store: what ends with what, and what a restart does not forget.

use std::time::Duration;

use domain::account::Role;

use super::build::*;
use crate::accounts::{Pace, digest};
use crate::store::{Decided, Linked, NewSession, NewToken, Opened, Signed, Store};

fn link(secret: &str, ends: i64) -> Linked {
    Linked { hash: digest(secret), ends: at(ends) }
}

fn session(secret: &str, account: i64) -> NewSession {
    NewSession { hash: digest(secret), account, ends: at(1_000), address: "127.0.0.1".into(), agent: String::new() }
}

fn by(seconds: i64) -> Signed {
    Signed { actor: "Ann".into(), at: at(seconds) }
}

/// An admin Ann who has set a password and is signed in by the secret `ann`.
async fn with_ann() -> (Fixture, i64) {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    assert!(store.link_first(&link("first", 100), at(0)).await.unwrap());
    let opened = store.link_use(&digest("first"), "Ann", "hash", &session("ann", 0), at(1)).await.unwrap();
    assert_eq!(opened, Some(Opened::First));
    let id = store.account_named(" ANN").await.unwrap().unwrap().id;
    (fixture, id)
}

#[tokio::test]
async fn the_first_link_makes_one_admin_and_no_second() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    assert!(store.link_first(&link("old", 100), at(0)).await.unwrap());
    assert!(store.link_first(&link("new", 100), at(0)).await.unwrap());
    assert_eq!(store.link_find(&digest("old"), at(1)).await.unwrap(), None, "a newer start's link replaces it");
    assert_eq!(store.link_find(&digest("new"), at(100)).await.unwrap(), None, "and it ends");
    assert_eq!(store.link_find(&digest("new"), at(1)).await.unwrap(), Some(Opened::First));
    assert!(!store.any_account().await.unwrap());
    assert!(store.link_use(&digest("new"), "Ann", "hash", &session("s", 0), at(1)).await.unwrap().is_some());
    assert!(store.link_use(&digest("new"), "Eve", "hash", &session("t", 0), at(2)).await.unwrap().is_none(), "once");
    assert!(!store.link_first(&link("later", 100), at(3)).await.unwrap(), "there is an account now");
    let rows = store.account_list(at(4)).await.unwrap();
    assert_eq!((rows.len(), rows[0].name.as_str(), rows[0].role, rows[0].sessions), (1, "Ann", Role::Admin, 1));
}

#[tokio::test]
async fn whatever_makes_an_account_another_one_ends_its_sessions() {
    let (fixture, ann) = with_ann().await;
    let store = &fixture.store;
    assert_eq!(store.account_add("Ben", Role::Viewer, &link("ben", 100), &by(2)).await.unwrap(), Decided::Done("Ben".into()));
    assert_eq!(store.account_add("ben", Role::Admin, &link("x", 100), &by(2)).await.unwrap(), Decided::Taken);
    let ben = store.account_named("ben").await.unwrap().unwrap().id;
    store.link_use(&digest("ben"), "", "p1", &session("b1", 0), at(3)).await.unwrap().unwrap();
    let there = async |secret: &str| store.session_find(&digest(secret)).await.unwrap().is_some();
    assert!(there("b1").await && there("ann").await);
    store.account_role(ben, Role::Operator, &by(9)).await.unwrap();
    assert!(!there("b1").await, "a role");
    store.session_open(&session("b2", ben), &by(4)).await.unwrap().unwrap();
    assert!(!store.password_set(ben, "other", "p2", &by(9)).await.unwrap() && there("b2").await, "not the one that was checked");
    assert!(store.password_set(ben, "p1", "p2", &by(9)).await.unwrap());
    assert!(!there("b2").await, "a password");
    store.session_open(&session("b3", ben), &by(5)).await.unwrap().unwrap();
    store.account_reset(ben, &link("again", 100), &by(6)).await.unwrap();
    assert!(there("b3").await, "a link that nobody used changes nothing");
    store.link_use(&digest("again"), "", "p3", &session("b4", 0), at(7)).await.unwrap().unwrap();
    assert!(!there("b3").await && there("b4").await, "a link that was used");
    store.account_disable(ben, true, &by(9)).await.unwrap();
    assert!(!there("b4").await, "being kept out");
    assert_eq!(store.session_open(&session("b5", ben), &by(8)).await.unwrap(), None);
    assert!(there("ann").await, "and nobody else's ends with any of it");
    assert!(!store.session_end(ann, 999, &by(9)).await.unwrap());
}

#[tokio::test]
async fn there_is_always_somebody_who_decides() {
    let (fixture, ann) = with_ann().await;
    let store = &fixture.store;
    store.account_add("Ben", Role::Admin, &link("ben", 100), &by(2)).await.unwrap();
    let ben = store.account_named("Ben").await.unwrap().unwrap().id;
    assert_eq!(store.account_role(ann, Role::Viewer, &by(9)).await.unwrap(), Decided::LastAdmin("Ann".into()), "Ben cannot sign in yet");
    assert_eq!(store.account_disable(ann, true, &by(9)).await.unwrap(), Decided::LastAdmin("Ann".into()));
    store.link_use(&digest("ben"), "", "p", &session("b", 0), at(3)).await.unwrap().unwrap();
    assert_eq!(store.account_disable(ann, true, &by(9)).await.unwrap(), Decided::Done("Ann".into()));
    assert_eq!(store.account_role(ben, Role::Viewer, &by(9)).await.unwrap(), Decided::LastAdmin("Ben".into()));
    assert_eq!(store.account_role(77, Role::Viewer, &by(9)).await.unwrap(), Decided::NoAccount);
}

#[tokio::test]
async fn a_token_never_may_more_than_its_account() {
    let (fixture, ann) = with_ann().await;
    let store = &fixture.store;
    let token = NewToken { hash: digest("sbx_1"), account: ann, name: "ci".into(), role: Role::Admin, ends: at(50) };
    assert!(store.token_make(&token, &by(2)).await.unwrap());
    assert!(!store.token_make(&NewToken { hash: digest("sbx_2"), ..token.clone() }, &by(3)).await.unwrap(), "the name is taken");
    assert!(
        store.token_make(&NewToken { hash: digest("sbx_3"), ends: at(99), ..token.clone() }, &by(50)).await.unwrap(),
        "one that ended makes room"
    );
    assert!(store.token_find(&digest("sbx_1")).await.unwrap().is_none());
    store.account_add("Ben", Role::Admin, &link("ben", 100), &by(2)).await.unwrap();
    store.link_use(&digest("ben"), "", "p", &session("b", 0), at(3)).await.unwrap().unwrap();
    store.account_role(ann, Role::Viewer, &by(9)).await.unwrap();
    let found = store.token_find(&digest("sbx_3")).await.unwrap().unwrap();
    assert_eq!((found.role, found.owner.as_str(), found.name.as_str()), (Role::Viewer, "Ann", "ci"));
    store.account_disable(ann, true, &by(9)).await.unwrap();
    assert!(store.token_find(&digest("sbx_3")).await.unwrap().is_none(), "a disabled account's token is nobody's");
}

#[tokio::test]
async fn failures_are_counted_before_they_are_known_and_outlive_a_restart() {
    let (fixture, _) = with_ann().await;
    let path = fixture.store.path().to_owned();
    let (account, address) = (digest("account"), digest("address"));
    let subjects = [(address, Pace::ADDRESS), (account, Pace::ACCOUNT)];
    for _ in 0..5 {
        assert_eq!(fixture.store.attempt_begin(&subjects, at(10)).await.unwrap(), Ok(()));
    }
    assert_eq!(fixture.store.attempt_begin(&subjects, at(10)).await.unwrap(), Err(at(11)));
    fixture.store.close().await;
    drop(fixture.store);
    let store = Store::open(&path).await.unwrap();
    assert_eq!(store.attempt_begin(&subjects, at(10)).await.unwrap(), Err(at(11)), "a restart forgets nothing");
    assert_eq!(store.attempt_begin(&subjects, at(11)).await.unwrap(), Ok(()), "and nothing is for ever");
    assert_eq!(store.attempt_begin(&subjects, at(12)).await.unwrap(), Err(at(13)));
    store.attempt_right(&account, &address).await.unwrap();
    assert_eq!(store.attempt_begin(&subjects, at(12)).await.unwrap(), Ok(()), "whoever knew the password begins anew");
}

#[tokio::test]
async fn what_has_ended_is_deleted() {
    let (fixture, ann) = with_ann().await;
    let store = &fixture.store;
    store.session_open(&NewSession { ends: at(20), ..session("short", ann) }, &by(2)).await.unwrap();
    store.access_let_go(at(1).minus(Duration::from_secs(1)), at(0), at(20)).await.unwrap();
    let left = store.session_list(ann, at(0), at(2)).await.unwrap();
    assert_eq!(left.len(), 1, "Ann's own stays: {left:?}");
    store.access_let_go(at(30), at(30), at(30)).await.unwrap();
    assert_eq!(store.session_list(ann, at(0), at(2)).await.unwrap(), [], "nobody used it since");
}

#[tokio::test]
async fn a_command_may_stand_beside_the_server_but_makes_no_store() {
    let (fixture, _) = with_ann().await;
    let beside = Store::beside(fixture.store.path()).await.unwrap();
    assert_eq!(beside.account_list(at(5)).await.unwrap().len(), 1);
    beside.account_add("Ben", Role::Viewer, &link("ben", 100), &by(6)).await.unwrap();
    beside.close().await;
    assert_eq!(fixture.store.account_list(at(7)).await.unwrap().len(), 2, "what it wrote is there");
    let said = Store::beside(&fixture.directory.path().join("none.db")).await.unwrap_err().to_string();
    assert!(said.contains("There is no store at") && said.contains("signalbox serve"), "{said}");
}
