//! What a configuration says of the form of a log: names of fields, and an expression that finds them.

use std::ops::ControlFlow;

use super::fields::{FieldValue, Visit};
use crate::lang::pattern::Pattern;

/// Names of fields with a meaning, and an expression with named groups.
#[derive(Debug, Clone, Default)]
pub struct Layout {
    names: Names,
    pattern: Option<Pattern>,
}

/// How a log calls the fields that have a meaning; `None` where it uses one of the usual names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names {
    /// When it happened.
    pub time: Option<String>,
    /// How grave it is.
    pub level: Option<String>,
    /// Who says it.
    pub service: Option<String>,
    /// What is said.
    pub message: Option<String>,
    /// What joins the lines of one request.
    pub trace: Option<String>,
}

impl Layout {
    /// The groups of `pattern` that have a name are fields; `names` say which of them, or of those that a line has
    /// by itself, mean what.
    pub(crate) fn new(names: Names, pattern: Option<Pattern>) -> Self {
        Self { names, pattern }
    }

    /// The expression.
    pub(crate) fn pattern(&self) -> Option<&Pattern> {
        self.pattern.as_ref()
    }

    /// The name of the field that states the time.
    pub(crate) fn time(&self) -> Option<&str> {
        self.names.time.as_deref()
    }

    /// The name of the field that states the level.
    pub(crate) fn level(&self) -> Option<&str> {
        self.names.level.as_deref()
    }

    /// The name of the field that names the service.
    pub(crate) fn service(&self) -> Option<&str> {
        self.names.service.as_deref()
    }

    /// The name of the field that holds the message.
    pub(crate) fn message(&self) -> Option<&str> {
        self.names.message.as_deref()
    }

    /// The field that a person means by `name`: the one that the configuration gives that meaning.
    pub(crate) fn resolve<'a>(&'a self, name: &'a str) -> &'a str {
        let meant = match name {
            "time" => &self.names.time,
            "level" => &self.names.level,
            "service" => &self.names.service,
            "message" => &self.names.message,
            "trace" => &self.names.trace,
            _ => return name,
        };
        meant.as_deref().unwrap_or(name)
    }

    /// Calls `visit` with every named group that took part in the match, in the order of the expression. Returns
    /// whether it matched.
    pub(crate) fn walk<'a>(&self, line: &'a str, visit: Visit<'_, 'a>) -> bool {
        let Some((pattern, found)) = self.pattern.as_ref().and_then(|pattern| Some((pattern, pattern.captures(line)?)))
        else {
            return false;
        };
        for name in pattern.group_names() {
            if let Some(part) = found.name(name)
                && visit(name, FieldValue::plain(part.as_str())) == ControlFlow::Break(())
            {
                break;
            }
        }
        true
    }
}
