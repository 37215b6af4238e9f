//! Texts that break careless readers, for the fields in which AWS and NATS really let anyone write anything.
//!
//! They are kept apart from the model so that a fleet without `hostile` cannot contain one by accident.
//! The trap: ECS tag values allow letters, digits, spaces and `_ . : / = + - @` only. A test with `<` in a tag would test a world that does not exist.

/// What can be written where the field takes any text (alarm names and descriptions, stop reasons, NATS client names).
pub(crate) fn free_texts() -> Vec<String> {
    vec![
        "<img src=x onerror=alert(1)>".to_owned(),
        "\u{202e}gnp.exe right to left".to_owned(),
        "\u{1f525}".repeat(255),
        "=cmd|'/C calc'!A0".to_owned(),
        "\u{1b}[2J\u{1b}[31mscreen cleared".to_owned(),
        "</script><script>alert(1)</script>".to_owned(),
        "a\nb\r\nc, \"d\"; | e | ` $(reboot) `".to_owned(),
    ]
}

/// The free text for the n-th place that holds one.
pub(crate) fn free_text(number: usize) -> String {
    let texts = free_texts();
    texts.get(number % texts.len().max(1)).cloned().unwrap_or_default()
}

/// The same for an alarm's name, which may hold no control character and 255 characters in all.
pub(crate) fn alarm_name(plain: &str, number: usize) -> String {
    let texts = free_text(number);
    plain.chars().chain(texts.chars().filter(|letter| !letter.is_ascii_control())).take(255).collect()
}

/// What ECS accepts as a tag value and a spreadsheet takes for a formula.
pub(crate) const TAG_VALUES: [&str; 4] = ["=1+1", "@SUM:A1", "+49-30-1", "\u{fdfd}\u{fdfd}"];

/// A line as a program prints it that was given something else than text.
pub(crate) fn log_line(number: usize) -> String {
    let others = [
        "\0\0\0binary\0\u{7f}\u{9b}2J",
        "\u{1b}]0;a new title\u{7}\u{1b}[1A\u{1b}[2K\u{1b}[8mhidden",
        "\u{200f}\u{2067}isolated \u{061c}marks\r\roverwritten",
    ];
    match others.get(number / 3 % (others.len() + 1)) {
        Some(line) => (*line).to_owned(),
        None => free_text(number),
    }
}
