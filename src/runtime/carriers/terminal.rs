//! Effects on the terminal.

use crate::model::effect::TerminalEffect;
use crate::process::job;
use crate::runtime::frames::Urgency;
use crate::runtime::identity::Identity;
use crate::runtime::lifecycle::Console;
use crate::runtime::pager::PagerText;

impl Console {
    pub(in crate::runtime) fn execute(&mut self, effect: TerminalEffect) {
        match effect {
            TerminalEffect::Suspend if job::can_be_continued() => self.suspend(true),
            TerminalEffect::Suspend => self.core.effects.fail("no shell to suspend to"),
            TerminalEffect::Redraw => {
                self.tty.forget();
                self.frames.ask(Urgency::Immediate, self.now().mono);
            }
            TerminalEffect::Title(title) => self.title = Some(title),
            TerminalEffect::Bell => self.bell = true,
            TerminalEffect::Signal(sequence) => self.tty.send(sequence.into_bytes()),
            TerminalEffect::Mouse(on) => self.tty.set_mouse(on),
            TerminalEffect::Copy(text) => self.copy(&text),
            TerminalEffect::CopySigned(text) => self.copy(&Identity::present().sign(&text)),
            TerminalEffect::CopyPath(path) => {
                self.send_to_clipboard(path.as_str());
            }
            TerminalEffect::SaveEvidence(logs) => self.save_evidence(logs),
            TerminalEffect::Page(text) => self.lend(PagerText::Ready(text)),
            TerminalEffect::PageFile { path, section } => self.lend(PagerText::File { path, section }),
        }
    }
}
