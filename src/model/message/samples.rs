//! Messages for tests of channels.

use super::*;

pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_000_000 + seconds, 0).unwrap()
}

pub(crate) fn entry(alert: &str, severity: Severity, news: News) -> Entry {
    let over = news == News::Resolved;
    Entry {
        id: format!("1-check:{alert}/{}/0", severity.word()).into(),
        alert: alert.into(),
        called: None,
        severity,
        news,
        value: "DOWN connection refused".into(),
        condition: "down for 2m".to_owned(),
        fired_at: at(0),
        resolved_at: over.then(|| at(600)),
        after: None,
        acknowledge: None,
    }
}

pub(crate) fn group(service: &str, entries: Vec<Entry>) -> AlertGroup {
    let firing = entries.iter().filter(|entry| entry.news != News::Resolved);
    let announced: Vec<_> = firing
        .map(|entry| Announced {
            id: entry.id.clone(),
            severity: entry.severity,
            told_at: at(5),
            again_at: None,
            is_due: false,
        })
        .collect();
    AlertGroup {
        service: Some(service.into()),
        title: service.to_uppercase(),
        key: format!("opsroom/shop/{service}"),
        firing: announced.len(),
        entries,
        announced,
        is_first: true,
        runbook: Some("docs/RUNBOOK.md#api".to_owned()),
        links: vec![("sentry".to_owned(), "https://sentry.example/1".to_owned())],
    }
}

pub(crate) fn message(groups: Vec<AlertGroup>) -> Notification {
    let kind = if groups.is_empty() { MessageKind::Test } else { MessageKind::Alerts };
    let mut message = Notification {
        id: "20260225-1-chat".into(),
        target: Recipient { channel: "chat".into(), contact: None },
        kind,
        console: "shop".to_owned(),
        environment: Some("production".to_owned()),
        at: at(5),
        on_call: None,
        groups,
        notices: Vec::new(),
        updates: Vec::new(),
        handovers: Vec::new(),
        confirm: None,
    };
    message.sort();
    message
}
