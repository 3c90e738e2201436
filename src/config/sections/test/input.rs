//! The inputs of a test: `ok*4 down*8 ok*4`.

use super::Tested;
use crate::config::fault::SyntaxFault;
use crate::config::reader::{TableReader, Text, Thing};
use crate::lang::nearest;
use crate::lang::unit;
use crate::text::name::Name;

/// What came of one check or metric.
#[derive(Debug, Clone, PartialEq)]
pub struct TestSeries {
    /// Of what.
    pub subject: TestSubject,
    /// What came, in order, equal ones that follow each other in one.
    pub runs: Vec<InputRun>,
}

/// The check or metric of a series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TestSubject {
    /// `check:NAME`
    Check(Name),
    /// `metric:NAME`
    Metric(Name),
}

/// The same input, so many times.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InputRun {
    /// What came.
    pub input: TestInput,
    /// How often, at least once.
    pub count: u32,
}

/// One reading.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TestInput {
    /// A check answered well.
    Ok,
    /// A check answered that it is degraded.
    Degraded,
    /// A check failed.
    Down,
    /// A check's answer could not be judged.
    Unknown,
    /// A metric's value, in its own unit.
    Number(f64),
    /// Nothing came.
    Nothing,
}

/// Inputs of one series: a year of minutes.
const MOST: u32 = 525_600;

/// Reads `input`.
pub(super) fn read(table: &TableReader<'_>, known: &Tested<'_>) -> Vec<TestSeries> {
    let mut found = Vec::new();
    for (name, series) in table.text_map("input") {
        let subject = match name.value.split_once(':') {
            Some(("check", one)) => table.context.refer(Thing::Check, one, name.at).map(TestSubject::Check),
            Some(("metric", one)) => table.context.refer(Thing::Metric, one, name.at).map(TestSubject::Metric),
            _ => {
                let message = format!("`{}` is not a series", name.value);
                table.context.error(name.at, message, "write check:NAME or metric:NAME in quotes");
                None
            }
        };
        let Some(subject) = subject else { continue };
        let unit = match &subject {
            TestSubject::Check(_) => None,
            TestSubject::Metric(name) => {
                known.metrics.iter().find(|one| one.name == *name).map(|one| one.unit.as_str())
            }
        };
        if let Some(runs) = runs(table, &series, unit) {
            found.push(TestSeries { subject, runs });
        }
    }
    found
}

/// The inputs of a series; `unit` is that of a metric.
fn runs(table: &TableReader<'_>, text: &Text, unit: Option<&str>) -> Option<Vec<InputRun>> {
    match parse(&text.value, unit) {
        Ok(runs) => Some(runs),
        Err(fault) => {
            table.context.fault(text, "bad series", &fault);
            None
        }
    }
}

fn parse(text: &str, unit: Option<&str>) -> Result<Vec<InputRun>, SyntaxFault> {
    let fault = |offset: usize, message: String, hint: &str| SyntaxFault {
        offset: Some(offset),
        message,
        hint: hint.to_owned(),
    };
    let mut runs: Vec<InputRun> = Vec::new();
    let mut total = 0_u32;
    for word in text.split_whitespace() {
        // Words are slices of the text.
        let offset = word.as_ptr() as usize - text.as_ptr() as usize;
        let (value, count) = word.split_once('*').map_or((word, Some(1)), |(value, count)| (value, count.parse().ok()));
        let Some(count) = count.filter(|count: &u32| *count > 0) else {
            return Err(fault(offset, format!("`{word}` is not repeated a whole number of times"), "write ok*4"));
        };
        let input = match unit {
            None => status(value).map_err(|(message, hint)| fault(offset, message, &hint))?,
            Some(unit) => number(value, unit).map_err(|(message, hint)| fault(offset, message, &hint))?,
        };
        total = total.saturating_add(count);
        if total > MOST {
            return Err(fault(offset, format!("the series has more than {MOST} inputs"), "use a longer step"));
        }
        match runs.last_mut() {
            Some(last) if last.input == input => last.count += count,
            _ => runs.push(InputRun { input, count }),
        }
    }
    if runs.is_empty() {
        return Err(fault(0, "the series is empty".to_owned(), "write what came: ok*4 down*8, or 1 2 3*10 _"));
    }
    Ok(runs)
}

fn status(word: &str) -> Result<TestInput, (String, String)> {
    const WORDS: [(&str, TestInput); 5] = [
        ("ok", TestInput::Ok),
        ("degraded", TestInput::Degraded),
        ("down", TestInput::Down),
        ("unknown", TestInput::Unknown),
        ("_", TestInput::Nothing),
    ];
    WORDS.iter().find(|(known, _)| *known == word).map(|(_, input)| *input).ok_or_else(|| {
        let known = || WORDS.iter().map(|(word, _)| *word);
        let hint = nearest::suggest(nearest::nearest(word, known()), || {
            "a check takes ok, degraded, down, unknown and _".to_owned()
        });
        (format!("`{word}` is not a result of a check"), hint)
    })
}

fn number(word: &str, unit: &str) -> Result<TestInput, (String, String)> {
    const HINT: &str = "a metric takes numbers, with their unit if wished, and _";
    if word == "_" {
        return Ok(TestInput::Nothing);
    }
    let end = word.find(|c: char| !(c.is_ascii_digit() || "+-.".contains(c))).unwrap_or(word.len());
    let (digits, written) = word.split_at(end);
    let value = digits.parse::<f64>().map_err(|_| (format!("`{word}` is not a number"), HINT.to_owned()))?;
    unit::in_unit_of(value, written, unit).map(TestInput::Number).map_err(|message| (message, HINT.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_is_read_in_runs() {
        let run = |input, count| InputRun { input, count };
        assert_eq!(
            parse("ok*4 down*8 down _ ok", None).unwrap(),
            [run(TestInput::Ok, 4), run(TestInput::Down, 9), run(TestInput::Nothing, 1), run(TestInput::Ok, 1)]
        );
        assert_eq!(
            parse("-1 2s*3 _*2", Some("ms")).unwrap(),
            [run(TestInput::Number(-1.0), 1), run(TestInput::Number(2_000.0), 3), run(TestInput::Nothing, 2)]
        );
        for (text, unit, offset, message) in [
            ("ok down*x", None, 3, "`down*x` is not repeated a whole number of times"),
            ("ok dwn", None, 3, "`dwn` is not a result of a check"),
            ("ok 5", None, 3, "`5` is not a result of a check"),
            ("1 down", Some(""), 2, "`down` is not a number"),
            ("1 2MB", Some("s"), 2, "`MB` is a size, but the value is in `s`"),
            ("ok*600000", None, 0, "the series has more than 525600 inputs"),
            (" ", None, 0, "the series is empty"),
        ] {
            let fault = parse(text, unit).unwrap_err();
            assert_eq!((fault.offset, fault.message.as_str()), (Some(offset), message), "{text}");
        }
    }
}
