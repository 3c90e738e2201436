//! A text in the person's own editor.

use std::io;
use std::os::fd::AsFd as _;
use std::path::PathBuf;

use crate::actions::files;
use crate::cli::run_service;
use crate::cli::span::Refusal;
use crate::process::Invocation;

/// Bytes of a handover that are read back at most.
const MOST: u64 = 256 << 10;

/// What a person made of a text in `$VISUAL`, `$EDITOR` or `vi`, and the file in which it stays until it is on record.
///
/// # Errors
/// What went wrong, and what to do. The text stays in the file that is named.
pub(super) async fn edited(text: &str) -> Result<(String, PathBuf), Refusal> {
    let Ok(state) = run_service::state_directory() else {
        return Err(("the state directory can't be used".to_owned(), "use --yes to offer the draft".to_owned()));
    };
    let path = state.join(format!("handover-{}.md", std::process::id()));
    let shown = path.display().to_string();
    files::write_whole(&path, text.as_bytes())
        .map_err(|error| (format!("can't write {shown}: {error}"), "use --yes to offer the draft".to_owned()))?;
    let editor = ["VISUAL", "EDITOR"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|editor| !editor.trim().is_empty()));
    let editor = editor.unwrap_or_else(|| "vi".to_owned());
    let failed = |problem: String| {
        let hint = format!("the draft is in {shown}; set EDITOR, or use --yes to offer the draft");
        (format!("the editor `{editor}` failed: {problem}"), hint)
    };
    // `$EDITOR` is a shell's word with options, by custom.
    let shell = Invocation::shell(&format!("{editor} \"$OPSROOM_HANDOVER\"")).in_our_environment();
    let shell = shell.env("OPSROOM_HANDOVER", &path);
    let keyboard = io::stdin().as_fd().try_clone_to_owned().map_err(|error| failed(error.to_string()))?;
    let mut child = shell.start_in_terminal(keyboard, None).map_err(|error| failed(error.to_string()))?;
    let status = child.ended().await.map_err(|error| failed(error.to_string()))?;
    if !status.success() {
        return Err(failed(status.to_string()));
    }
    let read = files::read_bounded(&path, MOST).map_err(|error| failed(format!("can't read {shown}: {error}")))?;
    let text = read.ok_or_else(|| failed(format!("{shown} is gone")))?;
    Ok((String::from_utf8_lossy(&text).into_owned(), path))
}
