//! The NATS page and a service's own part of it.

use crate::ask::{CLUSTER, page};
use crate::fake::Scene;

#[tokio::test]
async fn what_is_wrong_comes_first_and_says_what_to_do() {
    let page = page(Scene::Trouble, "/nats").await;
    assert_eq!(page.status, 200);
    page.says("QUESTS / quest-system-nats is stuck: 7 messages wait and nobody has asked for them for 5 min");
    page.says("It is quest-system-nats's.");
    page.says("dropped 3 slow consumers lately");
    page.says("serves a certificate that ends in 12 days");
    page.says("does not answer");
    page.says("Who leads JetStream");
    page.says("nats-2 behind 1,240");
    page.says("nats-9 offline 88,000 not told");
    page.has("href=\"/api/v1/nats/nodes.csv\"");
    let text = page.text();
    assert!(text.find("What is wrong") < text.find("Who would be cut off if plaintext were refused now"));
}

#[tokio::test]
async fn the_filter_keeps_what_was_asked_and_says_what_it_ignored() {
    let page = page(Scene::Calm, "/nats?q=auth&tls=plaintext&colour=red").await;
    page.says("colour=red");
    page.has("value=\"auth\"");
    page.has("<option value=\"plaintext\" selected");
    page.says("confirmed");
    page.says("is the address of task");
}

#[tokio::test]
async fn a_service_says_what_is_expected_and_what_is_seen() {
    let page = page(Scene::Calm, &format!("{CLUSTER}/auth-nats")).await;
    page.says("2 tasks × 1 usual = 2 connections: only 1 seen.");
    page.says("its user is auth-nats");
}

#[tokio::test]
async fn before_the_first_sweep_nothing_is_claimed() {
    let page = page(Scene::Empty, "/nats").await;
    page.says("No node has been seen yet.");
    page.says("No client is connected.");
}
