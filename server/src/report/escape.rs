//! Text from outside, made harmless for HTML, XML and Markdown.
//!
//! Each format has its own way out: a tag, an entity, a link, a heading. What no escaping cures (control characters, marks that
//! turn a line round) becomes `·` first, as on every page. The trap is Markdown, where a name can begin a list, close a table's
//! cell or be a link, so every sign that means anything there gets a backslash, wherever it stands.

use domain::text;

/// For HTML, between tags and in attributes.
pub(super) fn html(said: &str) -> String {
    crate::history::safe(said)
}

/// For XML, between tags and in attributes. XML 1.0 has no way to write most control characters at all.
pub(super) fn xml(said: &str) -> String {
    let mut out = String::with_capacity(said.len() + 16);
    for character in text::plain(said).chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            // a plain one would become a blank in an attribute
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            '\u{FFFE}' | '\u{FFFF}' => out.push('·'),
            other => out.push(other),
        }
    }
    out
}

/// For one line of Markdown: a sentence, a cell of a table.
pub(super) fn markdown(said: &str) -> String {
    let shown = text::shown(said);
    let shown = shown.trim();
    let mut out = String::with_capacity(shown.len() + 16);
    for (index, character) in shown.chars().enumerate() {
        match character {
            '\n' | '\t' => out.push(' '),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '$' | '^' => out.extend(['\\', character]),
            // the beginning of a list or of a rule
            '-' | '+' | '=' if index == 0 => out.extend(['\\', character]),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out() {
        assert_eq!(html("</template><script>"), "&lt;/template&gt;&lt;script&gt;");
        assert_eq!(xml("]]>\u{0}\"&\n\u{202E}\u{FFFE}"), "]]&gt;·&quot;&amp;&#10;··");
        assert_eq!(markdown("| [x](javascript:1) \n # h `a` <b>"), "\\| \\[x\\](javascript:1)   \\# h \\`a\\` &lt;b&gt;");
        assert_eq!([markdown("- a"), markdown("a-b"), markdown("===")], ["\\- a", "a-b", "\\==="]);
        assert_eq!(markdown("1\u{202E}2"), "1·2");
    }
}
