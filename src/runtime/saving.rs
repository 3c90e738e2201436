//! Files that a person asks for: one, or the evidence of a moment together. Written without the secrets in them.

use std::borrow::Cow;
use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::IgnoredAny;

use super::effects::Effects;
use super::identity::Identity;
use super::incidents::around;
use super::lifecycle::Console;
use super::tasks::Tasks;
use crate::actions::publish::{FileReaders, publish_beside};
use crate::actions::save::{save, save_together};
use crate::clock::Clock;
use crate::config::Config;
use crate::model::fact::incident::EvidenceFile;
use crate::model::outcome::Outcome;
use crate::model::thing::IncidentRecord;
use crate::report::evidence;
use crate::report::incident::{AuditHead, IncidentReport};
use crate::text::SafeText;
use crate::text::redact::Redactor;
use crate::ui::export::ExportFormat;

impl Console {
    /// Saves the frame that is shown in its three forms, with the logs and what is known, in one directory.
    pub(super) fn save_evidence(&mut self, logs: String) {
        let state = self.core.state();
        let theme = state.console.theme.clone();
        let title = format!("opsroom · {}", state.world.config.console.name);
        let mut files: Vec<(String, String)> = Vec::new();
        let shown = self.tty.shown().clone();
        for format in [ExportFormat::Svg, ExportFormat::Ansi, ExportFormat::Text] {
            let picture = self.painter.export(&theme, &shown, format, &title);
            files.push((format!("screen.{}", format.extension()), picture));
        }
        files.push(("logs.txt".to_owned(), logs));
        let by = Identity::present().to_string();
        let known = evidence::files(&self.core.state().world, &by);
        files.extend(known.into_iter().map(|(name, text)| (name.to_owned(), text)));
        let name = format!("evidence-{}", self.now().utc.format("%Y%m%dT%H%M%SZ"));
        self.core.save_evidence(name, files);
    }
}

impl Effects {
    /// Saves a file, and says where.
    pub(super) fn save_file(&self, tasks: &mut Tasks, name: String, text: String) {
        self.saving(tasks, move |directory, redactor| {
            save(directory, &name, redactor.redact(&text).as_bytes())
                .map(Outcome::Saved)
                .map_err(|error| not_saved(directory, &name, &error))
        });
    }

    /// Saves files in a directory of their own, and says where.
    pub(super) fn save_evidence(&self, tasks: &mut Tasks, name: String, files: Vec<(String, String)>) {
        self.saving(tasks, move |directory, redactor| {
            let masked: Vec<_> = files.iter().map(|(name, text)| (&**name, redactor.redact(text))).collect();
            let listed = masked.iter().map(|(name, text)| EvidenceFile::of(name, text)).collect();
            Ok(match save_together(directory, &name, &masked) {
                Ok(path) => Outcome::EvidenceSaved { path, files: listed },
                Err(error) => Outcome::EvidenceFailed(not_saved(directory, "the evidence", &error)),
            })
        });
    }

    /// Writes the report of an incident where `opsroom incident export --out` does, as Markdown and as JSON, and says where. What
    /// somebody edited there is not replaced, and where nothing can be written there it lies with what else is saved.
    /// Without the store what the record itself has is all there is.
    pub(super) fn save_incident(&self, tasks: &mut Tasks, record: IncidentRecord, config: Arc<Config>, clock: Clock) {
        let mut tools = self.tools.clone();
        tasks.once("saving", async move {
            let now = clock.now();
            let (around, head) = match tools.open_store() {
                Some(store) => {
                    // What can't be read now is no reason to be without a report.
                    let head = store.chain_head().await.unwrap_or_else(|error| {
                        tracing::warn!(%error, incident = %record.id, "the report is without the head of the audit log");
                        None
                    });
                    let around = around(&store, &config, &record, now).await.unwrap_or_else(|error| {
                        tracing::warn!(%error, incident = %record.id, "the report has what was copied before alone");
                        record.copied.clone()
                    });
                    (around, head)
                }
                None => (record.copied.clone(), None),
            };
            let head = head.map(|(seq, hash)| AuditHead { seq, hash });
            let redactor = Redactor::from(&*tools.secrets_handle.secrets().await);
            let state_directory = Arc::clone(&tools.state_directory);
            let write = move || -> Result<Outcome, SafeText> {
                let report = IncidentReport::new(&record, &around, &config, head, now.utc);
                let failed = |problem: &dyn Display| SafeText::new(&format!("the report was not written: {problem}"));
                let mut files = report.files().map_err(|error| failed(&error))?;
                for (extension, text) in &mut files {
                    let masked = mask(&redactor, &format!("{}.{extension}", record.id), text);
                    *text = masked.map_err(|why| failed(&why))?.into_owned();
                }
                let moment = now.utc.format("%Y%m%dT%H%M%SZ").to_string();
                write_report(&config.incident.directory, &state_directory, (&record.id, &moment), &files)
                    .map(Outcome::Saved)
                    .map_err(|error| failed(&format!("{error}; `[incident] directory` must be writable")))
            };
            if let Ok(saved) = tokio::task::spawn_blocking(write).await {
                tools.answer(saved.unwrap_or_else(Outcome::Failed)).await;
            }
        });
    }

    fn saving(
        &self,
        tasks: &mut Tasks,
        write: impl FnOnce(&Path, &Redactor) -> Result<Outcome, SafeText> + Send + 'static,
    ) {
        let mut tools = self.tools.clone();
        tasks.once("saving", async move {
            let secrets = tools.secrets_handle.secrets().await;
            let directory = Arc::clone(&tools.state_directory);
            let saved = tokio::task::spawn_blocking(move || write(&directory, &Redactor::from(&*secrets)));
            if let Ok(saved) = saved.await {
                tools.answer(saved.unwrap_or_else(Outcome::Failed)).await;
            }
        });
    }
}

/// Writes a report into the directory of the reports, else with what else is saved. Returns where its text lies.
///
/// # Errors
/// Why not into the first of them; then it is in neither.
fn write_report(
    directory: &Path,
    state_directory: &Path,
    (id, moment): (&str, &str),
    files: &[(&str, String)],
) -> io::Result<PathBuf> {
    let problem = match publish_beside(directory, FileReaders::Owner, (id, moment), files) {
        Ok(name) => return Ok(directory.join(format!("{name}.md"))),
        Err(problem) => problem,
    };
    tracing::warn!(%problem, "the report is saved in the state directory");
    let mut path = None;
    for (extension, text) in files {
        match save(state_directory, &format!("{id}.{extension}"), text.as_bytes()) {
            // The text is the last of them.
            Ok(saved) => path = Some(saved),
            Err(_) => return Err(problem),
        }
    }
    path.ok_or(problem)
}

/// A file without the secrets in it.
///
/// # Errors
/// It is JSON that the mask would make unreadable: a secret may be the digits of a number. In words.
fn mask<'a>(redactor: &Redactor, name: &str, text: &'a str) -> Result<Cow<'a, str>, String> {
    let masked = redactor.redact(text);
    let is_json = Path::new(name).extension().is_some_and(|extension| extension == "json");
    if is_json && matches!(masked, Cow::Owned(_)) && serde_json::from_str::<IgnoredAny>(&masked).is_err() {
        return Err(format!("{name} is not valid JSON once its secrets are masked: a secret is part of a number"));
    }
    Ok(masked)
}

fn not_saved(directory: &Path, what: &str, error: &io::Error) -> SafeText {
    let place = directory.join("saved");
    SafeText::new(&format!(
        "{what} was not saved: {error}; check that {} is writable and has free space",
        place.display()
    ))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "what was written is read as files")]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_mask_leaves_json_readable_or_nothing() {
        let redactor = Redactor::new(["12345678", "hunter22"]);
        let text = "{\"code\": 123456789, \"a\": \"b\"}";
        assert!(mask(&redactor, "x.json", text).unwrap_err().contains("x.json"));
        assert!(!mask(&redactor, "x.md", text).unwrap().contains("12345678"));
        let masked = mask(&redactor, "x.json", "{\"a\": \"hunter22\"}").unwrap();
        assert!(!masked.contains("hunter22"));
    }

    #[test]
    fn a_report_that_has_no_directory_lies_with_what_else_is_saved() {
        let room = tempfile::tempdir().unwrap();
        let state_directory = room.path().join("state");
        let files = [("json", "{}".to_owned()), ("md", "# INC-1".to_owned())];
        let directory = room.path().join("no/such/parent");
        let path = write_report(&directory, &state_directory, ("INC-1", "20261130T221500Z"), &files).unwrap();
        assert_eq!(path, state_directory.join("saved/INC-1.md"));
        assert_eq!(fs::read_to_string(path).unwrap(), "# INC-1");
        assert!(state_directory.join("saved/INC-1.json").is_file());
        fs::remove_dir_all(&state_directory).unwrap();
        fs::write(&state_directory, "in the way").unwrap();
        let refused = write_report(&directory, &state_directory, ("INC-1", "20261130T221500Z"), &files).unwrap_err();
        assert!(refused.to_string().contains("no/such/parent"), "{refused}");
    }
}
