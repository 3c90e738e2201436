//! What one evaluation of an expression costs, with its way to the process that evaluates and back. Prints figures; judges
//! nothing.
//!
//! `cargo bench --bench jq`
#![expect(clippy::print_stdout, reason = "figures for a person")]
#![expect(clippy::disallowed_methods, reason = "a stopwatch")]

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use opsroom::lang::expression::Expression;
use opsroom::sources::jq::{Evaluator, use_program};
use serde_json::{Value, json};

/// Evaluations of each.
const TIMES: u32 = 1000;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    use_program(Path::new(env!("CARGO_BIN_EXE_opsroom")).to_owned());
    let evaluator = Evaluator::default();
    let small = Arc::new(json!({"status": 200, "body": {"a": [1, 2, 3], "error_rate": 0.5}}));
    let rows: Vec<Value> = (0..500).map(|n| json!({"id": n, "name": format!("row {n}"), "up": n % 2 == 0})).collect();
    let large = Arc::new(json!({"status": 200, "body": {"rows": rows}}));
    for (name, document, program) in [
        ("small", &small, ".body.a | length"),
        ("large", &large, "[.body.rows[] | select(.up)] | length"),
        ("simple", &small, ".body.error_rate > 5"),
    ] {
        let program = Expression::compile(program).expect("a program");
        evaluator.run(&[&program], document).await[0].as_ref().expect("an output");
        let before = Instant::now();
        for _ in 0..TIMES {
            evaluator.run(&[&program], document).await[0].as_ref().expect("an output");
        }
        println!("{name}: {:?} each", before.elapsed() / TIMES);
    }
}
