//! What the sections share while they are read: the files, the names that exist, and the problems so far.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::entry::Text;
use super::fault::SyntaxFault;
use super::file::{FilePlace, SourceFile};
use super::thing::Thing;
use super::{roots, syntax};
use crate::lang::condition::Condition;
use crate::lang::diagnostic::{Diagnostic, DiagnosticLevel};
use crate::lang::expression::Expression;
use crate::lang::nearest;
use crate::lang::order::InOrder;
use crate::model::alert::Severity;
use crate::model::document::DocumentShape;
use crate::text::name::Name;

/// The names of each section, each with the place where it was defined first.
pub(crate) type Names<'a> = HashMap<&'static str, BTreeMap<&'a str, FilePlace>>;

/// What all sections share while they are read: the files, the names that exist, and the problems so far.
pub(crate) struct ReadContext<'f> {
    /// The files, the main one first.
    pub files: &'f [&'f SourceFile],
    /// Every name that is defined, also of things that have problems, by section.
    pub names: Names<'f>,
    /// Whether others than its owner can read a file that a secret is kept in; files are `load`'s alone.
    pub exposed: fn(&Path) -> bool,
    /// What to write in place of a key (the third) that a table has not, by its title and name, where another section
    /// has it. Tables are read without knowing the sections.
    pub elsewhere: fn(&str, &str, &str) -> Option<String>,
    problems: RefCell<Vec<Diagnostic>>,
    known: RefCell<KnownTexts>,
    aliases: RefCell<BTreeMap<String, Severity>>,
}

/// What texts mean that were read already: of ten thousand checks most say the same, and it is held once.
#[derive(Default)]
struct KnownTexts {
    /// By unit, then by text.
    conditions: HashMap<String, HashMap<String, Condition>>,
    programs: HashMap<String, Expression>,
}

impl<'f> ReadContext<'f> {
    /// Over these files.
    pub(crate) fn new(files: &'f [&'f SourceFile]) -> Self {
        Self {
            files,
            names: Names::new(),
            exposed: |_| false,
            elsewhere: |_, _, _| None,
            problems: RefCell::default(),
            known: RefCell::default(),
            aliases: RefCell::default(),
        }
    }

    /// Makes a word stand for a severity.
    ///
    /// # Errors
    /// What it stands for already.
    pub(crate) fn alias(&self, word: &str, severity: Severity) -> Result<(), Severity> {
        if let Some(known) = self.known_severity(word) {
            return Err(known);
        }
        // A person does not tell two severities apart by the case of a word.
        let same = |other: &str| other.eq_ignore_ascii_case(word);
        let built_in = || Severity::WORST_FIRST.into_iter().find(|known| same(known.word()));
        let own = || self.aliases.borrow().iter().find(|(known, _)| same(known)).map(|(_, severity)| *severity);
        if let Some(known) = built_in().or_else(own).filter(|known| *known != severity) {
            return Err(known);
        }
        self.aliases.borrow_mut().insert(word.to_owned(), severity);
        Ok(())
    }

    /// The severity that a word stands for, where it stands for one.
    pub(crate) fn known_severity(&self, word: &str) -> Option<Severity> {
        Severity::named(word).or_else(|| self.aliases.borrow().get(word).copied())
    }

    /// A severity by its word or an alias; notes the problem, with the nearest word, where it is none.
    pub(crate) fn severity(&self, word: &str, at: FilePlace) -> Option<Severity> {
        let found = self.known_severity(word);
        if found.is_none() {
            let aliases = self.aliases.borrow();
            let known =
                || Severity::WORST_FIRST.map(Severity::word).into_iter().chain(aliases.keys().map(String::as_str));
            let hint = nearest::suggest(nearest::nearest(word, known()), || {
                format!("severities: {}", nearest::listed(known()))
            });
            self.error(at, format!("no severity named `{word}`"), hint);
        }
        found
    }

    /// Notes an error.
    pub(crate) fn error(&self, place: FilePlace, message: impl Into<String>, hint: impl Into<String>) {
        self.note(DiagnosticLevel::Error, place, message.into(), hint.into());
    }

    /// Notes a warning.
    pub(crate) fn warning(&self, place: FilePlace, message: impl Into<String>, hint: impl Into<String>) {
        self.note(DiagnosticLevel::Warning, place, message.into(), hint.into());
    }

    fn note(&self, level: DiagnosticLevel, place: FilePlace, message: String, hint: String) {
        let hint = (!hint.is_empty()).then_some(hint);
        self.problems.borrow_mut().push(self.files[place.file].diagnostic(level, place, message, hint));
    }

    /// Notes a problem that was made elsewhere.
    pub(crate) fn push(&self, diagnostic: Diagnostic) {
        self.problems.borrow_mut().push(diagnostic);
    }

    /// A fault inside a text: the place is the fault's own, through escapes.
    pub(crate) fn fault(&self, text: &Text, what: &str, fault: &SyntaxFault) {
        let place = match fault.offset {
            Some(offset) => self.files[text.at.file].inside(text.at, offset),
            None => text.at,
        };
        self.error(place, format!("{what}: {}", fault.message), fault.hint.clone());
    }

    /// `FILE:LINE` of a place, for hints that point at another one.
    pub(crate) fn where_is(&self, place: FilePlace) -> String {
        let file = self.files[place.file];
        format!("{}:{}", file.path.display(), file.position(place.start).0)
    }

    /// Whether a thing of that name is defined.
    pub(crate) fn knows(&self, thing: Thing, name: &str) -> bool {
        self.names.get(thing.word()).is_some_and(|known| known.contains_key(name))
    }

    /// The name of a thing that is defined; notes the problem, with the nearest name, where it is not.
    pub(crate) fn refer(&self, thing: Thing, name: &str, at: FilePlace) -> Option<Name> {
        static NONE: BTreeMap<&str, FilePlace> = BTreeMap::new();
        if self.knows(thing, name) {
            return Some(Name::from(name));
        }
        let word = thing.word();
        let known = self.names.get(word).unwrap_or(&NONE);
        let hint = match nearest::nearest(name, known.keys().copied()) {
            Some(near) => nearest::did_you_mean(near),
            None if known.is_empty() => match thing {
                Thing::Secret => format!("define it: [secret] {name} = {{ env = \"NAME\" }}"),
                _ => format!("define it: [{word}.{name}]"),
            },
            None => format!("known: {}", nearest::listed(known.keys().copied())),
        };
        self.error(at, format!("no {word} named `{name}`"), hint);
        None
    }

    /// A condition of `alert`, for a metric with a unit.
    ///
    /// # Errors
    /// Where it is none.
    pub(crate) fn condition(&self, text: &str, unit: &str) -> Result<Condition, SyntaxFault> {
        let mut known = self.known.borrow_mut();
        if let Some(condition) = known.conditions.get(unit).and_then(|known| known.get(text)) {
            return Ok(condition.clone());
        }
        let condition = syntax::condition(text, unit)?;
        known.conditions.entry(unit.to_owned()).or_default().insert(text.to_owned(), condition.clone());
        Ok(condition)
    }

    /// A jq program over documents of a shape, where that is known.
    ///
    /// # Errors
    /// Where it does not compile, or reads a field that no such document has.
    pub(crate) fn program(&self, text: &str, shape: Option<DocumentShape>) -> Result<Expression, SyntaxFault> {
        let mut known = self.known.borrow_mut();
        let program = if let Some(program) = known.programs.get(text) {
            program.clone()
        } else {
            let program = syntax::program(text)?;
            known.programs.insert(text.to_owned(), program.clone());
            program
        };
        match shape.and_then(|shape| roots::fault(&program, shape)) {
            Some(fault) => Err(fault),
            None => Ok(program),
        }
    }

    /// All problems by file and position, each once.
    pub(crate) fn finish(self) -> Vec<Diagnostic> {
        let order: BTreeMap<&Path, usize> =
            self.files.iter().enumerate().rev().map(|(index, file)| (file.path.as_path(), index)).collect();
        let mut problems = self.problems.into_inner();
        problems.order_by(|a, b| {
            let key = |p: &Diagnostic| (order.get(p.file.as_path()).copied().unwrap_or(usize::MAX), p.line, p.column);
            key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message))
        });
        problems.dedup();
        problems
    }
}
