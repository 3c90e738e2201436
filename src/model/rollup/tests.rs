use std::f64::consts::TAU;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::model::status::Status;

const STATUSES: [Status; 6] =
    [Status::Ok, Status::Degraded, Status::Down, Status::Unknown, Status::Pending, Status::Cold];

/// What happened in a minute.
#[derive(Debug, Clone)]
enum Input {
    Value(u8, f64),
    Corrected(u8, f64),
    Stood(Status, u64, bool),
    StoodPlanned(Status, u64, bool),
}

fn taken(inputs: &[Input], mut bucket: Bucket) -> Bucket {
    for input in inputs {
        match input {
            Input::Value(second, value) => bucket.measure(*second, *value),
            Input::Corrected(second, value) => bucket.correct(*second, *value),
            Input::Stood(status, ms, failed) => bucket.stand(*status, *ms, *failed),
            Input::StoodPlanned(status, ms, failed) => bucket.stand_in_maintenance(*status, *ms, *failed),
        }
    }
    bucket
}

/// Whole numbers add up exactly, in any order.
fn whole() -> impl Strategy<Value = f64> {
    prop_oneof![0..60_001_i32, -20..20_i32].prop_map(f64::from)
}

fn any_value() -> impl Strategy<Value = f64> {
    prop_oneof![whole(), (-9_999..9_999_i32).prop_map(|value| f64::from(value) / 100.0), any::<f64>()]
}

fn inputs(values: impl Strategy<Value = f64>, most: usize) -> impl Strategy<Value = Vec<Input>> {
    let input = (0..9_u8, 0..60_u8, values, 0..6_usize, 0..60_001_u64, any::<bool>());
    vec(
        input.prop_map(|(kind, second, value, status, ms, failed)| match kind {
            0 => Input::Stood(STATUSES[status], ms, failed),
            1 => Input::Corrected(second, value),
            2 => Input::StoodPlanned(STATUSES[status], ms, failed),
            _ => Input::Value(second, value),
        }),
        0..most,
    )
}

fn bucket() -> impl Strategy<Value = Bucket> {
    (inputs(any_value(), 40), any::<bool>())
        .prop_map(|(inputs, sum)| taken(&inputs, if sum { Bucket::sum_of_none() } else { Bucket::default() }))
}

fn series() -> impl Strategy<Value = SeriesKey> {
    ("[a-z][A-Za-z0-9_.-]{0,63}", any::<bool>())
        .prop_map(|(name, check)| if check { SeriesKey::Check(name.into()) } else { SeriesKey::Metric(name.into()) })
}

fn pack(width: Width, first: u32, buckets: Vec<(u32, Bucket)>) -> Pack {
    let mut pack = Pack::new(width, first);
    for (place, bucket) in buckets {
        assert!(pack.add(pack.first_minute() + place * width.minutes(), bucket));
    }
    pack
}

proptest! {
    #[test]
    fn it_does_not_matter_where_and_in_which_order_a_minute_was_seen(
        (inputs, shuffled) in inputs(whole(), 60).prop_flat_map(|inputs| (Just(inputs.clone()), Just(inputs).prop_shuffle())),
        cuts in (0..60_usize, 0..60_usize),
    ) {
        let together = taken(&inputs, Bucket::default());
        prop_assert_eq!(&taken(&shuffled, Bucket::default()), &together);
        let (one, two) = (cuts.0.min(cuts.1).min(inputs.len()), cuts.0.max(cuts.1).min(inputs.len()));
        let [a, b, c] = [&shuffled[..one], &shuffled[one..two], &shuffled[two..]].map(|part| taken(part, Bucket::default()));
        let mut left = a.clone();
        left.merge(&b);
        left.merge(&c);
        let mut right = c;
        right.merge(&b);
        right.merge(&a);
        prop_assert_eq!(&left, &together);
        prop_assert_eq!(&right, &together);
    }

    #[test]
    fn minutes_make_exactly_their_hour(minutes in vec((0..60_u32, inputs(whole(), 30)), 1..20)) {
        let all: Vec<Input> = minutes.iter().flat_map(|(_, inputs)| inputs.clone()).collect();
        let hour = pack(Width::Minute, 0, minutes.iter().map(|(at, inputs)| (*at, taken(inputs, Bucket::default()))).collect());
        prop_assert_eq!(hour.total(), taken(&all, Bucket::sum_of_none()));
    }

    #[test]
    fn any_values_add_up_but_for_the_last_digits(minutes in vec(vec(any_value(), 0..20), 1..10)) {
        let (mut merged, mut all) = (Bucket::sum_of_none(), Bucket::sum_of_none());
        for value in minutes.iter().flatten() {
            all.measure(0, *value);
        }
        for values in minutes.iter().rev() {
            let mut minute = Bucket::default();
            for value in values {
                minute.measure(0, *value);
            }
            merged.merge(&minute);
        }
        let size: f64 = minutes.iter().flatten().map(|value| value.abs().min(f64::from(f32::MAX))).sum();
        prop_assert!((merged.sum() - all.sum()).abs() <= size * 1e-12);
        prop_assert_eq!((merged.count(), merged.bounds(), merged.percentile(0.9)), (all.count(), all.bounds(), all.percentile(0.9)));
    }

    #[test]
    fn percentiles_are_near_those_of_all_values(mut values in vec(any_value().prop_filter("finite", |value| value.is_finite()), 1..60), quantile in 0.0..=1.0_f64) {
        let mut bucket = Bucket::default();
        for value in &values {
            bucket.measure(0, *value);
        }
        values.sort_unstable_by(f64::total_cmp);
        let exact = values[((quantile * values.len() as f64).ceil() as usize).clamp(1, values.len()) - 1].clamp(f64::from(f32::MIN), f64::from(f32::MAX));
        let told = bucket.percentile(quantile).unwrap();
        let off = if values.len() <= 15 { 1e-7 } else { 0.0626 };
        // Below the smallest normal float all is nothing.
        prop_assert!((told - exact).abs() <= exact.abs() * off + 1e-37, "{told} for {exact}");
    }

    #[test]
    fn packs_come_back(hours in any::<bool>(), first in any::<u32>(), buckets in vec((0..24_u32, bucket()), 0..12), cut in any::<Index>()) {
        let width = if hours { Width::Hour } else { Width::Minute };
        let pack = pack(width, first.min(u32::MAX - 2_000), buckets);
        let encoded = pack.encode();
        prop_assert_eq!(Pack::decode(width, pack.first_minute(), &encoded).unwrap(), pack);
        prop_assert!(Pack::decode(width, 0, &encoded[..cut.index(encoded.len())]).is_err());
    }

    #[test]
    fn sheets_come_back(minute in any::<u32>(), buckets in vec((series(), bucket()), 0..12), cut in any::<Index>()) {
        let sheet = Sheet::new(minute, buckets);
        let encoded = sheet.encode();
        prop_assert_eq!(&Sheet::decode(minute, &encoded).unwrap(), &sheet);
        for (series, bucket) in sheet.buckets() {
            prop_assert_eq!(sheet.get(series), Some(bucket));
        }
        prop_assert!(Sheet::decode(minute, &encoded[..cut.index(encoded.len())]).is_err());
    }

    #[test]
    fn hostile_bytes_are_an_error(noise in vec(any::<u8>(), 0..300)) {
        let versioned: Vec<u8> = std::iter::once(1).chain(noise.iter().copied()).collect();
        for bytes in [&noise, &versioned] {
            for width in [Width::Minute, Width::Hour] {
                if let Ok(pack) = Pack::decode(width, 0, bytes) {
                    prop_assert_eq!(Pack::decode(width, 0, &pack.encode()), Ok(pack));
                }
            }
            if let Ok(sheet) = Sheet::decode(0, bytes) {
                prop_assert_eq!(Sheet::decode(0, &sheet.encode()), Ok(sheet));
            }
        }
    }

    #[test]
    fn damaged_bytes_are_an_error_or_other_buckets(
        buckets in vec((series(), bucket()), 1..8), damage in vec((any::<Index>(), any::<u8>()), 1..4),
    ) {
        let minutes = buckets.iter().zip(0..).map(|((_, bucket), place)| (place, bucket.clone())).collect();
        let encoded = [pack(Width::Minute, 0, minutes).encode(), Sheet::new(0, buckets).encode()];
        let [pack, sheet] = encoded.map(|mut bytes| {
            for (at, byte) in &damage {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            bytes
        });
        if let Ok(pack) = Pack::decode(Width::Minute, 0, &pack) {
            for (_, bucket) in pack.buckets() {
                bucket.percentile(0.5);
            }
            pack.total();
        }
        if let Ok(sheet) = Sheet::decode(0, &sheet) {
            for (_, bucket) in sheet.buckets() {
                bucket.percentile(0.5);
            }
        }
    }
}

#[test]
fn few_bytes_never_ask_for_much_memory() {
    let mut most = 0;
    // A sheet of names that share all but a letter, then runs that are as long as can be said.
    let mut bytes = vec![1, 60];
    for name in 0..60_u8 {
        let written = format!("check:{}", char::from(b'A' + name));
        let written = if name == 0 { written.as_str() } else { &written[6..] };
        bytes.extend([if name == 0 { 0 } else { 6 }, written.len() as u8]);
        bytes.extend(written.as_bytes());
    }
    for tail in [&[0x80_u8, 0x02, 1, 30, 0, 58][..], &[0x80, 0x04, 0, 2, 0, 58, 0, 0xf0, 0x1f, 0, 58]] {
        let mut bytes = bytes.clone();
        bytes.extend(tail);
        if let Ok(sheet) = Sheet::decode(0, &bytes) {
            most = most.max(sheet.buckets().map(|(_, bucket)| bucket.count()).sum());
        }
    }
    assert!(most <= 60 * 15, "{most}");
}

#[test]
fn names_that_no_configuration_gives_are_no_series() {
    for name in
        ["check:", "check:a b", "check:\u{1b}[31m", "other:a", "check", ":a", &format!("metric:{}", "a".repeat(65))]
    {
        assert_eq!(SeriesKey::parse(name), None, "{name:?}");
    }
    let series = SeriesKey::parse("metric:queue.depth").unwrap();
    assert_eq!((series.to_string().as_str(), series), ("metric:queue.depth", SeriesKey::Metric("queue.depth".into())));
}

#[test]
fn later_versions_are_told_from_damage() {
    let mut later = Pack::new(Width::Hour, 0).encode();
    later[0] = 2;
    assert_eq!(Pack::decode(Width::Hour, 0, &later).unwrap_err().to_string(), "not a valid roll-up: unknown version");
}

#[test]
fn gaps_stay_gaps() {
    let mut seen = Bucket::default();
    seen.measure(10, 5.0);
    let pack = pack(Width::Minute, 600, vec![(3, seen.clone()), (59, seen.clone())]);
    assert_eq!(pack.buckets().map(|(minute, _)| minute).collect::<Vec<_>>(), [603, 659]);
    assert!(!Pack::new(Width::Minute, 600).add(660, seen.clone()) && !Pack::new(Width::Minute, 600).add(599, seen));
    assert_eq!(pack.total().count(), 2);
    assert_eq!(Bucket::default().percentile(0.5), None);
    assert_eq!(Bucket::sum_of_none().percentile(0.5), None);
    assert!(Bucket::sum_of_none().is_empty());
}

#[test]
fn an_hour_is_packed_by_series_from_its_sheets() {
    let [api, queue] = ["check:api", "metric:queue"].map(|series| SeriesKey::parse(series).unwrap());
    let sheets = |first: u32| {
        (first..first + 62).map(|minute| {
            let mut bucket = Bucket::default();
            bucket.measure(15, f64::from(minute));
            Sheet::new(minute, vec![(queue.clone(), bucket.clone()), (api.clone(), bucket)])
        })
    };
    let packs = pack_hour(125, sheets(119), |_| true);
    assert_eq!(packs.keys().collect::<Vec<_>>(), [&api, &queue]);
    let total = packs[&api].total();
    assert_eq!((total.count(), total.bounds(), packs[&api].first_minute()), (60, Some((120.0, 179.0)), 120));
    assert_eq!(pack_hour(125, sheets(119), |series| *series == queue).len(), 1);
    assert!(pack_hour(600, sheets(119), |_| true).is_empty());
}

/// A check at 15 s: mostly ok; latencies lognormal between 20 and 200 ms for 98 of 100, or flat.
fn real(hours: u32, random: &mut fastrand::Rng, flat: bool) -> Vec<Pack> {
    let mut down = 0_u32;
    (0..hours)
        .map(|hour| {
            let mut pack = Pack::new(Width::Minute, hour * 60);
            for minute in hour * 60..(hour + 1) * 60 {
                let mut bucket = Bucket::default();
                if random.f64() < 0.001 {
                    down = random.u32(1..20);
                }
                for poll in 0..4 {
                    let normal = (-2.0 * random.f64().max(1e-9).ln()).sqrt() * (TAU * random.f64()).cos();
                    let latency = if flat { 5.0 } else { (63.0 * (normal * 0.495).exp()).round() };
                    bucket.measure(poll * 15 + 3, latency);
                }
                if down > 0 {
                    down -= 1;
                    bucket.stand(Status::Down, random.u64(1..60_001), true);
                }
                let rest = 60_000 - bucket.standing_ms(Status::Down);
                bucket.stand(Status::Ok, rest, false);
                pack.add(minute, bucket);
            }
            pack
        })
        .collect()
}

#[test]
fn roll_ups_are_small_enough_for_a_year() {
    let mut random = fastrand::Rng::with_seed(7);
    for flat in [false, true] {
        let (days, mut minutes, mut hours) = (20, 0, 0);
        for day in 0..days {
            let mut of_day = Pack::new(Width::Hour, day * 1_440);
            for pack in real(24, &mut random, flat) {
                minutes += pack.encode().len();
                of_day.add(of_day.first_minute() + pack.first_minute(), pack.total());
            }
            hours += of_day.encode().len();
        }
        let each = |bytes: usize, buckets: u32| bytes as f64 / f64::from(buckets);
        let (minute, hour) = (each(minutes, days * 1_440), each(hours, days * 24));
        // A row of the database takes some 60 bytes more: one a minute and three an hour.
        assert!(minute + 1.0 <= 14.0 && hour + 3.0 <= 60.0, "{minute:.2} B a minute, {hour:.2} B an hour");
    }
}
