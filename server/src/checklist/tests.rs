use domain::readiness::checklist::{Placed, changes};
use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Checklist {
    import(text.as_bytes()).unwrap_or_else(|refused| panic!("{refused}: {text:?}")).checklist
}

/// Each item as `depth box text | notes`, below its headings.
fn told(text: &str) -> Vec<String> {
    let one = |Placed { path, item }: Placed<'_>| {
        let mark = item.done.map_or("-", |done| if done { "x" } else { "o" });
        let notes = if item.notes.is_empty() { String::new() } else { format!(" | {}", item.notes.replace('\n', "⏎")) };
        format!("{}: {} {mark} {}{notes}", path.join("/"), item.depth, item.text)
    };
    read(text).placed().map(one).collect()
}

fn comes_back(text: &str) {
    let first = read(text);
    let written = first.to_markdown();
    let second = read(&written);
    assert_eq!(second, first, "{text:?}\n{written:?}");
    assert!(changes(&first, &second).none());
    assert_eq!(second.to_markdown(), written, "written twice alike");
}

const SISTER: &str = "# Production Readiness

Owner: platform. See [the wiki].

[the wiki]: https://wiki.example

## 1. Scaling (Priority: Critical)

- [x] Auto-scaling configured
  - Target tracking at 60 %
  - [ ] Load tested at 10,000 requests/s
    ```bash
    k6 run load.js
    - [ ] not an item
    ```
- [ ] Restore test runs monthly and its
  result is recorded
\t- [X] with tabs

### P0 – Authentication

1. [ ] mTLS between services
2. [x] Tokens rotate
   > Rotated by nina

   Runbook: <https://wiki.example/rotate>
3. plain step

Secrets 🔴 High
---------------

* Vault
  * [ ] every secret in it
  * [x] <b>none</b> in plaintext
+ [ ] Audit  
  Owner: omar

~~~
- [ ] in a tilde fence
~~~

> - [ ] in a quotation
";

#[test]
fn a_list_as_people_write_it() {
    assert_eq!(
        told(SISTER),
        [
            "Production Readiness/1. Scaling: 0 x Auto-scaling configured | - Target tracking at 60 %",
            "Production Readiness/1. Scaling: 1 o Load tested at 10,000 requests/s | ```bash⏎k6 run load.js⏎- [ ] not an item⏎```",
            "Production Readiness/1. Scaling: 0 o Restore test runs monthly and its result is recorded",
            "Production Readiness/1. Scaling: 1 x with tabs",
            "Production Readiness/1. Scaling/Authentication: 0 o mTLS between services",
            "Production Readiness/1. Scaling/Authentication: 0 x Tokens rotate | > Rotated by nina⏎⏎Runbook: <https://wiki.example/rotate>⏎3. plain step",
            "Production Readiness/Secrets: 0 - Vault",
            "Production Readiness/Secrets: 1 o every secret in it",
            "Production Readiness/Secrets: 1 x <b>none</b> in plaintext",
            "Production Readiness/Secrets: 0 o Audit | Owner: omar⏎⏎~~~⏎- [ ] in a tilde fence⏎~~~⏎⏎> - [ ] in a quotation",
        ]
    );
    let list = read(SISTER);
    let priorities: Vec<&str> = list.placed().map(|placed| placed.item.priority.map_or("", |priority| priority.as_str())).collect();
    assert_eq!(priorities, ["critical", "critical", "critical", "critical", "critical", "critical", "high", "high", "high", "high"]);
    assert_eq!(list.sections[0].prose, "Owner: platform. See [the wiki].\n\n[the wiki]: https://wiki.example", "definitions are not lost");
}

#[test]
fn importing_twice_changes_nothing() {
    for text in [
        SISTER,
        "- [ ] a",
        "- [ ] a\r\n- [x] b\r\n",
        "---\ntitle: Launch\nowner: nina\n---\n\n# A\n- [ ] a\n",
        "\n---\n\n- [ ] a\n---\n",
        "- [ ] a\n  ---\n  text below\n",
        "- [ ] a\n\n      indented code\n\n  para\n- [ ] b\n",
        "- [ ] a\n  - [ ] b\n\n  of a again\n\nof nobody\n\n    - [ ] code\n",
        "- [ ] a\n  ~~~\n  open\n- [ ] b\n",
        "- [ ] a\n```\nleft open\n- [ ] not b\n",
        "- [ ] a\n\n  ````md\n  ```\n  - [ ] no\n  ```\n  ````\n- [ ] b\n",
        "<details>\n<summary>More</summary>\n\n- [ ] a\n\n</details>\n\n- [ ] b\n",
        "<!-- - [ ] hidden -->\n- [ ] a <!-- why\n  not -->\n",
        "- [ ] a  \n  2. [ ] no item of its own\n",
        "- [ ] a\\\n  more\n- [ ] [x] b\n- [ ]\n- [ ] \\# c\n",
        "- \\# group\n  - [ ] a\n- - [ ] deep\n-\n  - [ ] below nothing\n",
        "# A #\n\n## \\#b \\#\n- [ ] a\nB #\n===\n- [ ] b\n##\n- [ ] c\n",
        "- [ ] a\n* [ ] b\n+ [ ] c\n1) [ ] d\n   1. [ ] e\n",
        "- [ ] same\n- [ ] same\n- [x] same\n",
        "> quoted\n> - [ ] not mine\n\n- [ ] mine\n  > - [ ] not mine\n",
        "- [ ] | a | b |\n  |---|---|\n  | 1 | 2 |\n",
        "- [ ] a\n\n\n\n\n  far below\n",
        "- [ ] a\n\t\ttabs\n\n\t- [ ] b\n",
        "- [ ] \u{1f6a6} emoji ❤️ and \u{202E}hostile\u{200B}\n",
    ] {
        comes_back(text);
    }
}

#[test]
fn a_file_that_is_none_is_refused_with_a_sentence() {
    let many = "- [ ] item\n".repeat(TOO_MANY_ITEMS);
    let large = format!("- [ ] a\n{}", "x".repeat(TOO_MANY_BYTES));
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    let latin = b"# Caf\xe9\n- [ ] a";
    for (bytes, said) in [
        (many.as_bytes(), "10,000 items"),
        (large.as_bytes(), "must be smaller than 5 MB"),
        (png.as_slice(), "binary"),
        (b"- [ ] a\0".as_slice(), "binary"),
        (b"\xff\xfe-\0 \0".as_slice(), "UTF-16"),
        (latin.as_slice(), "Line 1 is not UTF-8 (the byte 0xe9)"),
        (b"".as_slice(), "no item with a box"),
        (b"# Only words\n\n- a\n- b\n".as_slice(), "no item with a box"),
    ] {
        let refused = import(bytes).unwrap_err().to_string();
        assert!(refused.contains(said) && refused.ends_with("Nothing was kept."), "{said}: {refused}");
    }
    assert_eq!(read(&"- [ ] item\n".repeat(TOO_MANY_ITEMS - 1)).ticked().0, TOO_MANY_ITEMS - 1);
}

#[test]
fn what_was_decoded_wrongly_is_repaired_or_flagged() {
    let seen = "\u{feff}# Launch â€” plan\r\n- [ ] cafÃ© âœ…\r\n- [ ] CAFÉ™ x\r\n- [] no box\r\n";
    let imported = import(seen.as_bytes()).unwrap();
    assert_eq!(imported.repaired, 3);
    let lines: Vec<usize> = imported.notices.iter().map(|notice| notice.line).collect();
    assert_eq!(lines, [3, 4], "{:?}", imported.notices);
    let texts: Vec<&str> = imported.checklist.placed().map(|placed| placed.item.text.as_str()).collect();
    assert_eq!(texts, ["café ✅", "CAFÉ™ x"]);
    assert_eq!(imported.checklist.sections[0].title, "Launch — plan");
}

#[test]
fn what_is_nested_without_end_is_read_all_the_same() {
    let mut text = "- ".repeat(5_000);
    text.push_str("[ ] a\n");
    assert_eq!(read(&text).ticked().0, 1);
    let stairs: String = (0..40).map(|depth| format!("{}- [ ] step {depth}\n", "  ".repeat(depth))).collect();
    let list = read(&stairs);
    assert_eq!(list.ticked().0, 20, "what is deeper is a note");
    comes_back(&stairs);
}

/// Lines that each do something to those around them.
fn piece() -> impl Strategy<Value = String> {
    let lines = [
        "# Chapter",
        "## 2. Part (P1)",
        "- [ ] open",
        "- [x] ticked",
        "* [X] starred",
        "1. [ ] counted",
        "- plain",
        "- [ ]",
        "words",
        "more words  ",
        // closed where it was opened: what follows a fence that never ends is code in one place and a box in another
        "```yaml\nkey: 1\n- [ ] no box\n```",
        "~~~\n# no heading\n~~~",
        "> quoted",
        "> - [ ] quoted box",
        "---",
        "===",
        "<details>",
        "</details>",
        "<!-- note -->",
        "[link]: https://example.com",
        "| a | b |",
        "",
        "",
    ];
    // no tab: in code one stays what it is, elsewhere it becomes spaces, and a lazy line may be code in one place and not in another
    let indents = ["", "", "  ", "    ", "      "];
    (proptest::sample::select(indents.to_vec()), proptest::sample::select(lines.to_vec()))
        .prop_map(|(indent, lines)| lines.split('\n').map(|line| format!("{indent}{line}\n")).collect())
}

proptest! {
    #[test]
    fn whatever_is_imported_comes_back(pieces in proptest::collection::vec(piece(), 0..25)) {
        let text = format!("- [ ] first\n{}", pieces.concat());
        let first = import(text.as_bytes()).map_err(|refused| TestCaseError::fail(refused.to_string()))?;
        let written = first.checklist.to_markdown();
        let second = import(written.as_bytes()).map_err(|refused| TestCaseError::fail(refused.to_string()))?;
        prop_assert_eq!(&second.checklist, &first.checklist, "{:?}\n{:?}", text, written);
    }

    #[test]
    fn no_bytes_are_too_odd(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _read = import(&bytes);
    }

    #[test]
    fn no_text_is_too_odd(text in "(- \\[ \\] )?[\\PC\\n\t#>`~\\[\\]<!*-]{0,80}") {
        let _read = import(text.as_bytes());
    }
}
