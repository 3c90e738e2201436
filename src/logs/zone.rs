//! What stands behind the digits of a clock: morning or afternoon, and the time zone.
//!
//! Abbreviations are read where they mean one offset in all the world that writes logs. The others (`CST` is that of
//! Chicago, Shanghai and Havana) are read only where the zone of the log itself uses them at that moment; else the
//! time is not read at all. Sources: the tz database, and ISO 8601, RFC 2822, RFC 9557 for the forms.

use crate::lang::tz::Tz;
use chrono::{DateTime, Duration, NaiveDateTime, Offset as _, TimeZone as _, Utc};

/// A time zone as it is written behind a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Zone<'a> {
    /// Seconds east of Greenwich.
    East(i32),
    /// By the name in the tz database: `Europe/Berlin`.
    Named(Tz),
    /// An abbreviation: `CET`.
    Short(&'a str),
    /// What has the form of a zone but is not one: `America/Nowhere`, `+99`.
    Unknown,
}

/// Abbreviations with one meaning, and their minutes east of Greenwich.
const SHORT: &[(&str, i16)] = &[
    ("UTC", 0),
    ("GMT", 0),
    ("UCT", 0),
    ("WET", 0),
    ("WEST", 60),
    ("CET", 60),
    ("CEST", 120),
    ("MEZ", 60),
    ("MESZ", 120),
    ("MET", 60),
    ("MEST", 120),
    ("EET", 120),
    ("EEST", 180),
    ("MSK", 180),
    ("TRT", 180),
    ("SAST", 120),
    ("CAT", 120),
    ("EAT", 180),
    ("PKT", 300),
    ("WIB", 420),
    ("ICT", 420),
    ("HKT", 480),
    ("SGT", 480),
    ("AWST", 480),
    ("WITA", 480),
    ("JST", 540),
    ("KST", 540),
    ("ACST", 570),
    ("ACDT", 630),
    ("AEST", 600),
    ("AEDT", 660),
    ("NZST", 720),
    ("NZDT", 780),
    ("NDT", -150),
    ("NST", -210),
    ("EDT", -240),
    ("EST", -300),
    ("MDT", -360),
    ("MST", -420),
    ("PDT", -420),
    ("PST", -480),
    ("AKDT", -480),
    ("AKST", -540),
    ("HST", -600),
    ("HDT", -540),
    ("BRT", -180),
    ("CLT", -240),
    ("CLST", -180),
    ("UYT", -180),
    ("WAT", 60),
    ("PET", -300),
    ("ChST", 600),
];

/// Abbreviations with several meanings, or whose meaning has changed.
const AMBIGUOUS: &[&str] = &[
    "ADT", "AMST", "AMT", "AST", "BDT", "BST", "BT", "CDT", "CST", "ECT", "EGST", "EGT", "FKT", "GST", "IDT", "IRDT",
    "IRST", "IST", "LHDT", "LHST", "LMT", "LT", "MMT", "MSD", "NPT", "PHT", "PYT", "SST", "VET", "WAST", "WST", "YEKT",
];

/// The first parts of names in the tz database behind which nothing but a zone is meant.
const AREAS: &[&str] =
    &["Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific", "Etc"];

/// The longest name in the tz database is `America/Argentina/ComodRivadavia`.
const LONGEST_NAME: usize = 40;

impl Zone<'_> {
    /// The instant at which a clock in this zone shows `local`; `None` where the abbreviation may mean several or the
    /// zone is unknown. `own` is the zone of the log.
    pub(crate) fn instant(self, local: NaiveDateTime, own: Tz) -> Option<DateTime<Utc>> {
        match self {
            Self::East(0) => Some(local.and_utc()),
            Self::East(seconds) => east(local, i64::from(seconds)),
            Self::Named(zone) => Some(in_zone(local, zone)),
            Self::Unknown => None,
            Self::Short(short) => {
                let found = own.from_local_datetime(&local);
                let both = [found.earliest(), found.latest()];
                let here = both.into_iter().flatten().find(|at| at.offset().is_called(short));
                here.map(|at| at.to_utc()).or_else(|| {
                    let (_, minutes) = SHORT.iter().find(|(known, _)| *known == short)?;
                    east(local, i64::from(*minutes) * 60)
                })
            }
        }
    }
}

fn east(local: NaiveDateTime, seconds: i64) -> Option<DateTime<Utc>> {
    local.checked_sub_signed(Duration::seconds(seconds)).map(|at| at.and_utc())
}

/// The instant at which the clocks of `zone` show `local`. What they show twice in an autumn night is taken for the
/// first time; what they never show in a spring night, for what they would show had they not been moved.
pub(crate) fn in_zone(local: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    if zone == Tz::UTC {
        return local.and_utc();
    }
    zone.from_local_datetime(&local).earliest().map_or_else(
        || {
            let before = local.checked_sub_signed(Duration::hours(3)).unwrap_or(local);
            let before = zone.offset_from_utc_datetime(&before);
            east(local, i64::from(before.fix().local_minus_utc())).unwrap_or_else(|| local.and_utc())
        },
        |at| at.to_utc(),
    )
}

/// ` PM`, `am`, ` p.m.`, with a blank, a narrow one or none: whether it is the afternoon, and its length.
pub(crate) fn half(bytes: &[u8]) -> Option<(bool, usize)> {
    let space = match bytes {
        [b' ', ..] => 1,
        // No-break spaces, which newer Java and JavaScript write.
        [0xe2, 0x80, 0xaf, ..] => 3,
        [0xc2, 0xa0, ..] => 2,
        _ => 0,
    };
    let afternoon = match bytes.get(space)? {
        b'A' | b'a' => false,
        b'P' | b'p' => true,
        _ => return None,
    };
    let dotted = bytes.get(space + 1) == Some(&b'.');
    let letter = space + 1 + usize::from(dotted);
    if !matches!(bytes.get(letter)?, b'M' | b'm') {
        return None;
    }
    let end = letter + 1 + usize::from(dotted && bytes.get(letter + 1) == Some(&b'.'));
    let ends = bytes.get(end).is_none_or(|next| matches!(next, b' ' | b'\t' | b']' | b')' | b',' | b';' | b'|' | b'"'));
    ends.then_some((afternoon, end))
}

/// The zone at the beginning of `text`, behind a blank or none, and its length with the blank: `Z`, `+01:00`,
/// `-0330`, `+03`, `UTC`, `GMT+1`, `CET`, `(CET)`, `EST5EDT`, `Europe/Berlin`, `[Europe/Berlin]`, `+01:00[Europe/Berlin]`.
pub(crate) fn behind(text: &str) -> Option<(Zone<'_>, usize)> {
    let bytes = text.as_bytes();
    let (zone, length) = match bytes {
        [b'Z' | b'z', ..] if is_end(bytes, 1) || bytes.get(1) == Some(&b'[') => (Zone::East(0), 1),
        [b'+' | b'-', ..] => no_offset(bytes).or_else(|| offset(bytes))?,
        [b' ', b'+' | b'-', ..] => {
            let apart = &bytes[1..];
            let (zone, length) = no_offset(apart).or_else(|| offset(apart).filter(|(zone, _)| is_in_use(*zone)))?;
            (zone, length + 1)
        }
        [b' ', b'A'..=b'Z' | b'[' | b'(', ..] => {
            let (zone, length) = word(&text[1..])?;
            (zone, length + 1)
        }
        [b'A'..=b'Z' | b'[' | b'(', ..] => word(text)?,
        _ => return None,
    };
    // The offset decides, where a name repeats it.
    let name = text[length..].starts_with('[').then(|| bracketed(&text[length..])).flatten();
    Some((zone, length + name.map_or(0, |(_, more)| more)))
}

/// `+01:00`, `+0100`, `+01`, `+01:00:00`.
fn offset(bytes: &[u8]) -> Option<(Zone<'static>, usize)> {
    let two = |at: usize| match bytes.get(at..at + 2)? {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Some(i32::from(tens - b'0') * 10 + i32::from(ones - b'0')),
        _ => None,
    };
    let hours = two(1)?;
    let colon = bytes.get(3) == Some(&b':');
    let (minutes, length) = match two(3 + usize::from(colon)) {
        Some(minutes) => (minutes, 5 + usize::from(colon)),
        None if colon => return None,
        None => (0, 3),
    };
    let (seconds, length) = match two(length + 1) {
        Some(seconds) if colon && bytes.get(length) == Some(&b':') => (seconds, length + 3),
        _ => (0, length),
    };
    // Kiritimati is the farthest east, Baker Island the farthest west.
    if hours > 15 || minutes > 59 || seconds > 59 || !(is_end(bytes, length) || bytes.get(length) == Some(&b'[')) {
        return None;
    }
    let east = hours * 3600 + minutes * 60 + seconds;
    Some((Zone::East(if bytes[0] == b'-' { -east } else { east }), length))
}

/// `+99`: two digits that are more hours than any zone has.
fn no_offset(bytes: &[u8]) -> Option<(Zone<'static>, usize)> {
    match bytes {
        [_, tens @ b'0'..=b'9', ones @ b'0'..=b'9', rest @ ..] if (*tens, *ones) > (b'1', b'4') => {
            let ends = matches!(rest, [] | [b' ' | b'\t' | b']' | b')' | b',' | b'"' | b'|', ..]);
            ends.then_some((Zone::Unknown, 3))
        }
        _ => None,
    }
}

/// Whether clocks are set by such an offset: behind a blank, `-1234` is a number.
fn is_in_use(zone: Zone<'_>) -> bool {
    let Zone::East(east) = zone else { return false };
    let minutes = east.abs() / 60;
    minutes <= 14 * 60 && matches!(minutes % 60, 0 | 30 | 45)
}

fn is_area(name: &str) -> bool {
    name.split_once('/').is_some_and(|(area, city)| AREAS.contains(&area) && !city.is_empty())
}

fn is_abbreviation(word: &str) -> bool {
    SHORT.iter().any(|(known, _)| *known == word) || AMBIGUOUS.contains(&word)
}

/// A zone by its name in the tz database; what has an area that is there is a zone even if it isn't known.
fn named(name: &str) -> Option<Zone<'static>> {
    match name.parse() {
        Ok(zone) => Some(Zone::Named(zone)),
        Err(_) => is_area(name).then_some(Zone::Unknown),
    }
}

/// `EST5EDT`, `GB-Eire`: a name in the tz database without an area, and its length. One that is a word as well
/// (`Japan`, `Singapore`, `Factory`) begins a message far more often than it names the zone of a time.
fn single_name(text: &str) -> Option<(Zone<'static>, usize)> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    let length = text.bytes().take(LONGEST_NAME).take_while(is_part).count();
    let name = &text[..length];
    let is_word = name.bytes().all(|byte| byte.is_ascii_alphabetic());
    let zone = name.parse().ok().filter(|_| !is_word && is_end(text.as_bytes(), length))?;
    Some((Zone::Named(zone), length))
}

fn word(text: &str) -> Option<(Zone<'_>, usize)> {
    if text.starts_with(['[', '(']) {
        return bracketed(text);
    }
    let bytes = text.as_bytes();
    let letters = bytes.iter().take(LONGEST_NAME).take_while(|byte| byte.is_ascii_alphabetic()).count();
    let word = &text[..letters];
    match bytes.get(letters) {
        Some(b'+' | b'-') if matches!(word, "UTC" | "GMT") => {
            let (zone, more) = offset_of_any_width(&bytes[letters..])?;
            Some((zone, letters + more))
        }
        Some(b'/' | b'_') => {
            let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'-' | b'+');
            let length = bytes.iter().take(LONGEST_NAME).take_while(|byte| is_part(byte)).count();
            Some((named(&text[..length])?, length))
        }
        Some(b'-') if is_abbreviation(word) => match bytes.get(letters + 1) {
            // `EST-Server up`.
            Some(b'A'..=b'Z' | b'a'..=b'z') => single_name(text),
            // `CET-1CEST` or a number: it can't be known.
            Some(b'0'..=b'9') => Some((Zone::Unknown, letters)),
            _ => Some((Zone::Short(word), letters)),
        },
        _ if is_end(bytes, letters) && matches!(word, "UTC" | "GMT") => Some((Zone::East(0), letters)),
        _ if is_end(bytes, letters) && is_abbreviation(word) => Some((Zone::Short(word), letters)),
        _ => single_name(text),
    }
}

/// `+1`, besides what [`offset`] reads.
fn offset_of_any_width(bytes: &[u8]) -> Option<(Zone<'static>, usize)> {
    match bytes {
        [sign, digit @ b'0'..=b'9', ..] if is_end(bytes, 2) => {
            let east = i32::from(digit - b'0') * 3600;
            Some((Zone::East(if *sign == b'-' { -east } else { east }), 2))
        }
        _ => offset(bytes),
    }
}

/// `[Europe/Berlin]`, `(CET)`.
fn bracketed(text: &str) -> Option<(Zone<'_>, usize)> {
    let close = if text.starts_with('(') { b')' } else { b']' };
    let end = text.as_bytes().iter().take(LONGEST_NAME + 2).position(|byte| *byte == close)?;
    let name = &text[1..end];
    let zone = match name {
        "UTC" | "GMT" | "Z" => Zone::East(0),
        _ if name.contains('/') => named(name)?,
        // `[BT]` and `[LT]` are modules rather than zones.
        _ if name.len() > 2 && is_abbreviation(name) => Zone::Short(name),
        _ => return None,
    };
    Some((zone, end + 1))
}

/// Whether a word ends at `at`.
fn is_end(bytes: &[u8], at: usize) -> bool {
    bytes.get(at).is_none_or(|next| !next.is_ascii_alphanumeric() && !matches!(next, b'_' | b'+') && *next < 0x80)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn zones_behind_a_time() {
        let berlin = Zone::Named(Tz::named("Europe/Berlin"));
        for (text, expected) in [
            ("Z x", Some((Zone::East(0), 1))),
            ("+01:00 x", Some((Zone::East(3600), 6))),
            (" +0100 x", Some((Zone::East(3600), 6))),
            (" +03 x", Some((Zone::East(10_800), 4))),
            ("-0330", Some((Zone::East(-12_600), 5))),
            ("-03:30:15", Some((Zone::East(-12_615), 9))),
            (" UTC x", Some((Zone::East(0), 4))),
            ("GMT+0100 x", Some((Zone::East(3600), 8))),
            (" UTC+2 x", Some((Zone::East(7200), 6))),
            (" CET x", Some((Zone::Short("CET"), 4))),
            (" CST x", Some((Zone::Short("CST"), 4))),
            (" Europe/Berlin x", Some((berlin, 14))),
            ("[Europe/Berlin] x", Some((berlin, 15))),
            ("+01:00[Europe/Berlin] x", Some((Zone::East(3600), 21))),
            ("Z[UTC] x", Some((Zone::East(0), 6))),
            (" GET /x", None),
            (" INFO x", None),
            (" CETUS", None),
            (" CET_x", None),
            (" src/main.rs", None),
            (" +5 items", None),
            (" +99 x", Some((Zone::Unknown, 4))),
            (" -99.5 degrees", None),
            (" -1234 is the balance", None),
            (" -1245 x", Some((Zone::East(-45_900), 6))),
            (" (CET) x", Some((Zone::Short("CET"), 6))),
            (" [IST] x", Some((Zone::Short("IST"), 6))),
            (" [BT] x", None),
            (" (note) x", None),
            (" Japan x", None),
            (" Singapore is up", None),
            (" GB-Eire x", Some((Zone::Named(Tz::named("GB-Eire")), 8))),
            (" EST5EDT x", Some((Zone::Named(Tz::named("EST5EDT")), 8))),
            (" America/Nowhere x", Some((Zone::Unknown, 16))),
            ("[America/Nowhere] x", Some((Zone::Unknown, 17))),
            ("+01:00[Europe/Nowhere] x", Some((Zone::East(3600), 22))),
            (" EST-Server up", None),
            (" UTC-less", None),
            (" CET-1CEST x", Some((Zone::Unknown, 4))),
            (" CET - x", Some((Zone::Short("CET"), 4))),
            (" Factory reset", None),
            (" XYZT x", None),
            (" CAT5 cable", None),
            (" [main] x", None),
            ("Zebra", None),
            ("", None),
        ] {
            assert_eq!(behind(text), expected, "{text}");
        }
    }

    #[test]
    fn halves_of_a_day() {
        for (text, expected) in [
            (" PM x", Some((true, 3))),
            ("am", Some((false, 2))),
            (" p.m. x", Some((true, 5))),
            (" a.m", Some((false, 4))),
            ("\u{202f}PM", Some((true, 5))),
            (" PMX", None),
            (" prefix", None),
            ("", None),
        ] {
            assert_eq!(half(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn abbreviations_mean_one_thing_or_nothing() {
        let local = "2026-11-20T10:00:00".parse().unwrap();
        let at = |short, zone| Zone::Short(short).instant(local, zone).map(|at| at.format("%H:%M").to_string());
        assert_eq!(at("CET", Tz::UTC).as_deref(), Some("09:00"));
        assert_eq!(at("PST", Tz::UTC).as_deref(), Some("18:00"));
        assert_eq!(at("PST", Tz::named("Asia/Manila")).as_deref(), Some("02:00"), "the zone of the log is asked first");
        for (short, zone, own) in [
            ("CST", Tz::named("America/Chicago"), "16:00"),
            ("CST", Tz::named("Asia/Shanghai"), "02:00"),
            ("IST", Tz::named("Asia/Kolkata"), "04:30"),
        ] {
            assert_eq!(at(short, Tz::UTC), None, "{short}");
            assert_eq!(at(short, zone).as_deref(), Some(own), "{short}");
        }
        // In November it is not summer in London.
        assert_eq!(at("BST", Tz::named("Europe/London")), None);
    }

    #[test]
    fn no_abbreviation_is_in_both_lists() {
        assert!(SHORT.iter().all(|(short, _)| !AMBIGUOUS.contains(short)));
    }

    #[test]
    fn the_abbreviation_tells_the_two_hours_of_an_autumn_night() {
        let local = "2026-11-01T01:30:00".parse().unwrap();
        let at = |short| {
            Zone::Short(short).instant(local, Tz::named("America/Chicago")).unwrap().format("%H:%M").to_string()
        };
        assert_eq!((at("CDT"), at("CST")), ("06:30".to_owned(), "07:30".to_owned()));
    }

    proptest! {
        #[test]
        fn any_text(text in r"[ +\-\[A-Za-z0-9:/_\]]{0,20}|.{0,20}") {
            if let Some((zone, length)) = behind(&text) {
                prop_assert!(text.is_char_boundary(length));
                zone.instant(NaiveDateTime::MIN, Tz::named("Europe/Berlin"));
                zone.instant(NaiveDateTime::MAX, Tz::named("Europe/Berlin"));
            }
            half(text.as_bytes());
        }
    }
}
