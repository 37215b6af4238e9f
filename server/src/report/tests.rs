//! Every format at once: the same each time, accepted whole, refused with a byte turned.

pub(crate) mod sample;

use domain::report::redact;
use proptest::prelude::*;

use super::sign::Key;
use super::*;

const CARRYING: [Format; 5] = [Format::Json, Format::Html, Format::Markdown, Format::Junit, Format::Sarif];

fn faults(text: &str) -> Vec<String> {
    match verify(text.as_bytes(), &sample::key().public()) {
        Ok(verdict) => verdict.faults,
        Err(error) => vec![error.to_string()],
    }
}

#[test]
fn the_same_report_is_the_same_bytes() {
    for sealed in [sample::sealed(), sample::hostile()] {
        let stored = Sealed::stored(sealed.canonical().to_owned(), sealed.signature().as_bytes(), &sealed.key().to_string()).unwrap();
        for format in Format::ALL {
            assert_eq!(render(format, &sealed), render(format, &stored), "{}", format.as_str());
        }
    }
}

#[test]
fn what_carries_evidence_is_accepted_and_what_does_not_says_so() {
    for sealed in [sample::sealed(), sample::hostile()] {
        for format in Format::ALL {
            let text = render(format, &sealed);
            let checked = verify(text.as_bytes(), sealed.key());
            match checked {
                Ok(verdict) => {
                    assert!(format.carries_evidence() && verdict.holds(), "{}: {}", format.as_str(), verdict.said());
                    assert_eq!((verdict.format, verdict.report.unwrap().document()), (format, sealed.document()));
                }
                Err(error) => assert!(!format.carries_evidence() && error.to_string().contains("carries no evidence"), "{error}"),
            }
        }
    }
}

#[test]
fn the_number_is_the_same_in_every_format() {
    let sealed = sample::sealed();
    let fleet = &sealed.document().readiness.fleet;
    assert_eq!((fleet.range().as_str(), fleet.grade().as_str(), fleet.percent()), ("69", "D", 91));
    for (format, said) in [
        (Format::Json, "\"score\":69"),
        (Format::Html, "<dt>Score</dt><dd>69</dd>"),
        (Format::Markdown, "- Score: **69**"),
        (Format::Junit, "<property name=\"score\" value=\"69\"/>"),
        (Format::Sarif, "\"score\":\"69\""),
        (Format::Prometheus, "signalbox_readiness_score 69\n"),
    ] {
        assert!(render(format, &sealed).contains(said), "{}", format.as_str());
    }
}

#[test]
fn another_key_is_not_believed() {
    let other = Key::from_seed(&[1; 32]).unwrap();
    for format in CARRYING {
        let text = render(format, &sample::sealed());
        let verdict = verify(text.as_bytes(), &other.public()).unwrap();
        assert!(verdict.faults.iter().any(|fault| fault.contains("not of the key you trust")), "{:?}", verdict.faults);
        // whoever signs an edited document with a key of their own
        let mut document = sample::sealed().document().clone();
        document.requester = "somebody else".to_owned();
        let forged = render(format, &Sealed::new(document, &other).unwrap());
        assert!(!faults(&forged).is_empty());
    }
}

#[test]
fn a_score_that_does_not_follow_is_found_though_it_was_signed() {
    let mut document = sample::sealed().document().clone();
    document.readiness.fleet.score = Some(95);
    let sealed = Sealed::new(document, &sample::key()).unwrap();
    let said = faults(&render(Format::Json, &sealed));
    assert_eq!(said, ["readiness.fleet.score says 95, and the evidence inside comes to 69."]);
}

#[test]
fn what_is_shown_is_checked_as_well_as_what_is_inside() {
    for (format, is, edited) in [
        (Format::Html, "<dd>69</dd>", "<dd>95</dd>"),
        (Format::Markdown, "**69**", "**95**"),
        (Format::Junit, "value=\"69\"", "value=\"95\""),
        (Format::Sarif, "\"score\":\"69\"", "\"score\":\"95\""),
    ] {
        let text = render(format, &sample::sealed());
        assert!(text.contains(is));
        let said = faults(&text.replacen(is, edited, 1));
        assert!(said.len() == 1 && said[0].contains("What is shown was edited, first in line"), "{}: {said:?}", format.as_str());
        assert!(said[0].contains("69") && said[0].contains("95"), "{said:?}");
    }
    let json = render(Format::Json, &sample::sealed());
    assert!(!faults(&json.replacen("\"score\":69", "\"score\":95", 1)).is_empty());
    assert!(!faults(&format!("{json} ")).is_empty(), "a blank more");
}

#[test]
fn the_evidence_of_another_report_does_not_vouch_for_this_one() {
    let (one, other) = (sample::sealed(), sample::hostile());
    let text = render(Format::Html, &one);
    assert!(!faults(&text.replace(&one.lines(), &other.lines())).is_empty());
}

#[test]
fn what_is_no_report_is_said_so() {
    let files: [(&[u8], &str); 6] = [
        (b"%PDF-1.4", "no report of Signalbox"),
        (b"", "no report of Signalbox"),
        (b"\xFF\xFE", "is no text"),
        (b"{}", "no \"key\""),
        (b"<!doctype html><p>", "no signed document"),
        (b"# Report\n", "no signed document"),
    ];
    for (file, said) in files {
        let text = match verify(file, &sample::key().public()) {
            Ok(verdict) => verdict.said(),
            Err(error) => error.to_string(),
        };
        assert!(text.contains(said), "{said}: {text}");
    }
}

#[test]
fn a_redacted_report_names_nobody_in_any_format() {
    let document = redact(sample::sealed().document(), &[]).unwrap();
    let sealed = Sealed::new(document, &sample::key()).unwrap();
    for format in Format::ALL {
        // letters of base64 may spell anything
        let text = render(format, &sealed).replace(&sealed.lines(), "").replace(&sealed.line(), "").to_lowercase();
        for secret in ["auth-nats", "billing-nats", "router-nats", "production", "gaming-system", "nina", "omar"] {
            assert!(!text.contains(secret), "{secret} in {}", format.as_str());
        }
    }
    assert!(faults(&render(Format::Html, &sealed)).is_empty());
}

#[test]
fn files_are_named_after_day_and_report() {
    let document = sample::sealed().document().clone();
    assert_eq!(file_name(&document.id, document.made, Format::Html.extension()), "signalbox-2026-05-02-0196f0aa.html");
    assert_eq!(file_name("../../\"\r\n", document.made, "html"), "signalbox-2026-05-02-.html", "nothing gets out of a name");
    assert!(Format::ALL.iter().all(|format| Format::from_word(format.as_str()) == Some(*format)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// Wherever a byte is turned, in what is shown or in what is carried, the file is refused.
    #[test]
    fn a_flipped_byte_is_found_anywhere(place in 0.0_f64..1.0, bit in 0_u8..8) {
        for format in CARRYING {
            let mut bytes = render(format, &sample::sealed()).into_bytes();
            let at = ((bytes.len() - 1) as f64 * place) as usize;
            bytes[at] ^= 1 << bit;
            let accepted = verify(&bytes, &sample::key().public()).is_ok_and(|verdict| verdict.holds());
            prop_assert!(!accepted, "{} at {at}, bit {bit}", format.as_str());
        }
    }

    /// A file that was cut off, or to which something was added, is refused.
    #[test]
    fn a_file_that_was_cut_is_found(place in 0.0_f64..1.0) {
        for format in CARRYING {
            let bytes = render(format, &sample::sealed()).into_bytes();
            let at = ((bytes.len() - 1) as f64 * place) as usize;
            prop_assert!(!verify(&bytes[..at], &sample::key().public()).is_ok_and(|verdict| verdict.holds()), "{} at {at}", format.as_str());
        }
    }
}
