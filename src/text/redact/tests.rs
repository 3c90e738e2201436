use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::*;

fn redacted(secrets: &[&str], text: &str) -> String {
    Redactor::new(secrets.iter().copied()).redact(text).into_owned()
}

#[test]
fn values_and_their_variants() {
    let secret = "p&ss/w\"rd <1>";
    for text in [
        secret.to_owned(),
        "p%26ss%2Fw%22rd%20%3C1%3E".to_owned(),
        "p%26ss%2fw%22rd%20%3c1%3e".to_owned(),
        "p%26ss/w%22rd%20%3C1%3E".to_owned(),
        "p&ss%2Fw%22rd%20%3C1%3E".to_owned(),
        "p&ss/w%22rd%20%3C1%3E".to_owned(),
        r#"p&ss/w\"rd <1>"#.to_owned(),
        "p&amp;ss/w&quot;rd &lt;1&gt;".to_owned(),
        STANDARD.encode(secret),
        r"p\u0026ss\/w\u0022rd\u0020\u003C1\u003e".to_owned(),
        r#"\u0070&s\u0073/w\"rd <1>"#.to_owned(),
        r#"p\\u0026ss\\\/w\\\"rd <1>"#.to_owned(),
        "p%2526ss%252Fw%2522rd%2520%253C1%253E".to_owned(),
        r"p\u002526ss\u00252fw%22rd%20%3c1%3e".to_owned(),
        "p%26ss%2Fw%22rd+%3C1%3E".to_owned(),
        "%70%26%73%73%2F%77%22%72%64%20%3C%31%3E".to_owned(),
        "p&#38;ss/w&#x22;rd &#60;1&#X3e;".to_owned(),
        "p&amp;amp;ss/w&#38;quot;rd &amp;lt;1&gt;".to_owned(),
        r"p\u0026amp;ss\/w\u0026quot;rd \u0026lt;1&gt;".to_owned(),
        r"p\x26ss/w\x22rd\x20<1>".to_owned(),
        STANDARD.encode(r#"p&ss/w\"rd <1>"#),
        STANDARD.encode(STANDARD.encode(secret)),
        "702673732f77227264203c313e".to_owned(),
        "702673732F77227264203C313E".to_owned(),
    ] {
        let done = redacted(&[secret], &format!("before {text} after"));
        assert!(done.starts_with("before ***") && done.ends_with(" after") && done.len() < 24, "{text}: {done}");
    }
    assert_eq!(redacted(&["\"quoted-value\""], "x=quoted-value"), "x=***");
    assert_eq!(redacted(&["first-line\nsecond-line"], "second-line, first-line"), "***, ***");
    assert_eq!(redacted(&["postgres://app:hunter22@db/x"], "password hunter22 refused"), "password *** refused");
}

#[test]
fn a_secret_in_another_charset_is_masked() {
    let secret = "pässwörtgehéim";
    let latin: Vec<u8> = secret.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    for text in [
        "pÃ¤sswÃ¶rtgehÃ©im".to_owned(),
        r"p\u00c3\u00a4ssw\u00c3\u00b6rtgeh\u00c3\u00a9im".to_owned(),
        "p%C3%83%C2%A4ssw%C3%83%C2%B6rtgeh%C3%83%C2%A9im".to_owned(),
        "p%E4ssw%F6rtgeh%E9im".to_owned(),
        STANDARD.encode("pÃ¤sswÃ¶rtgehÃ©im"),
        STANDARD.encode(&latin),
        "70e4737377f67274676568e9696d".to_owned(),
        String::from_utf8_lossy(&latin).into_owned(),
    ] {
        let done = redacted(&[secret], &format!("before {text} after"));
        assert!(done.starts_with("before ***") && done.ends_with(" after") && done.len() < 24, "{text}: {done}");
    }
    let redactor = Redactor::new([secret, "€uro-Paß"]);
    let raw = [b"a ", &latin[..], b" b"].concat();
    assert_eq!(redactor.redact_bytes(&raw).as_ref(), b"a *** b");
    assert_eq!(redactor.clean(&raw), "a *** b");
    // Where Latin-1 and Windows-1252 differ.
    assert_eq!(redactor.clean(b"a \x80uro-Pa\xdf b"), "a *** b");
    assert_eq!(redactor.redact("â\u{82}¬uro-PaÃ\u{9f} â‚¬uro-PaÃŸ"), "*** ***");
}

#[test]
fn only_the_encoded_form_is_replaced() {
    let redactor = Redactor::new(["tok&en/one", "añ😀b-long"]);
    for (text, want) in [
        (r#"{"a":"x\ty tok\u0026en\/one\n","b":1}"#, r#"{"a":"x\ty ***\n","b":1}"#),
        (r#"{"a":"\"tok\u0026en\u002fone\"","b":"\u00e9"}"#, r#"{"a":"\"***\"","b":"\u00e9"}"#),
        (r#"{"a":"{\"t\":\"tok\\u0026en\\/one\"}"}"#, r#"{"a":"{\"t\":\"***\"}"}"#),
        ("GET /?q=1&t=tok%26en%2fone&z=%20 200", "GET /?q=1&t=***&z=%20 200"),
        (r"a\u00f1\ud83d\uDE00b-long", "***"),
        ("a%C3%B1%F0%9F%98%80b-long%", "***%"),
        (r#"{"MESSAGE":[104,105,32,116,111,107,38,101,110,47,111,110,101,33]}"#, r#"{"MESSAGE":[104,105,32,***,33]}"#),
        (r"C:\tok\new\u12 100% & more", r"C:\tok\new\u12 100% & more"),
        (r#"{"dsn":"postgres:\/\/app:hunter2@db\/x"}"#, r#"{"dsn":"postgres:\/\/app:***@db\/x"}"#),
        (r#"{"h":"{\"authorization\":\"Basic dXNlcjpwYXNz\"}"}"#, r#"{"h":"{\"authorization\":\"Basic ***\"}"}"#),
        (r"tok\u001b[31m\u0026en/o\u0000ne", "***"),
        (r"tok&en/one tok\u0026en/one x tok%26en/one", "*** *** x ***"),
        ("first\n%\ntok%26en/one\nlast", "first\n%\n***\nlast"),
    ] {
        assert_eq!(redactor.redact(text), want);
        assert_eq!(redactor.redact(want), want);
    }
}

#[test]
fn what_is_masked_does_not_hide_what_follows() {
    // The backslash at the end of the one would be taken for a part of the escape behind it.
    let redactor = Redactor::new([r"ends-in\", "tok&en/one"]);
    assert_eq!(redactor.redact(r"ends-in\\u0026 ends-in\tok\u0026en/one"), "***u0026 ***");
}

#[test]
fn base64_at_every_alignment() {
    for prefix in ["", "u", "us", "use", "user:"] {
        let done =
            redacted(&["correct-horse-battery"], &STANDARD.encode(format!("{prefix}correct-horse-battery:tail")));
        assert!(done.contains(MASK), "{prefix}: {done}");
        assert!(done.len() < 24, "{prefix}: {done}");
    }
}

#[test]
fn overlapping_and_adjacent_are_one() {
    assert_eq!(redacted(&["abcdef", "defghi"], "x abcdefghi y"), "x *** y");
    assert_eq!(redacted(&["abcd", "efgh"], "abcdefgh"), "***");
    assert_eq!(redacted(&["abcd"], "abcd abcd"), "*** ***");
}

#[test]
fn short_and_blank_values_are_not_registered() {
    assert_eq!(redacted(&["", "abc", "     "], "abc      abc"), "abc      abc");
    assert!(matches!(Redactor::new(["secret"]).redact("nothing here"), Cow::Borrowed(_)));
}

#[test]
fn escapes_inside_a_secret_do_not_hide_it() {
    let redactor = Redactor::new(["swordfish"]);
    for raw in ["sword\u{1b}[31mfish", "sword\u{1b}[2Jfish", "sword\u{200b}fish", "sw\0ord\u{202e}fish"] {
        assert_eq!(redactor.clean(raw.as_bytes()), "***", "{raw:?}");
    }
    for raw in ["sword\rfish", "sword\u{1b}]0;title\u{7}fish", "sword\u{1b}]8;;http://x\u{1b}\\fish"] {
        assert_eq!(redactor.clean(raw.as_bytes()), "***", "{raw:?}");
    }
    assert_eq!(redactor.clean(b"\x1b]0;swordfish\x07x"), "\u{241b}0;***\u{2407}x");
    assert_eq!([redactor.clean(b"a"), redactor.clean(b"swordfish")], [SafeText::new("a"), SafeText::new("***")]);
}

#[test]
fn debug_says_nothing() {
    assert!(!format!("{:?}", Redactor::new(["swordfish"])).contains("swordfish"));
}

fn secret() -> impl Strategy<Value = String> {
    proptest::string::string_regex("[!-)+-~éß日]{4,24}").expect("a valid pattern")
}

/// Writes some characters in a way that undoing gives back: those that must be, and those that `which` says.
fn encoded(text: &str, way: usize, which: &[bool]) -> String {
    let mut which = which.iter().copied().cycle();
    let mut out = String::new();
    for c in text.chars() {
        let more = which.next().unwrap_or_default();
        let lower = which.next().unwrap_or_default();
        let mut hex = |prefix: &str, number: u32, width: usize| {
            let digits = if lower { format!("{number:0width$x}") } else { format!("{number:0width$X}") };
            out.push_str(prefix);
            out.push_str(&digits);
        };
        match way {
            0 if more || matches!(c, '"' | '\\') || c.is_control() => {
                c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| hex("\\u", u32::from(*unit), 4));
            }
            0 if c == '/' => out.push_str("\\/"),
            1 if more || !c.is_alphanumeric() => {
                c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| hex("%", u32::from(byte), 2));
            }
            2 if c == '&' => out.push_str("&amp;"),
            2 if more => {
                hex("&#x", c.into(), 2);
                out.push(';');
            }
            2 if lower => {
                out.push_str("&#");
                out.push_str(&u32::from(c).to_string());
                out.push(';');
            }
            _ => out.push(c),
        }
    }
    if way == 3 { STANDARD.encode(text) } else { out }
}

/// Whether a text says a secret once what is encoded in it is undone, up to twice.
fn says(text: &[u8], secret: &str, depth: usize) -> bool {
    memchr::memmem::find(text, secret.as_bytes()).is_some()
        || depth > 0
            && decoded::Coding::ALL
                .into_iter()
                .filter_map(|coding| coding.undo(text))
                .any(|decoded| says(&decoded.bytes, secret, depth - 1))
}

proptest! {
    // Each builds the search for another secret.
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn no_encoding_hides_a_secret(
        secret in "[ -)+-~éß日😀]{8,32}".prop_filter("not blank", |secret| secret.trim().len() >= 8),
        chain in proptest::collection::vec(0..4_usize, 0..3),
        which in proptest::collection::vec(any::<bool>(), 1..40),
        around in ("[a-z {\":,]{0,12}", "[a-z }\":,]{0,12}"),
    ) {
        // What is base64 can't be told from a word: what was escaped needlessly in it is not looked for.
        let first_is_plain = chain.get(1) == Some(&3) && chain[0] != 3;
        let which = if first_is_plain { vec![false] } else { which };
        let secret = if first_is_plain { secret.replace(|c: char| !c.is_ascii_alphanumeric(), "x") } else { secret };
        let hidden = chain.iter().fold(secret.clone(), |text, way| encoded(&text, *way, &which));
        let redactor = Redactor::new([&*secret]);
        let text = format!("{}{hidden}{}", around.0, around.1);
        let done = redactor.redact(&text);
        prop_assert!(done.contains(MASK), "{text}");
        prop_assert!(!says(done.as_bytes(), &secret, 2), "{text}: {done}");
        prop_assert_eq!(redactor.redact(&done), done.clone());
        prop_assert!(!says(redactor.clean(text.as_bytes()).as_str().as_bytes(), &secret, 2));
    }

}

proptest! {
    #[test]
    fn no_registered_secret_survives(
        secrets in proptest::collection::vec(secret(), 1..4),
        noise in proptest::collection::vec("\\PC{0,10}", 4),
        picks in proptest::collection::vec((0..4_usize, 0..5_usize), 1..6),
    ) {
        let redactor = Redactor::new(secrets.iter().map(String::as_str));
        let mut text = String::new();
        for (index, (pick, form)) in picks.iter().enumerate() {
            let secret = &secrets[pick % secrets.len()];
            text.push_str(&noise[index % noise.len()]);
            match form {
                0 => text.push_str(&STANDARD.encode(secret)),
                1 => text.push_str(serde_json::to_string(secret).expect("a string").trim_matches('"')),
                2 => text.extend(secret.bytes().map(|byte| format!("%{byte:02X}"))),
                _ => text.push_str(secret),
            }
        }
        let done = redactor.redact(&text);
        let clean = redactor.clean(text.as_bytes());
        for secret in &secrets {
            prop_assert!(!done.contains(secret.as_str()));
            prop_assert!(!done.contains(&STANDARD.encode(secret)));
            prop_assert!(!clean.as_str().contains(secret.as_str()));
        }
        prop_assert_eq!(redactor.redact(&done), done.clone());
    }

    #[test]
    fn chunks_make_no_difference(
        secrets in proptest::collection::vec("[a-d]{4,8}", 1..4),
        text in "[a-e\n]{0,200}",
        cuts in proptest::collection::vec(1..9_usize, 1..40),
    ) {
        let redactor = Redactor::new(secrets.iter().map(String::as_str));
        let mut stream = redactor.stream();
        let (mut rest, mut out) = (text.as_bytes(), Vec::new());
        for cut in cuts.iter().cycle().take(400) {
            let (chunk, tail) = rest.split_at((*cut).min(rest.len()));
            out.extend(stream.push(chunk));
            rest = tail;
        }
        out.extend(stream.finish());
        prop_assert_eq!(String::from_utf8_lossy(&out), redactor.redact(&text));
    }
}

#[test]
fn the_beginning_of_a_secret_goes_where_a_text_was_cut_in_it() {
    let redactor = Redactor::new(["swordfish-größe-7"]);
    let secret = "swordfish-größe-7";
    for (cut, _) in secret.char_indices().filter(|(at, _)| *at >= MIN_SECRET) {
        for (before, after) in [("", ""), (".body saw \"x", " (HTTP 500)"), ("password=", "; 2 more…")] {
            let text = SafeText::new(&format!("{before}{}…{after}", &secret[..cut]));
            assert_eq!(redactor.redact_shortened(&text).as_str(), format!("{before}***…{after}"));
        }
    }
    for kept in ["swo…", "a fish…", "swordfish tank", "…swordfish tank"] {
        assert_eq!(redactor.redact_shortened(&SafeText::new(kept)).as_str(), kept);
    }
}
