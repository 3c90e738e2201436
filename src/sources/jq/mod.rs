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

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::Semaphore;

use crate::clock::Clock;
use crate::lang::expression::Expression;

use frame::{Answer, Reply, Request};
use process::{Answered, Process};

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
pub(crate) type Outputs = Result<Vec<Value>, JqError>;

/// A program that takes longer is slow: it has a child apart, and may take all its time there.
const QUICK: Duration = Duration::from_millis(250);

/// How long a program took when it was run last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    New,
    Quick,
    Slow,
}

/// The children for programs of one pace.
#[derive(Debug)]
struct Lane {
    /// Children at once.
    places: Semaphore,
    idle: Mutex<Option<Process>>,
}

impl Lane {
    fn new(places: usize) -> Self {
        Self { places: Semaphore::new(places), idle: Mutex::default() }
    }

    fn check_out(&self) -> Option<Process> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Keeps a child for the next poll: one is enough, each takes memory.
    fn put_back(&self, process: Process) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(process);
    }
}

/// Runs programs. One for all sources of a configuration.
///
/// Those that were quick never wait for those that were slow, nor for new ones, of which nobody knows.
#[derive(Debug)]
pub struct Evaluator {
    /// By [`Pace`].
    lanes: [Lane; 3],
    paces: Mutex<HashMap<String, Pace>>,
    /// The texts of programs that are not run again.
    broken: Mutex<HashSet<String>>,
    clock: Clock,
}

impl Default for Evaluator {
    fn default() -> Self {
        Self {
            lanes: [Lane::new(4), Lane::new(1), Lane::new(2)],
            paces: Mutex::default(),
            broken: Mutex::default(),
            clock: Clock::start(),
        }
    }
}

/// Why a batch gave nothing.
enum Lost {
    /// The child ended, or did not answer in time.
    Crashed,
    /// It took longer than a quick program does, and was ended.
    Late,
    /// There is no child to ask, or it refuses the document.
    Refused(String),
}

impl Evaluator {
    /// Runs every program on the document.
    pub async fn run(&self, programs: &[&Expression], document: &Arc<Value>) -> Vec<Outputs> {
        let mut outputs: Vec<Option<Outputs>> =
            programs.iter().map(|program| self.at_once(program, document)).collect();
        // Where a program breaks, those behind it are asked again: each round settles at least one, or finds a slow one.
        loop {
            let waiting: Vec<usize> = (0..outputs.len()).filter(|index| outputs[*index].is_none()).collect();
            if waiting.is_empty() {
                break;
            }
            // Those of the first one's pace: quick ones do not wait for slow ones beside them.
            let pace = self.pace(programs[waiting[0]].text());
            let waiting: Vec<usize> =
                waiting.into_iter().filter(|index| self.pace(programs[*index].text()) == pace).collect();
            let texts: Vec<&str> = waiting.iter().map(|index| programs[*index].text()).collect();
            for (index, found) in waiting.into_iter().zip(self.batch(&texts, document, pace).await) {
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

    fn pace(&self, program: &str) -> Pace {
        let paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        paces.get(program).copied().unwrap_or(Pace::New)
    }

    fn set_pace(&self, programs: &[&str], pace: Pace) {
        let mut paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        for program in programs {
            paces.insert((*program).to_owned(), pace);
        }
    }

    /// The outputs of the first of `programs`, which are of one pace, as far as the child came. None where the first is
    /// slower than was known: then its pace is another from now on.
    async fn batch(&self, programs: &[&str], document: &Value, pace: Pace) -> Vec<Outputs> {
        let mut asked = programs;
        let mut outcome = self.ask(asked, document, pace).await;
        if programs.len() > 1 && matches!(outcome, Err(Lost::Crashed | Lost::Late)) {
            // Any of them may have been the one: each alone tells.
            asked = &programs[..1];
            outcome = self.ask(asked, document, pace).await;
        }
        match outcome {
            Err(Lost::Late) => {
                self.set_pace(asked, Pace::Slow);
                Vec::new()
            }
            Ok(answers) if answers.is_empty() => vec![Err(self.mark(programs[0], HUNG))],
            Ok(answers) => {
                answers.into_iter().zip(programs).map(|(answer, program)| self.outputs(program, answer)).collect()
            }
            Err(Lost::Crashed) => vec![Err(self.mark(programs[0], CRASHED))],
            Err(Lost::Refused(why)) => programs.iter().map(|_| Err(JqError::Raised(why.clone()))).collect(),
        }
    }

    /// Asks a child of the programs' pace, which is started if none is idle.
    async fn ask(&self, programs: &[&str], document: &Value, pace: Pace) -> Result<Vec<Answer>, Lost> {
        let request = Request::encode(programs, document).map_err(Lost::Refused)?;
        let lane = &self.lanes[pace as usize];
        // Never closed.
        let _place = lane.places.acquire().await.ok();
        // One that was idle may have been killed meanwhile, by a person or for want of memory: not the program's fault.
        let mut kept = lane.check_out();
        loop {
            let reused = kept.is_some();
            // Out of its place while it is asked: where the poll is dropped halfway, the child goes with it.
            let mut process = match kept.take() {
                Some(process) => process,
                None => Process::start().map_err(Lost::Refused)?,
            };
            let started = self.clock.now();
            match process.ask(&request, (pace != Pace::Slow).then_some(QUICK)).await {
                Some(Answered::Late) => return Err(Lost::Late),
                Some(Answered::Replied(Reply::Done(answers))) => {
                    lane.put_back(process);
                    // A slow one is quick again when there is no doubt.
                    if pace == Pace::New || self.clock.now().since(started) < QUICK / 2 {
                        self.set_pace(programs, Pace::Quick);
                    }
                    return Ok(answers);
                }
                // The child ends itself after that.
                Some(Answered::Replied(Reply::Hung(answers))) => return Ok(answers),
                Some(Answered::Replied(Reply::Refused(why))) => {
                    lane.put_back(process);
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
