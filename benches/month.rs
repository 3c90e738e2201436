//! What a simulated month takes: 200 checks, polled once a minute for 30 days, with alerts, objectives and maintenance; what
//! comes of it is compared as in the tests. Prints figures.
//!
//! `cargo bench --bench month [checks] [days]`
#![expect(clippy::print_stdout, reason = "figures for a person")]
#![expect(clippy::disallowed_methods, reason = "a stopwatch")]

#[expect(unreachable_pub, reason = "the tests share it")]
#[path = "../tests/it/support/month.rs"]
mod month;

use std::time::Instant;

fn main() {
    let mut given = std::env::args().skip(1).filter_map(|argument| argument.parse().ok());
    let (checks, days) = (given.next().unwrap_or(200), given.next().unwrap_or(30));
    let began = Instant::now();
    let played = month::play(checks as usize, days, 2_000);
    let took = began.elapsed().as_secs_f64();
    println!("{checks} checks, {days} days: {took:.1} s");
    println!("{} readings, {:.2} µs each", played.readings, took * 1e6 / played.readings as f64);
    println!("{} facts, {} firings of checks", played.facts, played.firings);
}
