//! Bytes to text: size, byte order marks, binary files, line ends.

use super::{Refused, TOO_MANY_BYTES};

/// With more control characters than one in so many a file is no text.
const CONTROLS: usize = 100;

/// The text of a file, with line feeds only.
pub(super) fn decode(bytes: &[u8]) -> Result<String, Refused> {
    if bytes.len() >= TOO_MANY_BYTES {
        let size = domain::text::grouped(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        return Err(Refused(format!("The file has {size} bytes, and a checklist must be smaller than 5 MB: split it.")));
    }
    if matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) {
        return Err(Refused("The file is UTF-16: save it as UTF-8 and import it again.".to_owned()));
    }
    if binary(bytes) {
        return Err(Refused("The file is binary and no Markdown: choose the text file the checklist is kept in.".to_owned()));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let byte = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
        Refused(format!("Line {line} is not UTF-8 (the byte 0x{byte:02x}): save the file as UTF-8 and import it again."))
    })?;
    Ok(text.replace("\r\n", "\n").replace('\r', "\n"))
}

fn binary(bytes: &[u8]) -> bool {
    let odd = |byte: &&u8| matches!(byte, 0x01..=0x08 | 0x0e..=0x1f | 0x7f);
    bytes.contains(&0) || bytes.iter().filter(odd).count() * CONTROLS > bytes.len()
}
