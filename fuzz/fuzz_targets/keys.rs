#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| handleref_fuzz::parsers::keys(data));
