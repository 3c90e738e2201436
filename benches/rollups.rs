//! What roll-ups take: bytes of a bucket, the time of a minute and of an hour of 10,000 checks, the size of a store of
//! 100 checks. Prints figures; judges nothing.
//!
//! `cargo bench --bench rollups [checks…]`; `cargo bench --bench rollups -- store` for what a store of SQLite takes in time
//! and room, beside the room that it may take (the same in a build without optimisation: `--profile dev`); `cargo bench --bench rollups -- generate DIRECTORY` for a store with 14 days of minutes, 400 days of hours and
//! 200,000 facts of 100 checks, and a configuration that shows it; `cargo bench --bench rollups -- charts DIRECTORY` for what charts of
//! that store and the first frame beside it cost.
#![expect(clippy::print_stdout, reason = "figures for a person")]
#![expect(clippy::disallowed_methods, reason = "a stopwatch")]

#[path = "rollups/charts.rs"]
mod charts;
#[path = "rollups/store.rs"]
mod store;

use std::hint::black_box;
use std::time::Instant;

use opsroom::model::rollup::{Bucket, Pack, SeriesKey, Sheet, Width, pack_hour};
use opsroom::model::status::Status;

/// A sheet: each check polled four times, its latency lognormal around 63 ms.
fn sheet(minute: u32, checks: usize, random: &mut fastrand::Rng) -> Sheet {
    let buckets = (0..checks).map(|check| {
        let mut bucket = Bucket::default();
        for poll in 0..4 {
            let normal: f64 = (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
            bucket.measure(poll * 15 + (check % 15) as u8, (63.0 * (normal * 0.495).exp()).round());
        }
        bucket.stand(Status::Ok, 60_000, false);
        (SeriesKey::Check(format!("service{:03}.check{check:05}", check / 40).into()), bucket)
    });
    Sheet::new(minute, buckets.collect())
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let begin = Instant::now();
    let made = black_box(work());
    println!("{what:<40} {:>12.3} ms", begin.elapsed().as_secs_f64() * 1e3);
    made
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["store"] => store::figures(),
        ["generate", directory] => store::generate(directory.as_ref()),
        ["charts", directory] => store::charts(directory.as_ref()),
        _ => buckets(&words),
    }
}

fn buckets(words: &[String]) {
    let sizes = words.iter().filter_map(|word| word.parse().ok()).collect::<Vec<usize>>();
    for checks in if sizes.is_empty() { vec![100, 10_000] } else { sizes } {
        println!("--- {checks} checks");
        let mut random = fastrand::Rng::with_seed(7);
        let sheets: Vec<Sheet> = (0..60).map(|minute| sheet(minute, checks, &mut random)).collect();
        let encoded = timed("encode a minute", || sheets[0].encode());
        println!("{:<40} {:>12.2} B", "a minute in a sheet, each check", encoded.len() as f64 / checks as f64);
        timed("decode a minute", || Sheet::decode(0, &encoded).is_ok());
        let packs = timed("pack an hour", || pack_hour(0, sheets, |_| true));
        let encoded: Vec<Vec<u8>> = timed("encode the packs", || packs.values().map(Pack::encode).collect());
        let bytes: usize = encoded.iter().map(Vec::len).sum();
        println!("{:<40} {:>12.2} B", "a minute in a pack", bytes as f64 / (checks * 60) as f64);
        timed("decode the packs", || encoded.iter().all(|bytes| Pack::decode(Width::Minute, 0, bytes).is_ok()));
        let hours: Vec<Bucket> = timed("add them up", || packs.values().map(Pack::total).collect());
        let days = hours.into_iter().map(|hour| {
            let mut day = Pack::new(Width::Hour, 0);
            (0..24).for_each(|place| _ = day.add(place * 60, hour.clone()));
            day.encode().len()
        });
        let bytes: usize = days.sum();
        println!("{:<40} {:>12.2} B", "an hour in a pack", bytes as f64 / (checks * 24) as f64);
    }
}
