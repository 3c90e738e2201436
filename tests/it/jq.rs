//! Expressions that would take all time, memory or stack: they end, and nothing else ends with them.

#![expect(clippy::disallowed_methods, reason = "the tests read /proc and time a bound")]

use std::path::Path;
use std::sync::Arc;

use opsroom::lang::expression::Expression;
use opsroom::sources::jq::{Evaluator, JqError, use_program};
use serde_json::{Value, json};

use crate::support::alone::alone;

fn evaluator() -> Evaluator {
    use_program(Path::new(env!("CARGO_BIN_EXE_opsroom")).to_owned());
    Evaluator::default()
}

async fn run(evaluator: &Evaluator, program: &str, document: &Value) -> Result<Vec<Value>, JqError> {
    let program = Expression::compile(program).unwrap_or_else(|error| panic!("{program}: {error}"));
    evaluator.run(&[&program], &Arc::new(document.clone())).await.into_iter().next().expect("one for each program")
}

/// The processes that expressions of this test run in.
fn children() -> usize {
    let ours = std::process::id().to_string();
    let processes = Path::new("/proc").read_dir().expect("a Linux system").flatten();
    processes
        .filter(|entry| {
            let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            let mut fields = stat.rsplit(')').next().unwrap_or("").split_whitespace();
            let (state, parent) = (fields.next(), fields.next());
            parent == Some(ours.as_str()) && state != Some("Z")
        })
        .count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_takes_all_memory_stack_or_time_ends_and_the_next_one_runs() {
    if !alone("jq::what_takes_all_memory_stack_or_time_ends_and_the_next_one_runs") {
        return;
    }
    let evaluator = evaluator();
    let document = json!({"body": (0..300).collect::<Vec<_>>()});
    for program in [
        "[range(1000000000)] | length",
        "last(range(infinite))",
        "[limit(100000000; repeat(\"x\"))] | add | length",
        "0 | until(false; . + 1)",
        "[0 | recurse(. + 1)] | length",
        "\"x\" * 1000000000 | length",
        "\"x\" * 1000000000 * 10 | @base64 | length",
        "reduce range(40) as $i (\"x\"; . + .) | length",
        "reduce range(60) as $i ([1]; [., .]) | tojson | length",
        "reduce range(60) as $i ([1]; [., .]) | flatten | length",
        "reduce range(30000) as $i (1; [.]) | tojson | length",
        "reduce range(30000) as $i (1; [.]) == reduce range(30000) as $i (2; [.])",
        "reduce range(30000) as $i (1; [.]) | walk(.) | tojson",
        "reduce range(60) as $i ([1]; [., .]) | [..] | length",
        "[.body[] as $a | .body[] as $b | .body[] as $c | .body[] as $d | 1] | length",
        "[.body[] as $a | .body[] as $b | .body[] as $c | .body[] as $d | \"y\" * 100] | length",
        "[.body | combinations(4)] | length",
        "\"x\" * 1000000 | [splits(\"x\")] | map(. * 100000) | length",
        "\"x\" * 10000000 | [scan(\"(x*)*y\")] | length",
    ] {
        let Ok(compiled) = Expression::compile(program) else { continue };
        let outputs = evaluator.run(&[&compiled], &Arc::new(document.clone())).await;
        // Some of these are within the bounds on a fast machine; what matters is that all of them end.
        if let Err(error) = &outputs[0] {
            assert!(matches!(error, JqError::Broken(_) | JqError::Raised(_)), "{program}: {error}");
        }
        assert_eq!(run(&evaluator, "[1, 2] | add", &document).await, Ok(vec![json!(3)]), "after {program}");
    }
    // One that was killed with gigabytes is gone when the system has taken them back.
    wait_for_children(1, "what was given up has ended; one child is kept").await;
    drop(evaluator);
    wait_for_children(0, "the child outlives its evaluator").await;
}

async fn wait_for_children(count: usize, otherwise: &str) {
    for _ in 0..200 {
        if children() == count {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{otherwise}: {} children", children());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_one_that_crashes_is_found_among_several() {
    let evaluator = evaluator();
    let programs = [".a + 1", "reduce range(60) as $i ([1]; [., .]) | tojson | length", ".a + 2"];
    let programs: Vec<Expression> = programs.iter().map(|text| Expression::compile(text).expect("a program")).collect();
    let outputs = evaluator.run(&programs.iter().collect::<Vec<_>>(), &Arc::new(json!({"a": 1}))).await;
    assert_eq!(outputs[0], Ok(vec![json!(2)]));
    assert!(matches!(&outputs[1], Err(JqError::Broken(_))), "{:?}", outputs[1]);
    assert_eq!(outputs[2], Ok(vec![json!(3)]));
    // Not tried again.
    let again = evaluator.run(&[&programs[1]], &Arc::new(json!({}))).await;
    assert_eq!(again[0], Err(JqError::Broken("failed before".to_owned())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_that_was_killed_while_idle_is_replaced_without_blame() {
    if !alone("jq::a_child_that_was_killed_while_idle_is_replaced_without_blame") {
        return;
    }
    let evaluator = evaluator();
    let document = json!({"a": 1});
    assert_eq!(run(&evaluator, ".a + 1", &document).await, Ok(vec![json!(2)]));
    let ours = std::process::id();
    let tasks = format!("/proc/{ours}/task");
    for task in Path::new(&tasks).read_dir().expect("our threads").flatten() {
        let listed = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
        for child in listed.split_whitespace() {
            std::process::Command::new("kill").args(["-KILL", child]).status().expect("kill");
        }
    }
    assert_eq!(run(&evaluator, ".a + 2", &document).await, Ok(vec![json!(3)]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn expressions_see_nothing_but_the_document() {
    let evaluator = evaluator();
    for program in [
        "env",
        "$ENV.HOME",
        "input",
        "[inputs]",
        "debug",
        "halt",
        "halt_error",
        "def f: f; f",
        "input_line_number",
        "stderr",
    ] {
        assert!(Expression::compile(program).is_err(), "{program}");
    }
    assert!(run(&evaluator, "now | floor", &json!({})).await.is_ok());
    assert_eq!(run(&evaluator, "error(\"boom\")", &json!({})).await, Err(JqError::Raised("boom".to_owned())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quick_expressions_do_not_wait_for_slow_ones() {
    let evaluator = Arc::new(evaluator());
    // Numbers without end: each of these takes all the time that it may.
    let slow = |number: usize| format!("[.[] as $a | .[] as $b | .[] as $c | .[] as $d | {number}] | length");
    let list = json!((0..300).collect::<Vec<_>>());
    assert_eq!(run(&evaluator, "length + 1", &list).await, Ok(vec![json!(301)]));
    let slow: Vec<_> = (0..12)
        .map(|number| {
            let (evaluator, program, list) = (Arc::clone(&evaluator), slow(number), list.clone());
            tokio::spawn(async move { run(&evaluator, &program, &list).await })
        })
        .collect();
    // The slow ones need twelve times their deadline in two places; the quick one and a new one are among the first.
    for (program, answer) in [("length + 1", 301), ("length + 2", 302)] {
        assert_eq!(run(&evaluator, program, &list).await, Ok(vec![json!(answer)]));
        let done = slow.iter().filter(|task| task.is_finished()).count();
        assert!(done < slow.len() / 2, "{program} waited for {done} slow ones");
    }
    for task in slow {
        assert!(matches!(task.await, Ok(Err(JqError::Broken(_)))));
    }
}
