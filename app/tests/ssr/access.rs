//! Who may do what, as far as pages and server functions decide it; and the page Access.

use domain::account::Role;

use crate::ask::{function, function_as, page, page_as};
use crate::fake::Scene;

#[tokio::test]
async fn nobody_sees_anything() {
    for path in ["/", "/services", "/alarms", "/access", "/nowhere"] {
        let page = page_as(None, Scene::Calm, path).await;
        assert_eq!(page.status, 401, "{path}");
        page.says("You are not signed in");
        page.does_not_say("auth-nats");
    }
    for (endpoint, body) in [("frame", "{}"), ("page", "{\"path\":\"/\",\"pairs\":[]}"), ("search", "{\"typed\":\"a\"}")] {
        let answer = function_as(None, Scene::Calm, endpoint, body).await;
        assert_eq!(answer.status, 401, "{endpoint}: {}", answer.html);
        assert!(answer.html.contains("\"failure\":\"unauthenticated\""), "{}", answer.html);
    }
}

#[tokio::test]
async fn a_role_that_is_too_low_is_told_which_is_needed() {
    let acknowledge = "environment=production&name=quest-disk&reason=known";
    for (role, endpoint, body, needed) in [
        (Role::Viewer, "acknowledge", acknowledge, "operator"),
        (Role::Viewer, "withdraw", "environment=production&name=quest-disk", "operator"),
        (Role::Operator, "account_add", "name=Dora&role=viewer", "admin"),
        (Role::Operator, "account_disable", "account=2&disabled=true", "admin"),
        (Role::Viewer, "account_role", "account=1&role=admin", "admin"),
        (Role::Operator, "account_reset", "account=2", "admin"),
    ] {
        let answer = function_as(Some(role), Scene::Trouble, endpoint, body).await;
        assert_eq!(answer.status, 403, "{endpoint}: {}", answer.html);
        assert!(answer.html.contains(&format!("That needs the role {needed}; Ann is {role}.")), "{}", answer.html);
    }
    let done = function(Scene::Trouble, "acknowledge", acknowledge).await;
    assert_eq!((done.status.as_u16(), done.location.as_str()), (303, "/alarms/production/quest-disk#acknowledge"));
}

#[tokio::test]
async fn a_refusal_goes_back_to_the_form_and_not_into_the_address() {
    let refused = function(Scene::Trouble, "password_change", "current=x&new=y").await;
    assert_eq!((refused.status.as_u16(), refused.location.as_str()), (303, "/access#password"));
    assert!(refused.cookie.starts_with("signalbox-refused=That%20is%20not%20the%20current%20password"), "{}", refused.cookie);
    let refused = function_as(Some(Role::Viewer), Scene::Calm, "token_make", "name=ci&role=admin&days=9").await;
    assert!(refused.cookie.contains("needs%20the%20role%20admin"), "{}", refused.cookie);
    let out = function(Scene::Calm, "sign_out", "").await;
    assert_eq!((out.status.as_u16(), out.location.as_str()), (303, "/login"));
}

#[tokio::test]
async fn the_page_shows_ones_own_and_an_admin_everybodys() {
    let own = page(Scene::Calm, "/access").await;
    own.says("Signed in as Ann , operator");
    own.says("grafana viewer until");
    own.has("action=\"/api/token_make\"");
    own.has("action=\"/api/password_change\"");
    own.has("&lt;img src=x onerror=alert(1)&gt;·");
    assert!(!own.html.contains("account_add") && !own.html.contains("value=\"admin\""), "{}", own.html);
    let admin = page_as(Some(Role::Admin), Scene::Calm, "/access").await;
    admin.has("action=\"/api/account_add\"");
    admin.says("Ben disabled");
    admin.says("Cleo no password yet");
}

#[tokio::test]
async fn a_secret_is_shown_once_and_stays_while_it_is_looked_at() {
    let page = page(Scene::Trouble, "/access").await;
    page.says("sbx_0123");
    page.has("id=\"fresh\" aria-label=\"Made a moment ago\" data-stays");
}

#[tokio::test]
async fn the_bar_says_who_is_looking() {
    let page = page(Scene::Calm, "/").await;
    page.says("Ann operator");
    page.has("action=\"/api/sign_out\" method=\"post\"");
}
