//! Running jq programs where they can do no harm.
//!
//! Simple programs (a path, or a path compared with a literal) are evaluated where they are asked for. The others run
//! in a child process of our own, [`worker`], which has bounds on memory and time: jaq has no way to interrupt a
//! program, a thread can't be ended, and a stack overflow or a failed allocation ends a whole process. The child is
//! kept for the next poll. A program that hangs in it or crashes it is *broken* and not run again until the
//! configuration changes; the child that it ran in is gone.

mod frame;
mod process;
pub mod worker;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use crate::model::expression::Expression;

use frame::{Answer, Reply, Request};
use process::Process;

pub use process::use_program;

const CRASHED: &str = "needed too much memory or recursed too deeply";
const HUNG: &str = "did not end within 2s";

/// Why a program gave no outputs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JqError {
    /// The program raised an error on this document.
    #[error("{0}")]
    Raised(String),
    /// The program hung, crashed or exceeded a bound; it is not run again until the configuration changes.
    #[error("the expression {0}; it is not run again until the configuration changes")]
    Broken(String),
}

/// The outputs of one program, or why there are none.
pub type Outputs = Result<Vec<Value>, JqError>;

/// Runs programs. One for all sources of a configuration.
#[derive(Debug, Default)]
pub struct Evaluator {
    /// The child, while it is idle.
    idle: tokio::sync::Mutex<Option<Process>>,
    broken: Mutex<HashSet<String>>,
}

/// Why a batch gave nothing.
enum Lost {
    /// The child ended, or did not answer in time.
    Crashed,
    /// There is no child to ask, or it refuses the document.
    Refused(String),
}

impl Evaluator {
    /// Runs every program on the document.
    pub async fn run(&self, programs: &[&Expression], document: &Arc<Value>) -> Vec<Outputs> {
        let mut outputs: Vec<Option<Outputs>> =
            programs.iter().map(|program| self.at_once(program, document)).collect();
        // Where a program breaks, those behind it are asked again: each round settles at least one.
        loop {
            let waiting: Vec<usize> = (0..outputs.len()).filter(|index| outputs[*index].is_none()).collect();
            if waiting.is_empty() {
                break;
            }
            let texts: Vec<&str> = waiting.iter().map(|index| programs[*index].text()).collect();
            for (index, found) in waiting.into_iter().zip(self.batch(&texts, document).await) {
                outputs[index] = Some(found);
            }
        }
        outputs.into_iter().flatten().collect()
    }

    /// What needs no child: simple programs, and those that are known to be broken.
    fn at_once(&self, program: &Expression, document: &Value) -> Option<Outputs> {
        if program.simple().is_some() {
            return Some(program.run(document).map_err(|error| JqError::Raised(error.to_string())));
        }
        let broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner).contains(program.text());
        broken.then(|| Err(JqError::Broken("failed before".to_owned())))
    }

    /// The outputs of the first of `programs`, as far as the child came; at least one.
    async fn batch(&self, programs: &[&str], document: &Value) -> Vec<Outputs> {
        let mut outcome = self.ask(programs, document).await;
        if programs.len() > 1 && matches!(outcome, Err(Lost::Crashed)) {
            // Any of them may have been the one: each alone tells.
            outcome = self.ask(&programs[..1], document).await;
        }
        match outcome {
            Ok(answers) if answers.is_empty() => vec![Err(self.mark(programs[0], HUNG))],
            Ok(answers) => {
                answers.into_iter().zip(programs).map(|(answer, program)| self.outputs(program, answer)).collect()
            }
            Err(Lost::Crashed) => vec![Err(self.mark(programs[0], CRASHED))],
            Err(Lost::Refused(why)) => programs.iter().map(|_| Err(JqError::Raised(why.clone()))).collect(),
        }
    }

    /// Asks the child, which is started if there is none.
    async fn ask(&self, programs: &[&str], document: &Value) -> Result<Vec<Answer>, Lost> {
        let request = Request::encode(programs, document).map_err(Lost::Refused)?;
        let mut idle = self.idle.lock().await;
        // One that was idle may have been killed meanwhile, by a person or for want of memory: not the program's fault.
        let mut kept = idle.take();
        loop {
            let reused = kept.is_some();
            // Out of its place while it is asked: where the poll is dropped halfway, the child goes with it.
            let mut process = match kept.take() {
                Some(process) => process,
                None => Process::start().map_err(Lost::Refused)?,
            };
            match process.ask(&request).await {
                Some(Reply::Done(answers)) => {
                    *idle = Some(process);
                    return Ok(answers);
                }
                // The child ends itself after that.
                Some(Reply::Hung(answers)) => return Ok(answers),
                Some(Reply::Refused(why)) => {
                    *idle = Some(process);
                    return Err(Lost::Refused(why));
                }
                None if reused => {}
                None => return Err(Lost::Crashed),
            }
        }
    }

    fn outputs(&self, program: &str, answer: Answer) -> Outputs {
        match answer {
            Answer::Outputs(values) => Ok(values),
            Answer::Raised(why) => Err(JqError::Raised(why)),
            Answer::Exceeded(why) => Err(self.mark(program, why.trim_start_matches("the expression "))),
        }
    }

    fn mark(&self, text: &str, why: &str) -> JqError {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner).insert(text.to_owned());
        JqError::Broken(why.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn compiled(texts: &[&str]) -> Vec<Expression> {
        texts.iter().map(|text| Expression::compile(text).unwrap()).collect()
    }

    #[tokio::test]
    async fn programs_run_beside_each_other_and_errors_stay_their_own() {
        let evaluator = Evaluator::default();
        let programs = compiled(&[".a", ".a + 1", ".a | error", "[.a, 2] | add"]);
        let outputs = evaluator.run(&programs.iter().collect::<Vec<_>>(), &Arc::new(json!({"a": 1}))).await;
        assert_eq!(outputs[0], Ok(vec![json!(1)]));
        assert_eq!(outputs[1], Ok(vec![json!(2)]));
        assert!(matches!(outputs[2], Err(JqError::Raised(_))));
        assert_eq!(outputs[3], Ok(vec![json!(3)]));
    }

    #[tokio::test]
    async fn a_program_that_hangs_is_given_up_and_the_others_go_on() {
        let evaluator = Evaluator::default();
        // A product of lists pays for no step: only the deadline ends it.
        let slow = "[.[] as $a | .[] as $b | .[] as $c | .[] as $d | 1 | select(. == 2)] | length";
        let programs = compiled(&[".[0] + 1", slow, ".[0] + 2"]);
        let programs: Vec<&Expression> = programs.iter().collect();
        let document = Arc::new(json!((0..300).collect::<Vec<_>>()));
        let outputs = evaluator.run(&programs, &document).await;
        assert_eq!(outputs[0], Ok(vec![json!(1)]));
        assert_eq!(outputs[1], Err(JqError::Broken(HUNG.to_owned())));
        assert_eq!(outputs[2], Ok(vec![json!(2)]));
        // It is not started again, though it would be fast on this document.
        let outputs = evaluator.run(&programs, &Arc::new(json!([1]))).await;
        assert!(matches!(&outputs[1], Err(JqError::Broken(_))));
    }

    #[tokio::test]
    async fn a_program_over_its_budget_is_broken() {
        let evaluator = Evaluator::default();
        let program = Expression::compile("[range(1000000000)]").unwrap();
        let outputs = evaluator.run(&[&program], &Arc::new(Value::Null)).await;
        assert!(matches!(&outputs[0], Err(JqError::Broken(_))), "{:?}", outputs[0]);
    }

    #[tokio::test]
    async fn a_document_that_nests_too_deeply_is_refused() {
        let mut deep = json!(1);
        for _ in 0..200 {
            deep = json!([deep]);
        }
        let program = Expression::compile(".a | length").unwrap();
        let outputs = Evaluator::default().run(&[&program], &Arc::new(json!({"a": deep}))).await;
        assert!(matches!(&outputs[0], Err(JqError::Raised(why)) if why.contains("nested")), "{:?}", outputs[0]);
    }
}
