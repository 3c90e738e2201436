//! Running jq programs: off the loop, on a big stack, with a deadline.
//!
//! Simple programs are evaluated where they are asked for. The others go to one long-lived thread. jaq has no way to
//! interrupt a program, so a thread that misses its deadline is left to itself and another is started; the program
//! that it hangs in is broken from then on, until the configuration changes.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::oneshot;

use crate::model::expression::{Expression, RunError};

/// How long one batch of programs may take. They take microseconds; this is for the one that hangs.
const DEADLINE: Duration = Duration::from_secs(1);
/// Deep documents and long reductions recurse; only what is touched costs memory.
const STACK: usize = 64 << 20;

/// Why a program gave no outputs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JqError {
    /// The program raised an error on this document.
    #[error("{0}")]
    Raised(String),
    /// The program hung, crashed or exceeded a bound; it is not run again until the configuration changes.
    #[error("the program {0}; it is not run again until the configuration changes")]
    Broken(String),
}

/// The outputs of one program, or why there are none.
pub type Outputs = Result<Vec<Value>, JqError>;

struct Job {
    programs: Vec<Expression>,
    document: Arc<Value>,
    /// How many programs are done: tells which one hangs.
    done: Arc<AtomicUsize>,
    reply: oneshot::Sender<Vec<Result<Vec<Value>, RunError>>>,
}

/// Runs programs. One for all sources of a configuration.
#[derive(Debug, Default)]
pub struct Evaluator {
    thread: tokio::sync::Mutex<Option<mpsc::Sender<Job>>>,
    broken: Mutex<HashSet<String>>,
}

impl Evaluator {
    /// Runs every program on the document.
    pub async fn run(&self, programs: &[&Expression], document: &Arc<Value>) -> Vec<Outputs> {
        let mut outputs: Vec<Option<Outputs>> =
            programs.iter().map(|program| self.at_once(program, document)).collect();
        loop {
            let waiting: Vec<usize> = (0..outputs.len()).filter(|index| outputs[*index].is_none()).collect();
            if waiting.is_empty() {
                break;
            }
            let batch = waiting.iter().map(|index| programs[*index].clone()).collect();
            self.batch(batch, document, &waiting, &mut outputs).await;
        }
        outputs.into_iter().flatten().collect()
    }

    /// What needs no thread: simple programs, and those that are known to be broken.
    fn at_once(&self, program: &Expression, document: &Value) -> Option<Outputs> {
        if program.simple().is_some() {
            return Some(program.run(document).map_err(|error| JqError::Raised(error.to_string())));
        }
        let broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner).contains(program.text());
        broken.then(|| Err(JqError::Broken("did not end well before".to_owned())))
    }

    /// Runs a batch on the thread. Where one program hangs or crashes, it is marked and the ones that were behind it
    /// stay open for the next batch.
    async fn batch(
        &self,
        programs: Vec<Expression>,
        document: &Arc<Value>,
        waiting: &[usize],
        outputs: &mut [Option<Outputs>],
    ) {
        let mut thread = self.thread.lock().await;
        let (reply, answer) = oneshot::channel();
        let done = Arc::new(AtomicUsize::new(0));
        let texts: Vec<String> = programs.iter().map(|program| program.text().to_owned()).collect();
        let job = Job { programs, document: Arc::clone(document), done: Arc::clone(&done), reply };
        if let Err(why) = hand_over(&mut thread, job) {
            for index in waiting {
                outputs[*index] = Some(Err(JqError::Raised(why.clone())));
            }
            return;
        }
        let why = match tokio::time::timeout(DEADLINE, answer).await {
            Ok(Ok(results)) => {
                for ((index, result), text) in waiting.iter().zip(results).zip(&texts) {
                    outputs[*index] = Some(result.map_err(|error| self.judge(text, error)));
                }
                return;
            }
            Ok(Err(_)) => "crashed",
            Err(_) => "did not end within a second",
        };
        *thread = None;
        let culprit = done.load(Ordering::Acquire).min(waiting.len() - 1);
        outputs[waiting[culprit]] = Some(Err(self.mark(&texts[culprit], why)));
    }

    fn judge(&self, text: &str, error: RunError) -> JqError {
        match error {
            RunError::Raised(why) => JqError::Raised(why),
            RunError::Exceeded(why) => self.mark(text, why.trim_start_matches("the program ")),
        }
    }

    fn mark(&self, text: &str, why: &str) -> JqError {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner).insert(text.to_owned());
        JqError::Broken(why.to_owned())
    }
}

/// Gives a job to the thread, which is started where there is none (any more).
fn hand_over(thread: &mut Option<mpsc::Sender<Job>>, job: Job) -> Result<(), String> {
    let job = match thread {
        Some(sender) => match sender.send(job) {
            Ok(()) => return Ok(()),
            Err(mpsc::SendError(job)) => job,
        },
        None => job,
    };
    let (sender, jobs) = mpsc::channel();
    std::thread::Builder::new()
        .name("jq".to_owned())
        .stack_size(STACK)
        .spawn(move || work(&jobs))
        .map_err(|error| format!("no thread to run jq on: {error}"))?;
    let sent = sender.send(job).map_err(|_| "the jq thread ended at once".to_owned());
    *thread = Some(sender);
    sent
}

/// Ends when the sender is gone: with the evaluator, or after this thread was given up.
fn work(jobs: &mpsc::Receiver<Job>) {
    while let Ok(job) = jobs.recv() {
        let results = job
            .programs
            .iter()
            .map(|program| {
                let result = program.run(&job.document);
                job.done.fetch_add(1, Ordering::Release);
                result
            })
            .collect();
        // Nobody waits any more where the deadline has passed.
        let _ = job.reply.send(results);
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
        assert!(matches!(&outputs[1], Err(JqError::Broken(why)) if why.contains("second")), "{:?}", outputs[1]);
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
}
