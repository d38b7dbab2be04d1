#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| faqbot_fuzz::read(data));
