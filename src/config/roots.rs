//! The one root of every expression: the document. A field that no document of the kind can have is a mistake that is
//! known before anything is polled.

use crate::config::fault::SyntaxFault;
use crate::lang::expression::{Expression, Read, Step};
use crate::lang::nearest;
use crate::model::document::{DocumentShape, Within, names, path};

/// What other tools and older configurations call the fields of a document.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("status_code", "status"),
    ("statuscode", "status"),
    ("code", "status"),
    ("http_status", "status"),
    ("latency", "latency_ms"),
    ("response_time", "latency_ms"),
    ("duration", "duration_ms"),
    ("exit_code", "exit"),
    ("exitcode", "exit"),
    ("output", "stdout"),
    ("header", "headers"),
    ("days_left", "tls.days_left"),
    ("not_after", "tls.not_after"),
    ("first_byte", "timing.first_byte"),
];

/// The first field that the expression reads and that no document of this shape has.
pub(crate) fn fault(expression: &Expression, shape: DocumentShape) -> Option<SyntaxFault> {
    expression.reads().iter().find_map(|read| {
        let (message, hint) = wrong(shape, &read.steps)?;
        Some(SyntaxFault { offset: Some(read.offset), message, hint })
    })
}

/// As [`fault`], of the field that a condition compares: `latency_ms`, `body.queue.depth`.
pub(crate) fn field_fault(field: &str, shape: DocumentShape) -> Option<SyntaxFault> {
    let steps = field.trim_start_matches('.').split('.').map(|key| Step::Key(key.to_owned())).collect();
    let read = Read { steps, offset: 0 };
    let (message, hint) = wrong(shape, &read.steps)?;
    Some(SyntaxFault { offset: None, message, hint })
}

fn wrong(shape: DocumentShape, steps: &[Step]) -> Option<(String, String)> {
    let (first, rest) = steps.split_first()?;
    let Step::Key(field) = first else {
        let message = format!("{} is an object and has no element {first}", shape.noun);
        return Some((message, shape.payload().map_or_else(|| fields(shape), |payload| below(payload, steps))));
    };
    let Some(within) = shape.within(field) else {
        return Some((format!("{} has no field `{field}`", shape.noun), meant(shape, field, steps, rest)));
    };
    let second = rest.first()?;
    match (within, second) {
        (Within::Anything, _) => None,
        (Within::Headers, Step::Key(name)) => name.contains(|c: char| c.is_ascii_uppercase()).then(|| {
            let lower = Step::Key(name.to_ascii_lowercase());
            (format!("header names are in lower case, and `{name}` is not"), format!("write `.headers{lower}`"))
        }),
        (Within::Fields(known), Step::Key(name)) => (!known.contains(&name.as_str())).then(|| {
            let hint = match nearest::nearest(name, known.iter().copied()) {
                Some(near) => nearest::did_you_mean(&format!(".{field}.{near}")),
                None => format!("`.{field}` has {}", names(known.iter().copied())),
            };
            (format!("`.{field}` has no field `{name}`"), hint)
        }),
        (Within::Headers | Within::Fields(_), Step::Index(_)) => {
            Some((format!("`.{field}` is an object and has no element {second}"), fields(shape)))
        }
        (Within::Nothing, _) => {
            let hint = shape.payload().map_or_else(|| fields(shape), |payload| below(payload, steps));
            Some((format!("`.{field}` has nothing within it"), hint))
        }
    }
}

/// What was probably meant by a field that is not there: a slip, another tool's word, or what the service itself says.
fn meant(shape: DocumentShape, field: &str, steps: &[Step], rest: &[Step]) -> String {
    let lower = field.to_ascii_lowercase();
    let slip = shape.names().find(|known| strsim::osa_distance(known, &lower) <= 1);
    let other = OTHER_WORDS
        .iter()
        .filter(|(theirs, _)| *theirs == lower)
        .map(|(_, ours)| *ours)
        .find(|ours| shape.names().any(|known| ours.split('.').next() == Some(known)));
    match (slip.or(other), shape.payload()) {
        (Some(known), _) => {
            let rest: String = rest.iter().map(ToString::to_string).collect();
            nearest::did_you_mean(&format!(".{known}{rest}"))
        }
        (None, Some(payload)) => below(payload, steps),
        (None, None) if shape.samples => format!("to read a series, write sample = \"{field}\""),
        (None, None) => fields(shape),
    }
}

fn below(payload: &str, steps: &[Step]) -> String {
    let steps: Vec<Step> = std::iter::once(Step::Key(payload.to_owned())).chain(steps.iter().cloned()).collect();
    nearest::did_you_mean(&path(&steps))
}

fn fields(shape: DocumentShape) -> String {
    format!("{} has {}", shape.noun, names(shape.names()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::kinds::{command, exposition, http, tcp};

    fn said(program: &str, shape: DocumentShape) -> Option<(String, String)> {
        fault(&Expression::compile(program).unwrap(), shape).map(|fault| (fault.message, fault.hint))
    }

    #[test]
    fn a_field_that_no_document_has_is_known_beforehand() {
        let cases = [
            (".queue", http::DOCUMENT, "an HTTP document has no field `queue`", "did you mean `.body.queue`?"),
            (".queue | length", http::DOCUMENT, "an HTTP document has no field `queue`", "did you mean `.body.queue`?"),
            (
                ".queue[0].x",
                http::DOCUMENT,
                "an HTTP document has no field `queue`",
                "did you mean `.body.queue[0].x`?",
            ),
            (".[\"a b\"]", http::DOCUMENT, "an HTTP document has no field `a b`", "did you mean `.body[\"a b\"]`?"),
            (".errors // 0", http::DOCUMENT, "an HTTP document has no field `errors`", "did you mean `.body.errors`?"),
            (".satus == 200", http::DOCUMENT, "an HTTP document has no field `satus`", "did you mean `.status`?"),
            (".latency", http::DOCUMENT, "an HTTP document has no field `latency`", "did you mean `.latency_ms`?"),
            (
                ".days_left",
                http::DOCUMENT,
                "an HTTP document has no field `days_left`",
                "did you mean `.tls.days_left`?",
            ),
            (
                ".tls.days",
                http::DOCUMENT,
                "`.tls` has no field `days`",
                "`.tls` has days_left, not_after, issuer, subject",
            ),
            (".timing.conect", http::DOCUMENT, "`.timing` has no field `conect`", "did you mean `.timing.connect`?"),
            (
                ".headers[\"X-Age\"]",
                http::DOCUMENT,
                "header names are in lower case, and `X-Age` is not",
                "write `.headers[\"x-age\"]`",
            ),
            (".status.db", http::DOCUMENT, "`.status` has nothing within it", "did you mean `.body.status.db`?"),
            (
                ".[0].x",
                http::DOCUMENT,
                "an HTTP document is an object and has no element [0]",
                "did you mean `.body[0].x`?",
            ),
            (
                ".queue",
                command::DOCUMENT,
                "the document of a command has no field `queue`",
                "did you mean `.json.queue`?",
            ),
            (
                ".exit_code",
                command::DOCUMENT,
                "the document of a command has no field `exit_code`",
                "did you mean `.exit`?",
            ),
            (
                ".body.x",
                command::DOCUMENT,
                "the document of a command has no field `body`",
                "did you mean `.json.body.x`?",
            ),
            (
                ".up",
                exposition::DOCUMENT,
                "the document of an exposition has no field `up`",
                "to read a series, write sample = \"up\"",
            ),
            (
                ".queue",
                tcp::DOCUMENT,
                "the document of a TCP check has no field `queue`",
                "the document of a TCP check has connected, latency_ms, timing, remote",
            ),
        ];
        for (program, shape, message, hint) in cases {
            assert_eq!(said(program, shape), Some((message.to_owned(), hint.to_owned())), "{program}");
        }
    }

    #[test]
    fn what_may_be_right_is_left_alone() {
        for program in [
            ".",
            ".body.queue",
            ".body | .queue",
            ".body.list[] | .queue",
            "[.[] | numbers] | add",
            ".status == 200",
            ".tls.days_left < 21",
            ".timing.total",
            ".headers.age | tonumber",
            ".headers[\"x-age\"]",
            ".text | length",
            "{queue: .body.queue} | .queue",
            "reduce .body[] as $x (0; . + $x.queue)",
            "to_entries | .[0].key",
            "keys[0]",
        ] {
            assert_eq!(said(program, http::DOCUMENT), None, "{program}");
        }
        assert_eq!(said(".stdout | tonumber", command::DOCUMENT), None);
        assert_eq!(field_fault("body.queue.depth", http::DOCUMENT), None);
        assert_eq!(field_fault("queue.depth", http::DOCUMENT).unwrap().hint, "did you mean `.body.queue.depth`?");
    }
}
