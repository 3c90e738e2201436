//! From an answer to numbers.

use std::sync::{Arc, PoisonError};

use serde_json::Value;

use crate::lang::expression::Expression;
use crate::lang::time::Stamp;
use crate::model::document::{PollError, absent, kind, relied_on, unreadable_of};
use crate::model::reading::Sample;
use crate::text::SafeText;

use super::exposition::Sum;
use super::http::codes;
use super::jq::{Evaluator, JqError, Outputs};
use crate::sources::targets::{Derived, NumberFrom};

/// The samples of every metric of a source that was answered at `at`. `sums` are those of the selectors, in order.
pub(crate) async fn samples(
    metrics: &[Derived],
    at: Stamp,
    document: &Arc<Value>,
    sums: &[Sum],
    evaluator: &Evaluator,
) -> Vec<Sample> {
    let programs: Vec<&Expression> = metrics
        .iter()
        .filter_map(|metric| if let NumberFrom::Program(program) = &metric.how { Some(program) } else { None })
        .collect();
    let mut outputs = evaluator.run(&programs, document).await.into_iter();
    let mut sums = sums.iter();
    let mut samples = Vec::with_capacity(metrics.len());
    for metric in metrics {
        let value = match &metric.how {
            NumberFrom::Program(program) => outputs
                .next()
                .map_or_else(|| Err("not evaluated".to_owned()), |outputs| number(program, outputs, document)),
            NumberFrom::Selector(_) => {
                sums.next().map_or_else(|| Err("the source has no samples".to_owned()), Sum::value)
            }
        };
        samples.extend(sample(metric, at, value));
    }
    samples
}

/// The samples of every metric of a source that gave no answer.
pub(crate) fn without_answer(metrics: &[Derived], at: Stamp, error: &PollError) -> Vec<Sample> {
    let why = SafeText::new(&error.to_string());
    metrics
        .iter()
        .map(|metric| Sample { metric: metric.name.clone(), at, value: Err(why.clone()), caveat: None })
        .collect()
}

/// One sample; none where a counter has only begun.
fn sample(metric: &Derived, at: Stamp, value: Result<f64, String>) -> Option<Sample> {
    let value = match (value, &metric.counter) {
        (Ok(value), Some(counter)) => {
            Ok(counter.lock().unwrap_or_else(PoisonError::into_inner).per_second(at, value)?)
        }
        (value, _) => value.map_err(|why| SafeText::new(&why)),
    };
    Some(Sample { metric: metric.name.clone(), at, value, caveat: None })
}

/// The one output of a program as a number; true and false count as 1 and 0.
///
/// # Errors
/// Why there is no number, in words that name what the document has. Nothing is turned into a number that is none: a
/// wrong program must not draw a good picture.
pub(crate) fn number(program: &Expression, outputs: Outputs, document: &Value) -> Result<f64, String> {
    // An answer that can't be read has no numbers in it, whatever a program makes of null.
    if let Some(why) = unreadable_of(document, program.reads()) {
        return Err(with_code(&why, document));
    }
    // `null | length` is 0 and `null + 1` is 1: a misspelt field must not draw a line.
    if outputs.is_ok()
        && let Some(why) = relied_on(document, program)
    {
        return Err(with_code(&why, document));
    }
    let nothing =
        |else_: &str| Err(with_code(&absent(document, program.reads()).unwrap_or_else(|| else_.to_owned()), document));
    let values = match outputs {
        Ok(values) => values,
        Err(error @ JqError::Broken(_)) => return Err(error.to_string()),
        Err(JqError::Raised(why)) => return nothing(&why),
    };
    match values.as_slice() {
        [] => nothing("the expression gave no output"),
        [Value::Null] => nothing("the expression gave null"),
        [Value::Bool(truth)] => Ok(f64::from(u8::from(*truth))),
        [Value::Number(number)] => number
            .as_f64()
            .filter(|number| number.is_finite())
            .ok_or_else(|| format!("the expression gave {number}, which is too large for a number")),
        [Value::String(text)] => {
            let advice = if text.trim().parse::<f64>().is_ok() { "; add `| tonumber`" } else { "" };
            Err(format!("the expression gave the string {}, not a number{advice}", short(&values[0])))
        }
        [other] => {
            let advice = if other.is_array() { "; count its elements with `| length`" } else { "" };
            Err(format!("the expression gave {}, not a number{advice}", kind(other)))
        }
        several => Err(format!(
            "the expression gave {} outputs, not one number: {}; take one with `first(…)` or `[…] | add`",
            several.len(),
            several.iter().take(3).map(short).collect::<Vec<_>>().join(", ")
        )),
    }
}

/// The HTTP code beside why, where it is not a success: it mostly is the reason.
fn with_code(why: &str, document: &Value) -> String {
    let code = document.get("status").and_then(Value::as_u64).filter(|code| !(200..300).contains(code));
    code.map_or_else(|| why.to_owned(), |code| format!("{why} ({})", codes::describe(code)))
}

/// The beginning of a value, as JSON.
fn short(value: &Value) -> String {
    const MOST: usize = 60;
    let text = value.to_string();
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    async fn value(program: &str, document: &Value) -> Result<f64, String> {
        let program = Expression::compile(program).unwrap();
        let outputs = Evaluator::default().run(&[&program], &Arc::new(document.clone())).await;
        number(&program, outputs.into_iter().next().unwrap(), document)
    }

    #[tokio::test]
    async fn every_metric_reads_from_the_document() {
        let body = json!({"queue": [1, 2, 3, 4], "errors": 7, "status": "healthy"});
        let document = json!({"status": 200, "latency_ms": 12, "body": body});
        for (program, number) in [
            (".body.queue | length", 4.0),
            (".body.errors // 0", 7.0),
            (".body.errors", 7.0),
            (".body.missing // 0", 0.0),
            (".status == 200", 1.0),
            (".status", 200.0),
            (".latency_ms", 12.0),
        ] {
            assert_eq!(value(program, &document).await, Ok(number), "{program}");
        }
    }

    #[tokio::test]
    async fn what_is_not_one_number_is_said_in_words() {
        let body = json!({"requests_total": 1, "error_rate": 0.5, "p95_ms": 3, "s": "12", "word": "x", "list": [1, 2], "none": null});
        let document = json!({"status": 200, "latency_ms": 12, "body": body});
        let has = "body has error_rate, list, none, p95_ms, requests_total, s, word";
        for (program, words) in [
            (".body.p95_m", format!("no field `.p95_m`; {has}")),
            (".errors", "no field `.errors`; the document has body, latency_ms, status".to_owned()),
            (".body.p95_m + .body.x * 2", format!("no field `.p95_m`; {has}")),
            (".body.none", "`.body.none` is null".to_owned()),
            (".body.list | .[7]", "the expression gave null".to_owned()),
            // Null has a length, can be added to and is less than any number.
            (".body.queue | length", format!("no field `.queue`; {has}")),
            (".body.queue + 1", format!("no field `.queue`; {has}")),
            (".body.queue < 5", format!("no field `.queue`; {has}")),
            (".body.none | length", "`.body.none` is null".to_owned()),
            (".body.s", "the expression gave the string \"12\", not a number; add `| tonumber`".to_owned()),
            (".body.word", "the expression gave the string \"x\", not a number".to_owned()),
            (
                ".body.list",
                "the expression gave an array of 2 elements, not a number; count its elements with `| length`"
                    .to_owned(),
            ),
            ("{a: 1}", "the expression gave an object of 1 field, not a number".to_owned()),
            (
                ".body.list[]",
                "the expression gave 2 outputs, not one number: 1, 2; take one with `first(…)` or `[…] | add`"
                    .to_owned(),
            ),
            ("empty", "the expression gave no output".to_owned()),
            ("nan", "the result is NaN, not a number that can be shown".to_owned()),
            ("infinite", "the result is infinite, not a number that can be shown".to_owned()),
            (".body.list | error(\"boom\")", "boom".to_owned()),
        ] {
            assert_eq!(value(program, &document).await, Err(words), "{program}");
        }
        for program in [".body.queue // 0", "[.body.queue[]?] | length", "if .body.queue == null then 0 else 1 end"] {
            assert_eq!(value(program, &document).await, Ok(0.0), "{program} says itself what a missing field means");
        }
    }

    #[tokio::test]
    async fn a_body_that_is_not_json_never_becomes_a_number() {
        let why = "the body is not JSON: expected a value, found `<html>` at byte 1";
        let document = json!({"status": 502, "body": null, "body_error": why, "text": "<html>"});
        for program in [".body.errors // 0", ".body.queue | length", ".body | length", ".body.up == null", ".body.x"] {
            let words = format!("{why} (HTTP 502 Bad Gateway)");
            assert_eq!(value(program, &document).await, Err(words), "{program}");
        }
        assert_eq!(value(".status", &document).await, Ok(502.0));
    }
}
