//! The figures of an incident, each by one formula that is printed with it.

use chrono::{DateTime, TimeDelta, Utc};

use crate::lang::order::InOrder;
use crate::model::alert::Severity;
use crate::model::thing::IncidentRecord;

/// How long what took. `None`: it has not happened, or its beginning is not known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "each is the time to something")]
pub struct IncidentFigures {
    /// Detected minus impact started.
    pub to_detect: Option<TimeDelta>,
    /// Acknowledged minus alerted.
    pub to_acknowledge: Option<TimeDelta>,
    /// Mitigated minus impact started.
    pub to_mitigate: Option<TimeDelta>,
    /// Resolved minus impact started: the usual "time to recovery".
    pub to_recover: Option<TimeDelta>,
    /// Resolved minus alerted: "time to respond".
    pub to_respond: Option<TimeDelta>,
}

impl IncidentRecord {
    /// When it was told of first: by an alert, else by whoever opened it.
    pub fn alerted_at(&self) -> DateTime<Utc> {
        self.stamps.alerted.unwrap_or(self.opened_at)
    }

    /// When it was noticed.
    pub fn detected_at(&self) -> DateTime<Utc> {
        self.stamps.detected.unwrap_or_else(|| self.alerted_at())
    }

    /// When the impact began, as far as anything says so: no later than it was noticed.
    pub fn impact_started_at(&self) -> DateTime<Utc> {
        self.stamps.impact_started.unwrap_or_else(|| self.detected_at().min(self.alerted_at()))
    }

    /// How long what took.
    pub fn figures(&self) -> IncidentFigures {
        let impact = self.impact_started_at();
        // A correction may have put an end before its beginning: then nothing is known.
        let since = |from: DateTime<Utc>, to: Option<DateTime<Utc>>| {
            to.map(|to| to - from).filter(|span| *span >= TimeDelta::zero())
        };
        let stamps = &self.stamps;
        IncidentFigures {
            to_detect: since(impact, Some(self.detected_at())),
            to_acknowledge: since(self.alerted_at(), stamps.acknowledged),
            to_mitigate: since(impact, stamps.mitigated),
            to_recover: since(impact, stamps.resolved),
            to_respond: since(self.alerted_at(), stamps.resolved),
        }
    }

    /// How long it had which severity, worst first, until it ended or until `now`.
    pub fn time_per_severity(&self, now: DateTime<Utc>) -> Vec<(Severity, TimeDelta)> {
        let end = self.ended_at().unwrap_or(now).max(self.opened_at);
        let starts = self.grades.iter().map(|grade| (grade.severity, grade.from.min(end)));
        let ends = self.grades.iter().skip(1).map(|grade| grade.from.min(end)).chain([end]);
        let mut spent: Vec<(Severity, TimeDelta)> = Vec::new();
        for ((severity, from), until) in starts.zip(ends) {
            match spent.iter_mut().find(|(known, _)| *known == severity) {
                Some((_, span)) => *span += until - from,
                None => spent.push((severity, until - from)),
            }
        }
        spent.order_by_key(|(severity, _)| std::cmp::Reverse(*severity));
        spent
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{SampleIncident, at};
    use super::*;
    use crate::model::incident::{IncidentStamp, IncidentStep, IncidentTargets};

    fn seconds(span: Option<TimeDelta>) -> Option<i64> {
        span.map(|span| span.num_seconds())
    }

    #[test]
    fn each_figure_is_by_its_formula_and_a_correction_moves_it() {
        let mut said = SampleIncident::opened(Severity::Critical, (None, None, 1_800));
        said.step("bo", 240, IncidentStep::Acknowledge);
        said.step("bo", 1_200, IncidentStep::Mitigate);
        said.step("bo", 3_600, IncidentStep::Resolve);
        let figures = said.record().figures();
        assert_eq!(seconds(figures.to_detect), Some(0));
        assert_eq!(seconds(figures.to_acknowledge), Some(240));
        assert_eq!((seconds(figures.to_mitigate), seconds(figures.to_recover)), (Some(1_200), Some(3_600)));
        said.correct("ana", 4_000, IncidentStamp::ImpactStarted, -600);
        let figures = said.record().figures();
        assert_eq!(seconds(figures.to_detect), Some(600));
        assert_eq!((seconds(figures.to_recover), seconds(figures.to_respond)), (Some(4_200), Some(3_600)));
        said.correct("ana", 4_100, IncidentStamp::ImpactStarted, 2_000);
        assert_eq!(seconds(said.record().figures().to_mitigate), None, "it ended before it began");
    }

    #[test]
    fn the_times_in_each_severity_add_up_to_the_whole() {
        let mut said = SampleIncident::opened(Severity::Medium, (None, None, 1_800));
        let targets = IncidentTargets::of(None, None, 900);
        said.grade("bo", 600, Severity::Critical, targets);
        said.grade("bo", 1_500, Severity::Medium, targets);
        said.step("bo", 2_000, IncidentStep::Resolve);
        let spent = said.record().time_per_severity(at(99_999));
        let spent: Vec<(Severity, i64)> =
            spent.iter().map(|(severity, span)| (*severity, span.num_seconds())).collect();
        assert_eq!(spent, [(Severity::Critical, 900), (Severity::Medium, 1_100)]);
    }
}
