//! The pictures in the README show what the program shows: each is made again and compared.
#![expect(clippy::disallowed_methods, reason = "the pictures are files")]

use std::path::Path;
use std::process::Command;

#[test]
fn every_screenshot_is_current() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("screenshots");
    let list = std::fs::read_to_string(folder.join("list")).expect("screenshots/list is there");
    let mut stale = Vec::new();
    for line in list.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        let name = words.next().expect("a line begins with a name");
        let output = Command::new(env!("CARGO_BIN_EXE_opsroom"))
            .arg("snapshot")
            .args(words)
            .args(["--seed", "1", "--format", "svg"])
            .env_remove("NO_COLOR")
            .output()
            .expect("the program starts");
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        if std::fs::read(folder.join(format!("{name}.svg"))).ok().as_deref() != Some(&output.stdout[..]) {
            stale.push(name.to_owned());
        }
    }
    assert!(stale.is_empty(), "run screenshots/make: {} differ from what the program draws", stale.join(", "));
}

#[test]
fn a_frame_has_no_colours_where_none_are_wanted() {
    let frame = |no_color: Option<&str>, more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_opsroom"));
        command.args(["snapshot", "overview", "--seed", "1", "--format", "ansi"]).args(more).env_remove("NO_COLOR");
        command.envs(no_color.map(|value| ("NO_COLOR", value)));
        String::from_utf8(command.output().expect("the program starts").stdout).expect("a frame is text")
    };
    let coloured = frame(None, &[]);
    let plain = frame(None, &["--no-color"]);
    assert!(coloured.contains(";38;2;") && !plain.contains(";38;2;"), "{plain}");
    assert_eq!(frame(Some("1"), &[]), plain);
    assert_eq!(frame(Some(""), &[]), coloured);
}
