//! Everything else, through jaq.

use std::cell::Cell;
use std::sync::OnceLock;

use jaq_core::data::{DataT, HasLut};
use jaq_core::load::lex::{StrPart, Tok, Token};
use jaq_core::load::parse::Def;
use jaq_core::load::{self, Arena, File, Lexer, Loader};
use jaq_core::native::{Fun, bome, run as native_run, v};
use jaq_core::{Compiler, Ctx, Filter, Lut, Vars, compile as jaq_compile};
use jaq_json::{Num, Val};
use serde::Deserialize;
use serde_json::{Number, Value};

use super::reads::{self, Read};
use super::{EvaluationError, ExpressionError, MAX_OUTPUTS};
use crate::lang::nearest::did_you_mean;

/// How many steps the generators of one run may take together.
const STEPS: u32 = 50_000;
/// How deep brackets and interpolations may nest in a program.
const MAX_NESTING: usize = 40;
/// How deep, and how many values, the outputs of one run may have.
const MAX_DEPTH: usize = 128;
const MAX_VALUES: usize = 200_000;
/// Compiling recurses with the program's length; longer ones get a stack of their own.
const SHORT: usize = 160;
const COMPILE_STACK: usize = 32 << 20;

/// How many bytes of text the outputs of one run may have.
const MAX_BYTES: usize = 1 << 20;

const OUT_OF_STEPS: &str = "the expression took more than 50,000 steps";
const TOO_MUCH: &str = "the expression produced too much output";

/// The generators that could go on for ever, each paying for its steps.
const BOUNDED: &str = r"
def empty: {}[] as $x | .;
def repeat(f): def rec: if opsroom_step then f, rec else empty end; rec;
def recurse(f): def rec: if opsroom_step then ., (f | rec) else empty end; rec;
def while(cond; update): def rec: if opsroom_step and cond then ., (update | rec) else empty end; rec;
def until(cond; update): def rec: if opsroom_step and (cond | not) then update | rec else . end; rec;
def range($from; $to; $by):
  if $by > 0 then $from | while(. < $to; . + $by)
  elif $by < 0 then $from | while(. > $to; . + $by)
  else empty end;
";

/// What a program may not name, and why it is not there.
const REFUSED: &[(&str, &str)] = &[
    ("def", "definitions may recurse without end; write the filter in full"),
    ("import", "expressions cannot load modules; write the filter in full"),
    ("include", "expressions cannot load modules; write the filter in full"),
    ("input", "an expression reads one document, as `.`"),
    ("inputs", "an expression reads one document, as `.`"),
    ("input_line_number", "an expression reads one document, as `.`"),
    ("env", "an expression reads only the document; put secrets into headers with {secret:NAME}"),
    ("$ENV", "an expression reads only the document; put secrets into headers with {secret:NAME}"),
    ("$__prog_args", "an expression reads only the document"),
    ("debug", "expressions cannot print"),
    ("stderr", "expressions cannot print"),
    ("halt", "use `empty` for no output"),
    ("halt_error", "use `error(\"…\")`"),
    ("opsroom_step", "this name is reserved"),
];

/// The kind of data that our programs run over: plain values, and a budget.
struct Budgeted;

#[derive(Clone, Copy)]
struct Budget<'a> {
    lut: &'a Lut<Budgeted>,
    steps: &'a Cell<u32>,
}

impl DataT for Budgeted {
    type V<'a> = Val;
    type Data<'a> = Budget<'a>;
}

impl<'a> HasLut<'a, Budgeted> for Budget<'a> {
    fn lut(&self) -> &'a Lut<Budgeted> {
        self.lut
    }
}

/// A program that jaq has compiled.
pub(super) struct Program {
    filter: Filter<Budgeted>,
}

impl Program {
    pub(super) fn run(&self, document: &Value) -> Result<Vec<Value>, EvaluationError> {
        let input = Val::deserialize(document).map_err(|error| EvaluationError::Raised(error.to_string()))?;
        let steps = Cell::new(STEPS);
        let context = Ctx::<Budgeted>::new(Budget { lut: &self.filter.lut, steps: &steps }, Vars::new([]));
        let mut outputs = Vec::new();
        let mut room = Room { values: MAX_VALUES, bytes: MAX_BYTES };
        for output in self.filter.id.run((context, input)).map(jaq_core::unwrap_valr) {
            match output {
                Err(_) if steps.get() == 0 => return Err(EvaluationError::Exceeded(OUT_OF_STEPS)),
                Err(error) => return Err(EvaluationError::Raised(cut(&error.to_string()))),
                Ok(_) if outputs.len() >= MAX_OUTPUTS => return Err(EvaluationError::Exceeded(TOO_MUCH)),
                Ok(value) => outputs.push(finite(&value, &mut room)?),
            }
        }
        if steps.get() == 0 { Err(EvaluationError::Exceeded(OUT_OF_STEPS)) } else { Ok(outputs) }
    }
}

/// Errors of jaq quote the values they are about, whole; of `error("text")` the text is the error.
fn cut(text: &str) -> String {
    const MAX: usize = 200;
    if let Ok(raised) = serde_json::from_str::<String>(text) {
        return raised.chars().take(MAX).collect();
    }
    match text.char_indices().nth(MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// What is left of the bounds on the outputs of one run.
struct Room {
    values: usize,
    bytes: usize,
}

impl Room {
    fn text(&mut self, bytes: &[u8]) -> Result<String, EvaluationError> {
        self.bytes = self.bytes.checked_sub(bytes.len()).ok_or(EvaluationError::Exceeded(TOO_MUCH))?;
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }
}

/// An output. JSON has no infinity and no NaN, and turning them into null would hide why.
fn finite(value: &Val, room: &mut Room) -> Result<Value, EvaluationError> {
    let converted = to_value(value, 0, room)?;
    match value {
        Val::Num(number) if converted.is_null() => {
            let what = if as_float(number).is_some_and(f64::is_infinite) { "infinite" } else { "NaN" };
            Err(EvaluationError::Raised(format!("the result is {what}, not a number that can be shown")))
        }
        _ => Ok(converted),
    }
}

fn as_float(number: &Num) -> Option<f64> {
    if let Num::Float(float) = number { Some(*float) } else { number.to_string().parse().ok() }
}

fn to_value(value: &Val, depth: usize, room: &mut Room) -> Result<Value, EvaluationError> {
    room.values = room.values.checked_sub(1).ok_or(EvaluationError::Exceeded(TOO_MUCH))?;
    if depth > MAX_DEPTH {
        return Err(EvaluationError::Exceeded(TOO_MUCH));
    }
    Ok(match value {
        Val::Null => Value::Null,
        Val::Bool(truth) => Value::Bool(*truth),
        Val::Num(Num::Int(number)) => Value::Number((*number as i64).into()),
        Val::Num(number) => as_float(number).and_then(Number::from_f64).map_or(Value::Null, Value::Number),
        Val::BStr(bytes) | Val::TStr(bytes) => Value::String(room.text(bytes)?),
        Val::Arr(list) => {
            Value::Array(list.iter().map(|value| to_value(value, depth + 1, room)).collect::<Result<_, _>>()?)
        }
        Val::Obj(map) => {
            let mut object = serde_json::Map::with_capacity(map.len());
            for (key, value) in map.iter() {
                let key = match key {
                    Val::TStr(bytes) | Val::BStr(bytes) => room.text(bytes)?,
                    other => other.to_string(),
                };
                object.insert(key, to_value(value, depth + 1, room)?);
            }
            Value::Object(object)
        }
    })
}

pub(super) fn compile(text: &str) -> Result<(Program, Vec<Read>), ExpressionError> {
    if text.len() <= SHORT {
        return compile_here(text);
    }
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(COMPILE_STACK)
            .spawn_scoped(scope, || compile_here(text))
            .map_err(|error| at(None, format!("no thread to compile on: {error}"), None))
            .and_then(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|_| Err(at(Some(0), "the expression could not be compiled".to_owned(), None)))
            })
    })
}

fn compile_here(text: &str) -> Result<(Program, Vec<Read>), ExpressionError> {
    refuse_nesting(text)?;
    let tokens = Lexer::new(text).lex().map_err(|errors| lex_error(text, errors.first()))?;
    refuse_tokens(text, &tokens)?;
    let arena = Arena::default();
    let modules = Loader::new(definitions())
        .load(&arena, File { code: text, path: () })
        .map_err(|errors| load_error(text, errors))?;
    let filter = Compiler::<_, Budgeted>::default().with_funs(functions()).compile(modules).map_err(|errors| {
        let undefined = errors.iter().flat_map(|(_, errors)| errors).next();
        undefined.map_or_else(
            || at(None, "the expression could not be compiled".to_owned(), None),
            |e| undefined_error(text, e),
        )
    })?;
    let parsed = load::parse(text, |parser| parser.term());
    Ok((Program { filter }, parsed.map(|term| reads::paths_read(text, &term)).unwrap_or_default()))
}

fn at(offset: Option<usize>, message: String, hint: Option<String>) -> ExpressionError {
    ExpressionError { offset, message, hint }
}

/// The lexer and the parser recurse with brackets, so that these are counted before either sees them.
/// Brackets in strings count too: that refuses only what nobody writes.
fn refuse_nesting(text: &str) -> Result<(), ExpressionError> {
    let mut depth = 0_usize;
    for (offset, byte) in text.bytes().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_NESTING {
            return Err(at(Some(offset), format!("brackets nest deeper than {MAX_NESTING}"), None));
        }
    }
    Ok(())
}

fn refuse_tokens(text: &str, tokens: &[Token<&str>]) -> Result<(), ExpressionError> {
    for token in tokens {
        match &token.1 {
            Tok::Word | Tok::Var => {
                if let Some((word, why)) = REFUSED.iter().find(|(word, _)| *word == token.0) {
                    let message = format!("`{word}` is not allowed here");
                    return Err(at(Some(offset_of(text, token.0)), message, Some((*why).to_owned())));
                }
            }
            Tok::Block(inner) => refuse_tokens(text, inner)?,
            Tok::Str(parts) => {
                for part in parts {
                    if let StrPart::Term(term) = part {
                        refuse_tokens(text, std::slice::from_ref(term))?;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn offset_of(text: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize).min(text.len())
}

fn lex_error(text: &str, error: Option<&load::lex::Error<&str>>) -> ExpressionError {
    let Some((expected, found)) = error else {
        return at(None, "the expression could not be read".to_owned(), None);
    };
    // Where a bracket is not closed, what was "found" is the rest of the text.
    at(Some(offset_of(text, found)), format!("expected a {}{}", expected.as_str(), describe_found(found)), None)
}

fn describe_found(found: &str) -> String {
    match found.split_whitespace().next() {
        None => ", but the expression ends here".to_owned(),
        Some(word) => format!(", but found `{}`", word.chars().take(20).collect::<String>()),
    }
}

fn load_error(text: &str, errors: load::Errors<&str, ()>) -> ExpressionError {
    for (_, error) in errors {
        match error {
            load::Error::Lex(errors) => return lex_error(text, errors.first()),
            load::Error::Parse(errors) => {
                if let Some((expected, found)) = errors.into_iter().next() {
                    let expected = match expected.as_str() {
                        "nothing" => "the end of the expression".to_owned(),
                        word => format!("a {word}"),
                    };
                    let hint = (*found == *"=").then(|| "compare with `==`".to_owned());
                    return at(
                        Some(offset_of(text, found)),
                        format!("expected {expected}{}", describe_found(found)),
                        hint,
                    );
                }
            }
            load::Error::Io(_) => {}
        }
    }
    at(None, "the expression could not be read".to_owned(), None)
}

fn undefined_error(text: &str, (name, kind): &jaq_compile::Error<&str>) -> ExpressionError {
    let offset = Some(offset_of(text, name));
    match kind {
        jaq_compile::Undefined::Filter(arity) => {
            let names = names();
            let hint = if names.iter().any(|known| known == name) {
                Some(format!("`{name}` takes a different number of arguments"))
            } else {
                names
                    .iter()
                    .map(|known| (strsim::damerau_levenshtein(known, name), known))
                    .filter(|(distance, _)| *distance <= 2)
                    .min()
                    .map(|(_, known)| did_you_mean(known))
                    .or_else(|| Some(format!("write a string in quotes (\"{name}\") and a field with a dot (.{name})")))
            };
            let arguments = if *arity == 0 { String::new() } else { format!(" with {arity} arguments") };
            at(offset, format!("no filter named `{name}`{arguments}"), hint)
        }
        other => at(offset, format!("no {} named `{name}`", other.as_str()), None),
    }
}

/// Every filter's name, for hints.
fn names() -> &'static [String] {
    static NAMES: OnceLock<Vec<String>> = OnceLock::new();
    NAMES.get_or_init(|| {
        let defined = definitions().into_iter().map(|def| def.name.to_owned());
        let native = functions().into_iter().map(|(name, ..)| name.to_owned());
        defined.chain(native).filter(|name| !name.ends_with('_') && !name.starts_with("opsroom")).collect()
    })
}

fn definitions() -> Vec<Def<&'static str>> {
    let ours = load::parse(BOUNDED, |parser| parser.defs()).unwrap_or_default();
    let replaced: Vec<(&str, usize)> = ours.iter().map(|def| (def.name, def.args.len())).collect();
    let theirs = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs()).filter(move |def| {
        !replaced.contains(&(def.name, def.args.len())) && !REFUSED.iter().any(|(name, _)| *name == def.name)
    });
    // `not` is needed by ours and stands after them in jaq's own list.
    let not = load::parse("def true: 0 == 0; def false: 0 != 0; def not: if . then false else true end;", |parser| {
        parser.defs()
    });
    not.unwrap_or_default().into_iter().chain(ours).chain(theirs).collect()
}

fn functions() -> Vec<Fun<Budgeted>> {
    const GONE: &[&str] = &["env", "halt", "debug_empty", "stderr_empty", "input", "inputs", "range", "fromjson"];
    let theirs = jaq_core::funs::<Budgeted>()
        .chain(jaq_std::funs())
        .chain(jaq_json::funs())
        .filter(|(name, ..)| !GONE.contains(name));
    let step: Fun<Budgeted> = native_run(("opsroom_step", v(0), |(context, _)| {
        let steps = context.data().steps;
        let left = steps.get().saturating_sub(1);
        steps.set(left);
        if left > 0 { bome(Ok(Val::Bool(true))) } else { bome(Err(jaq_core::Error::str(OUT_OF_STEPS))) }
    }));
    // jaq's own reader has no bound on nesting: a hostile text would take the whole process with it.
    let fromjson: Fun<Budgeted> = native_run(("fromjson", v(0), |(_, value)| {
        let parsed = match &value {
            Val::BStr(bytes) | Val::TStr(bytes) => {
                serde_json::from_slice::<Val>(bytes).map_err(|error| jaq_core::Error::str(format!("not JSON: {error}")))
            }
            _ => Err(jaq_core::Error::str("fromjson needs a string")),
        };
        bome(parsed)
    }));
    theirs.chain([step, fromjson]).collect()
}
