//! Statuses, severities and marks: glyph, word and colour say the same.

use crate::model::alert::Severity;
use crate::model::status::Status;
use crate::theme::{GlyphSet, Role};
use crate::ui::line::Line;

/// Columns of a status in full: glyph, space, the longest word.
pub(crate) const FULL: u16 = 12;

/// The role of a status.
pub(crate) const fn role(status: Status) -> Role {
    match status {
        Status::Ok => Role::StatusOk,
        Status::Pending => Role::StatusPending,
        Status::Degraded => Role::StatusDegraded,
        Status::Down => Role::StatusDown,
        Status::Unknown => Role::StatusUnknown,
        Status::Cold => Role::StatusCold,
    }
}

pub(crate) const fn severity_role(severity: Severity) -> Role {
    match severity {
        Severity::Low => Role::SeverityLow,
        Severity::Medium => Role::SeverityMedium,
        Severity::High => Role::SeverityHigh,
        Severity::Critical => Role::SeverityCritical,
    }
}

/// Glyph and word; where it is stale, that instead: an old answer is neither up nor down. In fewer columns than
/// [`FULL`] the word is shortened, in fewer than six only the glyph is left.
pub(crate) fn label(status: Status, stale: bool, glyphs: GlyphSet, columns: u16) -> Line<'static> {
    let (glyph, role) =
        if stale { (glyphs.stale, Role::MarkStale) } else { (status.glyph(glyphs.ascii), role(status)) };
    let word = match status.word_of(stale) {
        // ASCII says OK as its glyph already.
        "OK" if glyphs.ascii => "",
        "COLD START" if columns < FULL => "COLD",
        "DEGRADED" if columns < 10 => "DEGR",
        word => word,
    };
    if columns < 6 || word.is_empty() {
        return Line::styled(glyph, role);
    }
    Line::styled(glyph, role).and(" ", role).and(word, role)
}

/// Glyph and word of what is in maintenance.
pub(crate) fn maintenance(glyphs: GlyphSet) -> Line<'static> {
    Line::styled(glyphs.maintenance, Role::MarkMaintenance).and(" maintenance", Role::MarkMaintenance)
}

/// Glyph and word of what changes its status too often to be believed.
pub(crate) fn flapping(glyphs: GlyphSet) -> Line<'static> {
    Line::styled(glyphs.flapping, Role::MarkFlapping).and(" flapping", Role::MarkFlapping)
}

/// The severity's word; in at most four letters where the room is short.
pub(crate) fn severity(severity: Severity, short: bool) -> Line<'static> {
    let word = match severity {
        Severity::Critical if short => "crit",
        Severity::Medium if short => "med",
        severity => severity.word(),
    };
    Line::styled(word, severity_role(severity))
}
