//! The small languages inside texts of the file, each behind one function that says where the fault is.

use std::time::Duration;

use super::fault::SyntaxFault;
use crate::lang::condition::Condition;
use crate::lang::expression::Expression;
use crate::lang::pattern::{Pattern, PatternError, PatternSet};
use crate::lang::schedule::{LocalMoment, MomentSchedule, ScheduleError, WindowSchedule};
use crate::lang::selector::Selector;
use crate::lang::unit;
use crate::lang::unit::UnitError;
use crate::logs::filter::Filter;

/// A duration: `15s`, `2m`, `26h`, `30d`, `500ms`, `1h30m`.
///
/// # Errors
/// Where it is none.
pub(crate) fn duration(text: &str) -> Result<Duration, SyntaxFault> {
    unit::parse_duration(text).map_err(|error| of_unit(text, error))
}

/// A size in bytes: `1MB`, `2GiB`.
///
/// # Errors
/// Where it is none.
pub(crate) fn size(text: &str) -> Result<u64, SyntaxFault> {
    unit::parse_size(text).map_err(|error| of_unit(text, error))
}

/// A window, once or again and again: `Sun 02:00-04:00 UTC`.
///
/// # Errors
/// Where it is none.
pub(crate) fn windows(text: &str) -> Result<WindowSchedule, SyntaxFault> {
    WindowSchedule::parse(text).map_err(|error| of_schedule(text, error))
}

/// A moment that comes again: `weekly Mon 09:00`.
///
/// # Errors
/// Where it is none.
pub(crate) fn moments(text: &str) -> Result<MomentSchedule, SyntaxFault> {
    MomentSchedule::parse(text).map_err(|error| of_schedule(text, error))
}

/// A date, with a time or without: `2026-03-02T09:00`.
///
/// # Errors
/// Where it is none.
pub(crate) fn local_moment(text: &str) -> Result<LocalMoment, SyntaxFault> {
    LocalMoment::parse(text).map_err(|error| of_schedule(text, error))
}

fn of_schedule(text: &str, error: ScheduleError) -> SyntaxFault {
    SyntaxFault { offset: Some(byte_of(text, error.offset)), message: error.message, hint: error.hint }
}

fn of_unit(text: &str, error: UnitError) -> SyntaxFault {
    SyntaxFault { offset: Some(byte_of(text, error.offset)), message: error.message, hint: error.hint }
}

/// A condition of `alert`, for a metric with a unit.
///
/// # Errors
/// Where it is none.
pub(crate) fn condition(text: &str, unit: &str) -> Result<Condition, SyntaxFault> {
    Condition::parse(text, unit).map_err(|error| SyntaxFault {
        offset: Some(byte_of(text, error.offset)),
        message: error.message,
        hint: error.hint,
    })
}

/// A regex.
///
/// # Errors
/// Where it does not compile.
pub(crate) fn pattern(text: &str) -> Result<Pattern, SyntaxFault> {
    Pattern::parse(text).map_err(|error| of_pattern(text, error))
}

/// Regexes that are searched for at once.
///
/// # Errors
/// Where one does not compile, by its position, or all together do not.
pub(crate) fn patterns(texts: &[&str]) -> Result<PatternSet, Vec<(usize, SyntaxFault)>> {
    PatternSet::parse(texts)
        .map_err(|errors| errors.into_iter().map(|(at, error)| (at, of_pattern(texts[at], error))).collect())
}

fn of_pattern(text: &str, error: PatternError) -> SyntaxFault {
    let offset = error.offset.map(|character| byte_of(text, character));
    SyntaxFault { offset, message: error.message, hint: error.hint }
}

/// A jq program.
///
/// # Errors
/// Where it does not compile.
pub(crate) fn program(text: &str) -> Result<Expression, SyntaxFault> {
    Expression::compile(text).map_err(|error| SyntaxFault {
        offset: error.offset,
        message: error.message,
        hint: error
            .hint
            .unwrap_or_else(|| "expressions are jq over the document: `.body.errors`, `.status`".to_owned()),
    })
}

/// A selector over an exposition.
///
/// # Errors
/// Where it is none.
pub(crate) fn selector(text: &str) -> Result<Selector, SyntaxFault> {
    Selector::parse(text).map_err(|error| SyntaxFault {
        offset: Some(error.offset),
        message: error.message,
        hint: error.hint.unwrap_or_else(|| "write it like http_requests_total{job=\"api\", code=~\"5..\"}".to_owned()),
    })
}

/// A filter over log records.
///
/// # Errors
/// Where it is none.
pub(crate) fn filter(text: &str) -> Result<Filter, SyntaxFault> {
    Filter::parse(text).map_err(|error| SyntaxFault {
        offset: Some(byte_of(text, error.offset)),
        message: error.message,
        hint: error.hint.unwrap_or_else(|| "write it like level>=warn path:/api -healthcheck".to_owned()),
    })
}

/// The byte at which a character begins.
fn byte_of(text: &str, character: usize) -> usize {
    text.char_indices().nth(character).map_or(text.len(), |(byte, _)| byte)
}
