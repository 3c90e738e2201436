//! A process for one test.

use std::process::Command;

const ALONE: &str = "OPSROOM_TEST_ALONE";

/// Whether `test` is the only one of its process. Where it is not, it has passed in one of its own.
pub fn alone(test: &str) -> bool {
    let by_nextest = std::env::var_os("NEXTEST_EXECUTION_MODE").is_some_and(|mode| mode == "process-per-test");
    if by_nextest || std::env::var_os(ALONE).is_some() {
        return true;
    }
    let program = std::env::current_exe().expect("the tests are a program");
    let output = Command::new(program).args(["--exact", test]).env(ALONE, "1").output().expect("it starts again");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{test}: {said}");
    false
}
