//! Records as a recording of a console keeps them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Format, Level, Name, Record, RecordData, RecordKind, SafeText, Stamp, TextStyles};

/// A record by short names: there are many of them. What is usual is left out.
#[derive(Serialize, Deserialize)]
struct Recorded {
    l: Name,
    n: u64,
    at: Stamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    t: Option<DateTime<Utc>>,
    lv: Level,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    s: Option<SafeText>,
    raw: String,
    /// Where the message stands in `raw`, or the message.
    m: Message,
    f: Format,
    #[serde(default, skip_serializing_if = "is_plain")]
    st: TextStyles,
    k: RecordKind,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    err: bool,
    #[serde(default, skip_serializing_if = "crate::lang::left_out::is_default")]
    cut: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<Name>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Message {
    Within(usize, usize),
    Apart(String),
}

fn is_plain(styles: &TextStyles) -> bool {
    styles.as_slice().is_empty()
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let message = self.message.as_str();
        let within = self.raw.as_str().find(message).map(|start| Message::Within(start, message.len()));
        let recorded = Recorded {
            l: self.log.clone(),
            n: self.seq,
            at: self.read_at,
            t: self.time,
            lv: self.level,
            s: self.service.clone(),
            raw: self.raw.as_str().to_owned(),
            m: within.unwrap_or_else(|| Message::Apart(message.to_owned())),
            f: self.format,
            st: self.styles.clone(),
            k: self.kind,
            err: self.stderr,
            cut: self.cut_bytes,
            file: self.file.clone(),
        };
        recorded.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Record {
    /// Without what the configuration says of its log, which is not part of the record: see [`Record::arranged`].
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Recorded { l, n, at, t, lv, s, raw, m, f, st, k, err, cut, file } = Recorded::deserialize(deserializer)?;
        let raw = SafeText::of_record(&raw);
        let message = match m {
            // The memory is shared, as it was.
            Message::Within(start, length) => raw.part(start..start.saturating_add(length)),
            Message::Apart(message) => SafeText::of_record(&message),
        };
        Ok(Self::new(RecordData {
            log: l,
            seq: n,
            read_at: at,
            time: t,
            level: lv,
            service: s,
            message,
            raw,
            format: f,
            styles: st,
            layout: None,
            kind: k,
            stderr: err,
            cut_bytes: cut,
            file,
        }))
    }
}
