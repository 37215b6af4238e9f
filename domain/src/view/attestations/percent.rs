//! How far something holds: typed in percent, kept in permille, told in words.
//!
//! Separate from [`super::AttestQuery`], because what people type is refused in more ways than one, each with what to type
//! instead. The trap is a value in permille that is read as percent: the field and its name in the address say percent.

use crate::readiness::score::WHOLE;
use crate::text;

/// A value in permille, from percent with one decimal at most.
///
/// # Errors
/// What is wrong with it and what would be right, as a sentence.
pub(super) fn permille(typed: &str) -> Result<u16, String> {
    // the field says percent; whoever writes the sign as well means nothing else
    let typed = typed.trim();
    let number = typed.strip_suffix('%').unwrap_or(typed).trim_end();
    let refused = |why: &str| Err(format!("\"{}\" {why}", text::shown(typed)));
    if number.contains(',') {
        return refused("has a comma: write a point, as in 97.5.");
    }
    let (unsigned, below) = number.strip_prefix('-').map_or((number, false), |number| (number, true));
    let (whole, decimals) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    if !is_digits(whole) || !is_digits(decimals) {
        return refused("is no number: type one from 0 to 100, as 97.5, or leave it empty where a file says it.");
    }
    if below {
        return refused("is less than nothing: type 0 where it does not hold at all.");
    }
    let tenths = decimals.trim_end_matches('0');
    if tenths.len() > 1 {
        return refused("is finer than is kept: type one decimal at most, as in 97.5.");
    }
    // what does not fit into a number is too much as well
    let value = whole.parse::<u16>().unwrap_or(u16::MAX).saturating_mul(10).saturating_add(tenths.parse().unwrap_or(0));
    if value > WHOLE { refused("is more than all of it: type percent, of which 100 is the most.") } else { Ok(value) }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// How far something holds, in words.
pub fn held(value: u16) -> String {
    match value {
        WHOLE.. => "holds".to_owned(),
        0 => "does not hold".to_owned(),
        part => format!("holds in part, {}.{} %", part / 10, part % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_is_kept_in_permille() {
        for (typed, value) in [
            ("97.5", 975),
            ("100", 1_000),
            ("100.0", 1_000),
            ("0", 0),
            ("0.1", 1),
            ("7", 70),
            ("97.50", 975),
            ("097.5", 975),
            (" 97.5 % ", 975),
            ("98%", 980),
        ] {
            assert_eq!(permille(typed), Ok(value), "{typed}");
        }
    }

    #[test]
    fn what_is_no_percent_is_refused_with_what_to_type() {
        for (typed, said) in [
            ("100.1", "more than all of it: type percent, of which 100 is the most"),
            ("980", "more than all of it"),
            ("99999999999999999999", "more than all of it"),
            ("-1", "less than nothing: type 0"),
            ("97.55", "finer than is kept: type one decimal at most"),
            ("97,5", "has a comma: write a point, as in 97.5"),
            ("most", "is no number: type one from 0 to 100"),
            ("97.", "is no number"),
            (".5", "is no number"),
            ("9.7.5", "is no number"),
            ("1e2", "is no number"),
            ("+5", "is no number"),
            ("-", "is no number"),
            ("%", "is no number"),
            ("", "is no number"),
        ] {
            let refused = permille(typed).unwrap_err();
            assert!(refused.starts_with(&format!("\"{typed}\" ")) && refused.contains(said), "{typed}: {refused}");
        }
    }

    #[test]
    fn what_is_told_is_what_can_be_typed() {
        assert_eq!(held(permille("97.5").unwrap()), "holds in part, 97.5 %");
        assert_eq!([held(permille("100").unwrap()), held(permille("0").unwrap())], ["holds", "does not hold"]);
    }
}
