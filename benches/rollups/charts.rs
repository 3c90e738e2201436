//! What charts of a store of a year cost: to read them, and the first frame of a console beside it.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use opsroom::app::state::State;
use opsroom::config::load::load_text;
use opsroom::lang::time::Stamp;
use opsroom::model::rollup::{ChartQuery, SeriesKey};
use opsroom::store::Store;
use opsroom::store::address::StoreAddress;
use opsroom::store::place::StoreLocation;
use opsroom::theme::{Catalogue, ColorDepth, GlyphSet};
use opsroom::ui;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

const TIMES: usize = 9;
const DAY: u32 = 1_440;

/// The median of some times, in milliseconds.
fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn since(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1e3
}

/// Prints what charts of the store in a directory cost that `generate` made.
pub(super) async fn figures(directory: &Path, series: &[SeriesKey], now: DateTime<Utc>) {
    let place = StoreLocation {
        at: StoreAddress::File(directory.join("opsroom.db")),
        state: Some(directory.to_owned()),
        host: "bench".to_owned(),
    };
    let store = Store::open(&place).await.expect("a store");
    let minute = u32::try_from(now.timestamp() / 60).expect("before the year 10000");
    let mut hour_chart = 0.0;
    for (what, days, until) in
        [("a day of two weeks ago", 1, 13 * DAY), ("7d", 7, 0), ("30d", 30, 0), ("90d", 90, 0), ("400d", 400, 0)]
    {
        let mut times = Vec::new();
        let mut spans = 0;
        for (_, key) in (0..TIMES).zip(series.iter().cycle()) {
            let query = ChartQuery::new(key.clone(), minute - until - days * DAY, minute - until);
            let began = Instant::now();
            spans = store.chart(&query).await.expect("a store that can be read").len();
            times.push(since(began));
        }
        let took = median(times);
        hour_chart = if hour_chart == 0.0 { took } else { hour_chart };
        let ratio = took / hour_chart;
        println!("chart of {what:<24} {took:>9.2} ms, {spans:>5} spans, {ratio:>6.2} of the first");
    }
    let began = Instant::now();
    let (marks, _) = store.marks(now - TimeDelta::days(400)).await.expect("a store that can be read");
    println!("marks of 400 days {:>25.2} ms, {} of them", since(began), marks.len());
    let began = Instant::now();
    store.stored_readings(&series[..20], minute).await.expect("a store that can be read");
    println!("what 20 shown checks restore {:>14.2} ms", since(began));
    first_frame(directory, now);
    store.close().await;
}

/// From the text of the configuration to the cells of the first frame. What is stored is read after it.
fn first_frame(directory: &Path, now: DateTime<Utc>) {
    let path = directory.join("opsroom.toml");
    let styles = Catalogue::shipped().styles("midnight", ColorDepth::True, GlyphSet::UTF8);
    let area = Rect::new(0, 0, 120, 40);
    let paint = || {
        let began = Instant::now();
        let text = std::fs::read_to_string(&path).expect("a configuration");
        let config = load_text(&path, &text).config.expect("a valid configuration");
        let mono = Duration::from_millis(now.timestamp_millis().cast_unsigned());
        let state = State::new(Arc::new(config), Stamp { mono, utc: now }, (area.width, area.height));
        ui::view(&state, &styles, area, &mut Buffer::empty(area));
        since(began)
    };
    println!("first frame of 100 checks {:>17.2} ms", median((0..TIMES).map(|_| paint()).collect()));
}
