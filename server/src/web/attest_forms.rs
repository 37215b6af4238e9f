//! The two forms of pages that carry a file. Each holds the file and leads back to its page, which shows what it says.
//!
//! Plain handlers and no server functions, because those would have to be compiled for the browser as well, which sends these
//! forms by itself. The trap is what was typed beside the file: it goes back into the page's address whatever comes of the file,
//! also through the login page where the session ended meanwhile.

use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use domain::Failure;
use domain::service::encoded;
use domain::view::{AttestQuery, ChecklistQuery};

use super::access::Operator;
use super::alarms_api::borrowed;
use super::entrance::{local, redirect};
use super::routes::Routes;
use super::upload::{self, Upload};

/// Where they are sent.
pub(super) const PATHS: [&str; 2] = [ATTESTATION, CHECKLIST];
const ATTESTATION: &str = "/readiness/attest/file";
const CHECKLIST: &str = "/readiness/checklists/file";
/// The ends of a checklist's file that are no part of its name.
const ENDS: [&str; 3] = [".md", ".markdown", ".txt"];

pub(super) fn routes() -> Routes {
    Routes::default().post(ATTESTATION, attestation).post(CHECKLIST, checklist)
}

/// The file of an attestation: held, and shown with what it says.
async fn attestation(operator: Operator, request: Request) -> Response {
    let upload = upload::read(request).await;
    let query = attested(&upload.typed);
    match held(operator, upload).await {
        Ok((_, file)) => redirect(&format!("{}#file", AttestQuery { file, ..query }.path())),
        Err(failure) => refused(&query.path(), "file", &failure),
    }
}

/// A checklist: held, and shown with what importing it would change.
async fn checklist(operator: Operator, request: Request) -> Response {
    let upload = upload::read(request).await;
    let query = listed(&upload.typed);
    match held(operator, upload).await {
        Ok((called, file)) => {
            let name = if query.name.trim().is_empty() { stem(&called) } else { query.name.clone() };
            redirect(&format!("{}#preview", ChecklistQuery { name, file, ..query }.path()))
        }
        Err(failure) => refused(&query.path(), "import", &failure),
    }
}

/// Either of them, sent after its session had ended: through the login page back to the form, with what was typed. The file has
/// to be chosen again.
pub(super) async fn too_late(request: Request) -> Response {
    let attests = request.uri().path() == ATTESTATION;
    let typed = upload::typed(request).await;
    let path = if attests { attested(&typed).path() } else { listed(&typed).path() };
    redirect(&format!("/login?to={}", encoded(&local(&path))))
}

/// What was typed of an attestation. A file that was held before stays until another one is.
fn attested(typed: &[(String, String)]) -> AttestQuery {
    AttestQuery { unread: String::new(), sent: false, ignored: Vec::new(), ..AttestQuery::from_pairs(borrowed(typed)) }
}

fn listed(typed: &[(String, String)]) -> ChecklistQuery {
    ChecklistQuery { ignored: Vec::new(), ..ChecklistQuery::from_pairs(borrowed(typed)) }
}

/// Holds the file; answers what it is called and its hash.
async fn held(operator: Operator, upload: Upload) -> Result<(String, String), Failure> {
    let (name, bytes) = upload.file()?;
    let hash = operator.operate.hold(&operator.actor, name.clone(), bytes).await?;
    Ok((name, hash))
}

/// A list's name, from that of its file.
fn stem(file: &str) -> String {
    let name = file.rsplit(['/', '\\']).next().unwrap_or_default();
    ENDS.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name).to_owned()
}

/// Back to the page, which says why.
fn refused(path: &str, at: &str, failure: &Failure) -> Response {
    let mut answer = redirect(&format!("{path}#{at}"));
    if let Ok(cookie) = HeaderValue::from_str(&app::refusal(path, &failure.to_string())) {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_called_as_its_file() {
        for (file, name) in [("C:\\lists\\Launch.md", "Launch"), ("a/b.markdown", "b"), ("notes", "notes"), (".md", "")] {
            assert_eq!(stem(file), name);
        }
    }

    #[test]
    fn every_form_with_a_file_takes_one() {
        assert!(PATHS.iter().all(|path| upload::PATHS.contains(path)));
    }
}
