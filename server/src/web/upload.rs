//! Files that are handed in: multipart forms, read piece by piece.
//!
//! Only the few paths in [`PATHS`] take such a form; the guard refuses it everywhere else. What is typed beside a file is kept
//! even where the file is refused, because nobody types it twice. The trap is a large file: its end must be read, or the browser
//! shows a broken connection instead of our sentence, and it must not be kept meanwhile.

use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::StatusCode;
use domain::{Failure, text};

use crate::evidence_file::MOST_BYTES;

/// Where files are handed in: two forms of pages, three of the API.
pub(super) const PATHS: [&str; 5] = [
    "/readiness/attest/file",
    "/readiness/checklists/file",
    "/api/v1/attestations/file",
    "/api/v1/checklists/preview",
    "/api/v1/checklists/import",
];
/// So much is read before the connection is closed: a file that is a few times too large still gets its sentence.
pub(super) const LARGEST: usize = 32 * 1024 * 1024;
/// Most bytes of all that is typed beside a file: it has to fit into an address.
const MOST_TYPED: usize = 16 * 1024;
/// Most parts of a form. None of ours has more than a dozen.
const MOST_PARTS: usize = 32;

/// What came in.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Upload {
    /// What was typed, by field.
    pub(super) typed: Vec<(String, String)>,
    /// The file's name and its bytes, where one was chosen.
    pub(super) file: Option<(String, Vec<u8>)>,
    /// What was wrong with the form or its file.
    pub(super) trouble: Option<String>,
}

impl Upload {
    /// The file.
    ///
    /// # Errors
    /// There is none, or something was wrong with it.
    pub(super) fn file(self) -> Result<(String, Vec<u8>), Failure> {
        let none = || "No file was chosen: choose one and send it again.".to_owned();
        match (self.trouble, self.file) {
            (None, Some(file)) => Ok(file),
            (trouble, _) => Err(Failure::Refused { why: trouble.unwrap_or_else(none) }),
        }
    }

    fn wrong(&mut self, why: String) {
        self.trouble.get_or_insert(why);
    }
}

/// Reads a form, its file included.
pub(super) async fn read(request: Request) -> Upload {
    parts(request, MOST_BYTES).await
}

/// Reads what was typed alone: of somebody who may not hand anything in nothing is kept.
pub(super) async fn typed(request: Request) -> Vec<(String, String)> {
    parts(request, 0).await.typed
}

async fn parts(request: Request, most: usize) -> Upload {
    let mut upload = Upload::default();
    let Ok(mut form) = Multipart::from_request(request, &()).await else {
        upload.wrong("This is no form with a file: send multipart/form-data with a boundary.".to_owned());
        return upload;
    };
    let mut room = MOST_TYPED;
    for _ in 0..MOST_PARTS {
        let field = match form.next_field().await {
            Ok(Some(field)) => field,
            Ok(None) => return upload,
            Err(error) => {
                upload.wrong(broken(&error));
                return upload;
            }
        };
        let name = field.name().unwrap_or_default().to_owned();
        let file = field.file_name().map(str::to_owned);
        let (bytes, size) = match kept(field, if file.is_some() { most } else { room }).await {
            Ok(read) => read,
            Err(error) => {
                upload.wrong(broken(&error));
                return upload;
            }
        };
        let whole = bytes.len() == size;
        match file {
            // a browser sends an empty one where none was chosen
            Some(file) if file.is_empty() && size == 0 => {}
            Some(_) if !whole => upload.wrong(too_large(size)),
            Some(file) => upload.file = Some((file, bytes)),
            None if !whole => upload.wrong("What was typed beside the file is too much: shorten it, or put it into the file.".to_owned()),
            None => {
                room = room.saturating_sub(size);
                upload.typed.push((name, String::from_utf8_lossy(&bytes).into_owned()));
            }
        }
    }
    upload.wrong("The form has too many parts: send one file and the fields of its form.".to_owned());
    upload
}

/// The beginning of a part, at most so many bytes of it, and how many it has.
async fn kept(mut field: Field<'_>, most: usize) -> Result<(Vec<u8>, usize), MultipartError> {
    let (mut bytes, mut size) = (Vec::new(), 0_usize);
    while let Some(piece) = field.chunk().await? {
        size = size.saturating_add(piece.len());
        let room = most.saturating_sub(bytes.len()).min(piece.len());
        bytes.extend_from_slice(piece.get(..room).unwrap_or_default());
    }
    Ok((bytes, size))
}

fn too_large(size: usize) -> String {
    let size = text::grouped(u64::try_from(size).unwrap_or(u64::MAX));
    format!("The file has {size} bytes, and 5,000,000 are the most: hand in a summary of it. Nothing was kept.")
}

fn broken(error: &MultipartError) -> String {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return "The file is far too large: 5,000,000 bytes are the most. Hand in a summary of it. Nothing was kept.".to_owned();
    }
    "The form did not come whole: send it again. Nothing was kept.".to_owned()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::extract::DefaultBodyLimit;
    use axum::http::header;

    use super::*;

    /// A form as it reaches the routes, with their limit.
    fn sent(body: impl Into<Body>) -> Request {
        let form = axum::http::Request::post("/").header(header::CONTENT_TYPE, "multipart/form-data; boundary=b");
        let mut form = form.body(body.into()).unwrap();
        DefaultBodyLimit::max(LARGEST).apply(&mut form);
        form
    }

    fn part(name: &str, file: Option<&str>, value: &str) -> String {
        let file = file.map(|file| format!("; filename=\"{file}\"")).unwrap_or_default();
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{value}\r\n")
    }

    #[tokio::test]
    async fn what_is_typed_and_the_file_come_apart() {
        let form = part("note", None, "a\r\nb ü") + &part("upload", Some("summary.json"), "{}") + "--b--\r\n";
        let upload = read(sent(form)).await;
        assert_eq!(upload.typed, [("note".to_owned(), "a\r\nb ü".to_owned())]);
        assert_eq!(upload.file().unwrap(), ("summary.json".to_owned(), b"{}".to_vec()));
        let none = read(sent(part("upload", Some(""), "") + "--b--\r\n")).await;
        assert!(none.file().unwrap_err().to_string().contains("No file was chosen"));
    }

    #[tokio::test]
    async fn a_file_that_is_refused_takes_nothing_typed_along() {
        let large = "x".repeat(MOST_BYTES + 1);
        let upload = read(sent(part("upload", Some("list.md"), &large) + &part("note", None, "typed") + "--b--\r\n")).await;
        assert_eq!(upload.typed, [("note".to_owned(), "typed".to_owned())]);
        assert!(upload.file().unwrap_err().to_string().starts_with("The file has 5,000,001 bytes"));
        let cut = read(sent(part("note", None, "typed") + "--b\r\nContent-Disp")).await;
        assert_eq!((cut.typed.len(), cut.trouble.is_some()), (1, true));
        let much = read(sent(part("note", None, &"x".repeat(MOST_TYPED + 1)) + "--b--\r\n")).await;
        assert!(much.trouble.unwrap().contains("too much"));
        let many = read(sent(part("note", None, "x").repeat(MOST_PARTS + 1) + "--b--\r\n")).await;
        assert!(many.trouble.unwrap().contains("too many parts"));
    }

    #[tokio::test]
    async fn of_somebody_who_may_not_only_what_was_typed_is_read() {
        let form = part("note", None, "typed") + &part("upload", Some("a"), "bytes") + "--b--\r\n";
        assert_eq!(typed(sent(form)).await, [("note".to_owned(), "typed".to_owned())]);
        let none = read(axum::http::Request::post("/").body(Body::from("x")).unwrap()).await;
        assert!(none.trouble.unwrap().starts_with("This is no form with a file"));
    }
}
