//! Names from somebody who wishes us ill are text, on every page and in what is sent along for the browser.

use crate::ask::{CLUSTER, page};
use crate::fake::Scene;
use crate::markup::opened;

const PATHS: [&str; 21] = [
    "/",
    "/services",
    "/services?q=%3Cscript%3Ealert(9)%3C%2Fscript%3E&x=%22%3E%3Cb%3E",
    "/timeline?q=%3Cscript%3Ealert(9)%3C%2Fscript%3E&service=%22%3E%3Cb%3E",
    "/timeline?around=200",
    "/nats?q=%3Cscript%3Ealert(9)%3C%2Fscript%3E&x=%22%3E%3Cb%3E",
    "/sources",
    "/rollouts?q=%3Cscript%3Ealert(9)%3C%2Fscript%3E&x=%22%3E%3Cb%3E",
    "/rollouts/4",
    "/readiness?check=%3Cscript%3Ealert(9)%3C%2Fscript%3E&environment=%22%3E%3Cb%3E&per=200",
    "/readiness/production/gaming-system-cluster/%3Cimg%20src%3Dx%20onerror%3Dalert%281%29%3E",
    "/readiness/changes?per=200",
    "/readiness/changes?check=%3Cscript%3Ealert(9)%3C%2Fscript%3E&environment=%22%3E%3Cb%3E&service=%3Cimg%3E&cluster=%E2%80%AEy&since=%22%3E&q=%3Cb%3E&%3Cimg%3E=1",
    "/reports?preview=1",
    "/reports?environment=%22%3E%3Cb%3E&from=%3Cscript%3Ealert(9)%3C%2Fscript%3E&period=between&x=%E2%80%AEy&preview=1",
    "/rollouts/new?service=%22%3E%3Cb%3E%2Fb%2Fc&command=%22%3E%3Cscript%3Ealert(9)%3C%2Fscript%3E&q=%3Cb%3E&reason=%E2%80%AEx&draft=1",
    "/rollouts/new?kind=put_back&service=a%2Fb%2F%3Cimg%3E&revision=%3Cscript%3Ealert(9)%3C%2Fscript%3E&reason=%22%3E%3Cb%3E",
    "/readiness/attest",
    "/readiness/attest?check=load-test&environment=%22%3E%3Cb%3E&note=%3C%2Ftextarea%3E%3Cscript%3Ealert(9)%3C%2Fscript%3E&link=%E2%80%AEx&upload=%3Cimg%3E&file=44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a&x=%22%3E%3Cb%3E&sent=1",
    "/readiness/waivers?check=%3Cimg%3E&reason=%3C%2Ftextarea%3E%3Cscript%3Ealert(9)%3C%2Fscript%3E%E2%80%AE&ticket=%22%3E%3Cb%3E&sent=1",
    "/readiness/checklists?environment=%22%3E%3Cb%3E&name=%3Cscript%3Ealert(9)%3C%2Fscript%3E%E2%80%AE&file=44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
];
const NAMES: [&str; 4] =
    ["%3Cimg%20src%3Dx%20onerror%3Dalert%281%29%3E", "invoice%E2%80%AEfdp.exe", "a%2Fb%3Fc%23d%26e", "%3Dcmd%7C%27%20%2FC%20calc%27%21A0"];

fn paths() -> Vec<String> {
    PATHS.iter().map(|path| (*path).to_owned()).chain(NAMES.iter().map(|name| format!("{CLUSTER}/{name}"))).collect()
}

#[tokio::test]
async fn nothing_becomes_markup() {
    for path in paths() {
        let page = page(Scene::Hostile, &path).await;
        assert_eq!(page.status, 200, "{path}");
        for tag in opened(&page.html) {
            assert!(tag.name != "img", "{path}: <{}>", tag.tag);
            assert!(tag.name != "script" || tag.tag.contains(" nonce=\""), "{path}: <{}>", tag.tag);
        }
        // an attribute may hold them; what is sent along for the browser must not
        for script in page.html.split("<script").skip(1).filter_map(|rest| rest.split_once("</script>")) {
            assert!(!script.0.contains("<img") && !script.0.contains("<script"), "{path}: {}", script.0);
        }
        assert!(!page.html.contains("<script>alert"), "{path}");
    }
}

#[tokio::test]
async fn nothing_reorders_or_hides_what_stands_around_it() {
    for path in paths() {
        let text = page(Scene::Hostile, &path).await.text();
        assert!(!text.chars().any(|character| matches!(character, '\u{202A}'..='\u{202E}' | '\u{7}')), "{path}: {text}");
    }
}

#[tokio::test]
async fn any_name_has_its_page() {
    for (name, said) in NAMES.iter().zip([
        "<img src=x onerror=alert(1)> is down",
        "invoice·fdp.exe is down",
        "a/b?c#d&e is down",
        "=cmd|' /C calc'!A0 is down",
    ]) {
        page(Scene::Hostile, &format!("{CLUSTER}/{name}")).await.says(said);
    }
}

/// What the content security policy would block in a browser must not be relied on.
#[tokio::test]
async fn nothing_needs_an_inline_style_or_handler() {
    for path in paths() {
        let page = page(Scene::Hostile, &path).await;
        for tag in opened(&page.html) {
            for name in names(&tag.tag) {
                assert!(name != "style" && !name.starts_with("on"), "{path}: <{}>", tag.tag);
            }
        }
    }
}

/// The names of a tag's attributes.
fn names(tag: &str) -> Vec<&str> {
    // every other part between quotes is a value
    let outside = tag.split('"').step_by(2).flat_map(|part| part.split(' ')).skip(1);
    outside.map(|name| name.trim_end_matches('=')).filter(|name| !name.is_empty()).collect()
}
