//! Files that a person asks for: one, or the evidence of a moment together. Written without the secrets in them.

use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;

use super::effects::Effects;
use super::identity::Identity;
use super::incidents::around;
use super::lifecycle::Console;
use super::tasks::Tasks;
use crate::actions::publish::publish;
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

    /// Writes the report of an incident where `opsroom incident export --out` does, as Markdown and as JSON, and says where.
    /// Without the store what the record itself has is all there is.
    pub(super) fn save_incident(&self, tasks: &mut Tasks, record: IncidentRecord, config: Arc<Config>, clock: Clock) {
        let mut tools = self.tools.clone();
        tasks.once("saving", async move {
            let now = clock.now();
            let (around, head) = match tools.open_store() {
                Some(store) => {
                    let head = store.chain_head().await.ok().flatten();
                    (around(&store, &config, &record, now).await.unwrap_or_default(), head)
                }
                None => (record.copied.clone(), None),
            };
            let head = head.map(|(seq, hash)| AuditHead { seq, hash });
            let redactor = Redactor::from(&*tools.secrets_handle.secrets().await);
            let write = move || -> Result<Outcome, SafeText> {
                let report = IncidentReport::new(&record, &around, &config, head, now.utc);
                let failed = |problem: &dyn Display| SafeText::new(&format!("the report was not written: {problem}"));
                let json = report.json().map_err(|error| failed(&error))?;
                let name = format!("{}.md", record.id);
                let texts = [(format!("{}.json", record.id), json), (name.clone(), report.markdown())];
                let directory = &config.incident.directory;
                publish(directory, &texts.map(|(name, text)| (name, redactor.redact(&text).into_owned())))
                    .map_err(|error| failed(&format!("{error}; `[incident] directory` must be writable")))?;
                Ok(Outcome::Saved(directory.join(name)))
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

fn not_saved(directory: &Path, what: &str, error: &std::io::Error) -> SafeText {
    let place = directory.join("saved");
    SafeText::new(&format!(
        "{what} was not saved: {error}; check that {} is writable and has free space",
        place.display()
    ))
}
