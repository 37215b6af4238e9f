//! The terminal, borrowed: another screen, no echo, no line wrap, and all of it given back when dropped.
//!
//! Plain escape sequences that every terminal since the VT220 and xterm knows; a crate for this would bring more code
//! than all of `look`. The trap: whatever ends us (q, Ctrl-C, SIGTERM, an error, a panic) must give the terminal back,
//! so that is done by `Drop` and nowhere else.

use std::io::{self, IsTerminal, Read, Write};

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use tokio::sync::mpsc;

/// Another screen, cleared; the cursor away; no wrapping, so that a wide letter cannot break the picture.
const BORROW: &str = "\u{1b}[?1049h\u{1b}[2J\u{1b}[?25l\u{1b}[?7l";
/// All of it back.
const RETURN: &str = "\u{1b}[?7h\u{1b}[?25h\u{1b}[0m\u{1b}[?1049l";

/// A borrowed terminal.
pub struct Terminal {
    before: Option<Termios>,
}

impl Terminal {
    /// Borrows it.
    ///
    /// # Errors
    /// It cannot be written to.
    pub fn borrow() -> io::Result<Self> {
        let before = tcgetattr(io::stdin()).ok().filter(|_| io::stdin().is_terminal());
        let terminal = Self { before };
        if let Some(before) = &terminal.before {
            let mut quiet = before.clone();
            // single keys without echo; Ctrl-C goes on being a signal
            quiet.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
            quiet.special_codes[SpecialCodeIndex::VMIN] = 1;
            quiet.special_codes[SpecialCodeIndex::VTIME] = 0;
            tcsetattr(io::stdin(), OptionalActions::Now, &quiet)?;
        }
        write(BORROW)?;
        Ok(terminal)
    }

    /// Draws a whole picture, over the last one.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn draw(&self, lines: &[String]) -> io::Result<()> {
        // to the corner, each line with its rest wiped, then everything below
        let mut picture = String::from("\u{1b}[H");
        picture.push_str(&lines.join("\u{1b}[K\r\n"));
        picture.push_str("\u{1b}[K\u{1b}[J");
        write(&picture)
    }

    /// The keys that are pressed. None where stdin is no terminal.
    pub fn keys(&self) -> mpsc::UnboundedReceiver<u8> {
        let (sender, receiver) = mpsc::unbounded_channel();
        if self.before.is_some() {
            // a thread of its own: it may wait for a key for ever, and the process ends without it
            std::thread::spawn(move || {
                let mut key = [0u8; 1];
                while io::stdin().read(&mut key).is_ok_and(|read| read == 1) {
                    if sender.send(key[0]).is_err() {
                        return;
                    }
                }
            });
        }
        receiver
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            // nothing is left to be done when it fails: the terminal is gone
            tcsetattr(io::stdin(), OptionalActions::Now, before).unwrap_or_default();
        }
        drop(write(RETURN));
    }
}

fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Columns and rows; what old terminals had where it does not say.
pub fn size() -> (usize, usize) {
    match tcgetwinsize(io::stdout()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col.into(), size.ws_row.into()),
        _ => (80, 24),
    }
}
