//! From an answer to numbers.

use std::sync::{Arc, PoisonError};

use serde_json::Value;

use crate::model::document::PollError;
use crate::model::expression::Expression;
use crate::model::reading::Sample;
use crate::model::text::SafeText;
use crate::model::time::Stamp;

use super::codes;
use super::exposition::Sum;
use super::jq::{Evaluator, Outputs};
use super::plan::{Derived, How};

/// The samples of every metric of a source that was answered at `at`. `sums` are those of the selectors, in order.
pub async fn samples(
    metrics: &[Derived],
    at: Stamp,
    document: &Arc<Value>,
    sums: &[Sum],
    evaluator: &Evaluator,
) -> Vec<Sample> {
    let programs: Vec<&Expression> = metrics
        .iter()
        .filter_map(|metric| if let How::Program(program) = &metric.how { Some(program) } else { None })
        .collect();
    let mut outputs = outputs(&programs, document, evaluator).await.into_iter();
    let mut sums = sums.iter();
    let mut samples = Vec::with_capacity(metrics.len());
    for metric in metrics {
        let value = match &metric.how {
            How::Program(_) => {
                outputs.next().map_or_else(|| Err("not evaluated".to_owned()), |outputs| number(outputs, document))
            }
            How::Selector(_) => sums.next().map_or_else(|| Err("the source gives no samples".to_owned()), Sum::value),
            How::Broken(why) => Err(why.clone()),
        };
        samples.extend(sample(metric, at, value));
    }
    samples
}

/// What each program gives. It reads the body, as `curl … | jq` would; one that finds nothing there reads the whole
/// document, so that `.latency_ms` and `.status` are numbers too.
async fn outputs(programs: &[&Expression], document: &Arc<Value>, evaluator: &Evaluator) -> Vec<Outputs> {
    let body = ["body", "json"].iter().find_map(|part| document.get(*part)).filter(|body| !body.is_null());
    let Some(body) = body.filter(|_| !programs.is_empty()) else { return evaluator.run(programs, document).await };
    let mut outputs = evaluator.run(programs, &Arc::new(body.clone())).await;
    let nothing = |outputs: &Outputs| !matches!(outputs.as_deref(), Ok([value, ..]) if !value.is_null());
    let again: Vec<usize> = (0..outputs.len()).filter(|index| nothing(&outputs[*index])).collect();
    let programs: Vec<&Expression> = again.iter().map(|index| programs[*index]).collect();
    for (index, found) in again.into_iter().zip(evaluator.run(&programs, document).await) {
        if !nothing(&found) {
            outputs[index] = found;
        }
    }
    outputs
}

/// The samples of every metric of a source that gave no answer.
pub fn without_answer(metrics: &[Derived], at: Stamp, error: &PollError) -> Vec<Sample> {
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

/// The first output as a number. APIs write large counts as texts; those count as numbers.
fn number(outputs: Outputs, document: &Value) -> Result<f64, String> {
    let values = outputs.map_err(|error| error.to_string())?;
    let number = match values.first() {
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::Bool(truth)) => Some(f64::from(u8::from(*truth))),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(Value::Null) | None => {
            let why = document.get("body_error").and_then(Value::as_str).unwrap_or("absent");
            let code = document.get("status").and_then(Value::as_u64).filter(|code| !(200..300).contains(code));
            return Err(code.map_or_else(|| why.to_owned(), |code| format!("{why} ({})", codes::words(code))));
        }
        Some(_) => None,
    };
    number.filter(|number| number.is_finite()).ok_or_else(|| {
        let shown: String = values[0].to_string().chars().take(60).collect();
        format!("not a number: {shown}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    async fn value(program: &str, document: Value) -> Value {
        let program = Expression::compile(program).unwrap();
        let outputs = outputs(&[&program], &Arc::new(document), &Evaluator::default()).await;
        outputs.into_iter().next().unwrap().unwrap().into_iter().next().unwrap_or_default()
    }

    #[tokio::test]
    async fn a_metric_reads_the_body_and_then_the_whole_document() {
        let document = json!({"status": 200, "latency_ms": 12, "body": {"error_rate": 0.5, "status": "healthy"}});
        assert_eq!(value(".error_rate", document.clone()).await, json!(0.5));
        assert_eq!(value(".status", document.clone()).await, json!("healthy"));
        assert_eq!(value(".latency_ms", document.clone()).await, json!(12));
        assert_eq!(value(".body.error_rate", document.clone()).await, json!(0.5));
        assert_eq!(value(".nothing", document).await, Value::Null);
        assert_eq!(value(".status", json!({"status": 204, "body": null})).await, json!(204));
    }
}
