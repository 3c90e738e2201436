#![no_main]

#[path = "../../tests/it/support/properties.rs"]
#[expect(dead_code, reason = "each target uses one property")]
mod properties;

libfuzzer_sys::fuzz_target!(|input: &str| properties::config(input));
