//! The reader of conditions.

use std::time::Duration;

use super::{Comparison, Condition, ConditionError, Predicate};
use crate::lang::nearest::suggest;
use crate::lang::unit;

const EXAMPLES: &str = "write it like `> 5% for 5m`, `down for 2m`, `changes > 3 in 10m` or `> 85% until < 75%`";

/// One word of a condition and where it stands, in characters.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Token<'a> {
    text: &'a str,
    offset: usize,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Word,
    Comparison(Comparison),
    /// A number with whatever is written next to it, or the unit behind one blank: `5%`, `2 s`.
    Number(f64),
    Text,
}

/// See [`Condition::parse`].
pub(super) fn condition(text: &str, unit: &str) -> Result<Condition, ConditionError> {
    let mut reader = Reader { tokens: tokens(text)?, at: 0, end: text.chars().count(), unit };
    let mut predicate = reader.predicate()?;
    let mut hold = None;
    while let Some(token) = reader.next() {
        match token.text {
            "for" if hold.is_none() => hold = Some(reader.duration("for")?),
            "until" => reader.until(&mut predicate, token)?,
            "for" => return Err(error(token.offset, "`for` is given twice", "give it once")),
            _ => return Err(error(token.offset, format!("`{}` was not expected here", token.text), EXAMPLES)),
        }
    }
    // Blanks are evened out for the screen, but not within quotes.
    let written =
        if text.contains('"') { text.trim().to_owned() } else { text.split_whitespace().collect::<Vec<_>>().join(" ") };
    Ok(Condition { predicate, hold: hold.unwrap_or_default(), written: written.into() })
}

struct Reader<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
    /// Characters of the whole text: where something is missing.
    end: usize,
    unit: &'a str,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<Token<'a>> {
        let token = self.tokens.get(self.at).copied();
        self.at += 1;
        token
    }

    fn expect(&mut self, what: &str, hint: &str) -> Result<Token<'a>, ConditionError> {
        let end = self.end;
        self.next().ok_or_else(|| error(end, format!("{what} is missing"), hint))
    }

    fn predicate(&mut self) -> Result<Predicate, ConditionError> {
        let first = self.expect("the condition", EXAMPLES)?;
        match (first.kind, first.text) {
            (Kind::Comparison(comparison), _) => self.comparison(comparison, first, None),
            (Kind::Word, "down") => Ok(Predicate::Down),
            (Kind::Word, "degraded") => Ok(Predicate::Degraded),
            (Kind::Word, "stale") => Ok(Predicate::Stale),
            (Kind::Word, "absent") => Ok(Predicate::Absent),
            (Kind::Word, "changes") => self.changes(),
            (Kind::Word, "for" | "until" | "in") => Err(error(first.offset, "the comparison is missing", EXAMPLES)),
            (Kind::Word, field) => match self.next() {
                Some(Token { kind: Kind::Comparison(comparison), .. }) => {
                    self.comparison(comparison, first, Some(field))
                }
                _ => Err(unknown_word(first)),
            },
            (Kind::Number(_), _) => Err(error(
                first.offset,
                "the comparison is missing",
                format!("write `> {}` or `< {}`", first.text, first.text),
            )),
            (Kind::Text, _) => {
                Err(error(first.offset, "the comparison is missing", format!("write `== {0}` or `!= {0}`", first.text)))
            }
        }
    }

    fn comparison(
        &mut self,
        comparison: Comparison,
        first: Token<'a>,
        field: Option<&str>,
    ) -> Result<Predicate, ConditionError> {
        let value = self.expect("the value to compare with", EXAMPLES)?;
        let unit = field.map_or(self.unit, |field| unit_of_field(field));
        match value.kind {
            Kind::Number(_) => Ok(Predicate::Number {
                comparison,
                threshold: number(value, unit)?,
                clear: None,
                field: field.map(|field| field.trim_start_matches('.').to_owned()),
            }),
            Kind::Text if field.is_some() => Err(error(
                value.offset,
                "a field is compared with a number",
                "for a text, put a jq program into `expect` and write `down for 2m`",
            )),
            Kind::Text => match comparison {
                Comparison::Equal | Comparison::NotEqual => Ok(Predicate::Text {
                    equal: comparison == Comparison::Equal,
                    text: value.text.trim_matches('"').to_owned(),
                }),
                _ => Err(error(
                    first.offset,
                    "text can only be compared with == and !=",
                    format!("write `== {0}` or `!= {0}`", value.text),
                )),
            },
            Kind::Word => Err(error(
                value.offset,
                format!("`{}` is not a number", value.text),
                format!("write a number with its unit, or a text in quotes: \"{}\"", value.text),
            )),
            Kind::Comparison(_) => Err(error(value.offset, "two comparisons in a row", EXAMPLES)),
        }
    }

    fn changes(&mut self) -> Result<Predicate, ConditionError> {
        const HINT: &str = "write `changes > 3 in 10m`";
        let sign = self.expect("the comparison", HINT)?;
        let Kind::Comparison(comparison) = sign.kind else {
            return Err(error(sign.offset, format!("`{}` is not a valid comparison", sign.text), HINT));
        };
        let many = self.expect("how many", HINT)?;
        let count =
            many.text.parse().map_err(|_| error(many.offset, format!("`{}` is not a valid count", many.text), HINT))?;
        let word = self.expect("within how long", HINT)?;
        if word.text != "in" {
            return Err(error(word.offset, format!("`{}` where `in` belongs", word.text), HINT));
        }
        Ok(Predicate::Changes { comparison, count, within: self.duration("in")? })
    }

    fn duration(&mut self, after: &str) -> Result<Duration, ConditionError> {
        let token = self.expect(&format!("the time after `{after}`"), "write 30s, 5m, 2h")?;
        unit::parse_duration(token.text).map_err(|wrong| error(token.offset + wrong.offset, wrong.message, wrong.hint))
    }

    /// `until < 75%`, which must lie on the other side, so that a value can't be over both at once.
    fn until(&mut self, predicate: &mut Predicate, until: Token<'a>) -> Result<(), ConditionError> {
        const HINT: &str = "write `> 85% until < 75%`";
        let Predicate::Number { comparison, threshold, clear, field } = predicate else {
            return Err(error(until.offset, "`until` belongs to a comparison of numbers", HINT));
        };
        if clear.is_some() {
            return Err(error(until.offset, "`until` is given twice", "give it once"));
        }
        let sign = self.expect("the comparison after `until`", HINT)?;
        let Kind::Comparison(back) = sign.kind else {
            return Err(error(sign.offset, format!("`{}` is not a valid comparison", sign.text), HINT));
        };
        let rising = matches!(comparison, Comparison::Above | Comparison::AtLeast);
        let falling = matches!(comparison, Comparison::Below | Comparison::AtMost);
        let opposite = match back {
            Comparison::Below | Comparison::AtMost => rising,
            Comparison::Above | Comparison::AtLeast => falling,
            Comparison::Equal | Comparison::NotEqual => false,
        };
        if !opposite {
            return Err(error(
                sign.offset,
                format!("`until {}` does not reverse `{}`", back.sign(), comparison.sign()),
                HINT,
            ));
        }
        let value = self.expect("the value after `until`", HINT)?;
        let unit = field.as_deref().map_or(self.unit, |field| unit_of_field(field));
        let level = number(value, unit)?;
        if rising && level > *threshold || falling && level < *threshold {
            return Err(error(value.offset, "the `until` value is beyond the threshold", HINT));
        }
        *clear = Some((back, level));
        Ok(())
    }
}

/// The unit that a field's name tells: `latency_ms`, `not_after_s`, `days_left`.
fn unit_of_field(field: &str) -> &'static str {
    let last = field.rsplit('.').next().unwrap_or(field);
    match last {
        _ if last.ends_with("_ms") => "ms",
        _ if last.ends_with("_s") || last.ends_with("_seconds") => "s",
        _ if last.ends_with("_bytes") => "B",
        _ if last.ends_with("_percent") => "%",
        "days_left" => "d",
        _ => "",
    }
}

fn number(token: Token<'_>, unit: &str) -> Result<f64, ConditionError> {
    let Kind::Number(value) = token.kind else {
        return Err(error(
            token.offset,
            format!("`{}` is not a number", token.text),
            "write a number with its unit: 5%, 2s, 1GiB",
        ));
    };
    let word = token.text.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '_' | '-' | '+'));
    unit::in_unit_of(value, word.trim_start(), unit).map_err(|message| {
        let meant = unit::respelled(word.trim_start()).filter(|meant| unit::in_unit_of(value, meant, unit).is_ok());
        let hint = if let Some(meant) = meant {
            format!("write `{value}{meant}`")
        } else if unit.is_empty() {
            "leave the unit out, or give the metric a `unit`".to_owned()
        } else {
            format!("write it in `{unit}`")
        };
        error(token.offset + token.text.chars().count() - word.trim_start().chars().count(), message, hint)
    })
}

fn unknown_word(token: Token<'_>) -> ConditionError {
    const WORDS: [&str; 5] = ["down", "degraded", "stale", "absent", "changes"];
    let near = WORDS.into_iter().find(|word| strsim::damerau_levenshtein(word, token.text) <= 2);
    let hint = suggest(near, || EXAMPLES.to_owned());
    error(token.offset, format!("`{}` is not a valid condition", token.text), hint)
}

fn error(offset: usize, message: impl Into<String>, hint: impl Into<String>) -> ConditionError {
    ConditionError { offset, message: message.into(), hint: hint.into() }
}

fn tokens(text: &str) -> Result<Vec<Token<'_>>, ConditionError> {
    let mut found: Vec<Token<'_>> = Vec::new();
    let (mut rest, mut offset) = (text, 0);
    if let Some(place) = text.chars().position(char::is_control) {
        return Err(error(place, "contains a control character", "write it as plain text on one line"));
    }
    loop {
        let blank = rest.len() - rest.trim_start().len();
        offset += rest[..blank].chars().count();
        rest = &rest[blank..];
        let Some(first) = rest.chars().next() else { return Ok(found) };
        let (len, kind) = match first {
            '<' | '>' | '=' | '!' => comparison(rest).ok_or_else(|| {
                error(offset, format!("`{first}` is not a valid comparison"), "the comparisons are > >= < <= == !=")
            })?,
            '≥' => (first.len_utf8(), Kind::Comparison(Comparison::AtLeast)),
            '≤' => (first.len_utf8(), Kind::Comparison(Comparison::AtMost)),
            '"' => match rest[1..].find('"') {
                Some(end) => (end + 2, Kind::Text),
                None => return Err(error(offset, "the text is not closed", "close it with \"")),
            },
            '-' | '+' | '.' | '0'..='9' if first != '.' || rest[1..].starts_with(|c: char| c.is_ascii_digit()) => {
                measured(rest).ok_or_else(|| error(offset, "a number is missing", "write it like `> 5%`"))?
            }
            c if c.is_alphabetic() || c == '.' || c == '_' => {
                let len =
                    rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '-'))).unwrap_or(rest.len());
                (len, Kind::Word)
            }
            _ => return Err(error(offset, format!("`{first}` was not expected here"), EXAMPLES)),
        };
        found.push(Token { text: &rest[..len], offset, kind });
        offset += rest[..len].chars().count();
        rest = &rest[len..];
    }
}

fn comparison(rest: &str) -> Option<(usize, Kind)> {
    let table = [
        (">=", Comparison::AtLeast),
        ("<=", Comparison::AtMost),
        ("==", Comparison::Equal),
        ("!=", Comparison::NotEqual),
        (">", Comparison::Above),
        ("<", Comparison::Below),
    ];
    table
        .into_iter()
        .find(|(sign, _)| rest.starts_with(sign))
        .map(|(sign, found)| (sign.len(), Kind::Comparison(found)))
}

/// A signed number and the unit next to it, or behind one blank where that is no word of the language.
fn measured(rest: &str) -> Option<(usize, Kind)> {
    let sign = usize::from(rest.starts_with(['-', '+']));
    let digits =
        rest[sign..].find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '_')).unwrap_or(rest.len() - sign);
    let value: f64 = rest[..sign + digits].replace('_', "").parse().ok()?;
    let mut len = sign + digits;
    let gap = usize::from(rest[len..].starts_with(' '));
    let is_unit = |c: char| c.is_alphanumeric() || matches!(c, '%' | '/' | 'µ');
    let unit_len = rest[len + gap..].find(|c: char| !is_unit(c)).unwrap_or(rest.len() - len - gap);
    let word = &rest[len + gap..len + gap + unit_len];
    if gap == 0 || !word.is_empty() && !matches!(word, "for" | "until" | "in") {
        len += gap + unit_len;
    }
    Some((len, Kind::Number(value)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(
        comparison: Comparison,
        threshold: f64,
        clear: Option<(Comparison, f64)>,
        field: Option<&str>,
    ) -> Predicate {
        Predicate::Number { comparison, threshold, clear, field: field.map(str::to_owned) }
    }

    #[test]
    fn what_is_written_is_understood() {
        use Comparison::{Above, AtLeast, AtMost, Below, Equal, NotEqual};
        let minutes = |count: u64| Duration::from_mins(count);
        let cases = [
            ("> 5%", "%", number(Above, 5.0, None, None), minutes(0)),
            ("> 5 %", "%", number(Above, 5.0, None, None), minutes(0)),
            (">5% for 5m", "", number(Above, 0.05, None, None), minutes(5)),
            (">= 2s for 5m", "ms", number(AtLeast, 2_000.0, None, None), minutes(5)),
            ("< 80% for 10m", "%", number(Below, 80.0, None, None), minutes(10)),
            ("<= -3.5", "", number(AtMost, -3.5, None, None), minutes(0)),
            ("== 0", "", number(Equal, 0.0, None, None), minutes(0)),
            ("!= \"ok\"", "", Predicate::Text { equal: false, text: "ok".to_owned() }, minutes(0)),
            ("== \"a b\" for 1m", "", Predicate::Text { equal: true, text: "a b".to_owned() }, minutes(1)),
            ("down for 2m", "", Predicate::Down, minutes(2)),
            ("degraded for 10m", "", Predicate::Degraded, minutes(10)),
            ("stale for 5m", "s", Predicate::Stale, minutes(5)),
            ("absent for 10m", "", Predicate::Absent, minutes(10)),
            (
                "changes > 3 in 10m",
                "",
                Predicate::Changes { comparison: Above, count: 3, within: minutes(10) },
                minutes(0),
            ),
            ("> 85% until < 75%", "%", number(Above, 85.0, Some((Below, 75.0)), None), minutes(0)),
            ("> 85% for 5m until <= 75%", "%", number(Above, 85.0, Some((AtMost, 75.0)), None), minutes(5)),
            ("> 85% until < 75% for 5m", "%", number(Above, 85.0, Some((Below, 75.0)), None), minutes(5)),
            ("days_left < 21", "", number(Below, 21.0, None, Some("days_left")), minutes(0)),
            ("days_left < 3w", "", number(Below, 21.0, None, Some("days_left")), minutes(0)),
            (".latency_ms >= 1.5s", "%", number(AtLeast, 1_500.0, None, Some("latency_ms")), minutes(0)),
            ("tls.days_left != 0", "", number(NotEqual, 0.0, None, Some("tls.days_left")), minutes(0)),
            ("> 1GiB", "B", number(Above, 1_073_741_824.0, None, None), minutes(0)),
            ("> 100/s", "/s", number(Above, 100.0, None, None), minutes(0)),
            ("> 10", "", number(Above, 10.0, None, None), minutes(0)),
        ];
        for (text, unit, predicate, hold) in cases {
            let found = condition(text, unit);
            assert_eq!(found.map(|found| (found.predicate, found.hold)), Ok((predicate, hold)), "{text}");
        }
        assert_eq!(condition("  >  5%   for 5m ", "%").map(|found| found.written), Ok("> 5% for 5m".into()));
    }

    #[test]
    fn faults_have_a_place_and_a_way_out() {
        let cases = [
            ("", "", 0, "missing"),
            ("5%", "%", 0, "comparison is missing"),
            (">", "", 1, "value to compare with is missing"),
            ("> 5% for", "%", 8, "time after `for` is missing"),
            ("> 5% for 5", "%", 10, "has no unit"),
            ("> 5% for 5x", "%", 10, "unknown unit `x`"),
            ("> 5% for 5m for 6m", "%", 12, "twice"),
            ("> 5s", "%", 3, "is a time, but the value is in `%`"),
            ("> 5furlongs", "", 3, "unknown unit `furlongs`"),
            ("dwon for 2m", "", 0, "not a valid condition"),
            ("down 2m", "", 5, "not expected"),
            ("=> 5", "", 0, "not a valid comparison"),
            ("> 85% until > 90%", "%", 12, "does not reverse"),
            ("> 85% until < 90%", "%", 14, "beyond"),
            ("down until < 5", "", 5, "belongs to a comparison"),
            ("!= \"ok", "", 3, "not closed"),
            ("> \"ok\"", "", 0, "only be compared with"),
            ("!= ok", "", 3, "not a number"),
            ("changes > many in 10m", "", 10, "not a valid count"),
            ("changes > 3 for 10m", "", 12, "where `in` belongs"),
            ("für < 5 ☃", "", 8, "not expected"),
            ("== \"a\u{1b}[m\"", "", 5, "control character"),
        ];
        for (text, unit, offset, message) in cases {
            let found = condition(text, unit).expect_err(text);
            assert_eq!(found.offset, offset, "{text}: {found:?}");
            assert!(found.message.contains(message), "{text}: {found:?}");
            assert!(!found.hint.is_empty(), "{text}");
        }
        assert_eq!(condition("dwon", "").expect_err("a typo").hint, "did you mean `down`?");
    }

    proptest! {
        #[test]
        fn reading_never_panics(text in "([<>=!]|for|until|in|changes|[0-9.]{1,4}|[a-z%☃\"]{1,5}| ){0,12}", unit in "(%|s|ms|B|)") {
            if let Err(wrong) = condition(&text, &unit) {
                prop_assert!(wrong.offset <= text.chars().count());
            }
        }

        #[test]
        fn what_was_written_reads_the_same_again(threshold in -1000..1000_i32, hold in 0..100_000_u64) {
            let text = format!("> {threshold} for {}", unit::duration(Duration::from_secs(hold)));
            let once = condition(&text, "").expect("a condition");
            prop_assert_eq!(condition(&once.written, ""), Ok(once));
        }
    }
}
