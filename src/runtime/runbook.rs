//! Reading the section of a runbook that a screen shows.

use std::path::{Path, PathBuf};

use super::effects::Effects;
use super::tasks::Tasks;
use crate::files::bounded;
use crate::model::effect::{ConsoleEffect, Effect, RequestId};
use crate::model::outcome::Outcome;
use crate::text::redact::Redactor;
use crate::text::{SafeText, markdown};

/// Bytes of a runbook that are read at the most.
pub(super) const MOST: u64 = 1 << 20;

/// Reads the section that an effect asks for, at once: a single frame is drawn only when it is there.
pub(crate) fn answer(effect: &Effect, redactor: &Redactor) -> Option<Outcome> {
    let Effect::Console(ConsoleEffect::ReadRunbook { request, path, section }) = effect else { return None };
    Some(Outcome::Runbook { request: *request, text: read(path, section, redactor) })
}

impl Effects {
    /// Reads the section under a heading, and answers with its lines.
    pub(super) fn read_runbook(&self, tasks: &mut Tasks, request: RequestId, path: PathBuf, section: String) {
        let mut tools = self.tools.clone();
        tasks.once("the runbook", async move {
            let secrets = tools.secrets_handle.secrets().await;
            let read = tokio::task::spawn_blocking(move || read(&path, &section, &Redactor::from(&*secrets)));
            if let Ok(text) = read.await {
                tools.answer(Outcome::Runbook { request, text }).await;
            }
        });
    }
}

/// The lines of a section, without secrets. What a file says comes from outside: it is made safe line by line.
fn read(path: &Path, section: &str, redactor: &Redactor) -> Result<Vec<SafeText>, SafeText> {
    let received = bounded::read_regular(path, MOST)
        .map_err(|error| SafeText::new(&format!("the runbook {error}: {}", path.display())))?;
    let text = redactor.redact(&String::from_utf8_lossy(&received.bytes)).into_owned();
    let lines: Vec<SafeText> = text.lines().map(SafeText::new).collect();
    markdown::section(&lines, section)
        .map(<[SafeText]>::to_vec)
        .ok_or_else(|| SafeText::new(&format!("the runbook has no heading `#{section}`: {}", path.display())))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "a runbook is a file")]

    use super::*;

    #[test]
    fn a_section_is_read_or_why_it_is_not() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("RUNBOOK.md");
        let read = |section: &str| {
            let read = read(&path, section, &Redactor::default());
            read.map(|lines| lines.iter().map(ToString::to_string).collect::<Vec<_>>()).map_err(|why| why.to_string())
        };
        let why = read("").unwrap_err();
        assert!(why.starts_with("the runbook does not exist: /") && why.ends_with("RUNBOOK.md"), "{why}");
        std::fs::create_dir(&path).unwrap();
        assert!(read("").unwrap_err().starts_with("the runbook is a directory, not a regular file: "));
        std::fs::remove_dir(&path).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).unwrap();
        assert!(read("").unwrap_err().starts_with("the runbook is a pipe, not a regular file: "));
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "# A\none\u{1b}[2J\n# B\ntwo\n").unwrap();
        assert_eq!(read("b"), Ok(vec!["# B".to_owned(), "two".to_owned()]));
        assert!(!read("a").unwrap()[1].contains('\u{1b}'), "what a file says moves no cursor");
        assert!(read("c").unwrap_err().starts_with("the runbook has no heading `#c`: "));
    }
}
