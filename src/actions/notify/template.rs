//! The text of a message: the channel's own template, or the built-in one.

use std::path::Path;
use std::time::Duration;

use minijinja::value::{Serde, Value};
use minijinja::{Environment, context};

use crate::files;
use crate::model::message::Notification;

/// The largest template, in bytes.
const MOST: u64 = 256 << 10;
/// A file system that hangs must not hold an alert back.
const PATIENCE: Duration = Duration::from_secs(1);
/// Instructions of a template: one that never ends is given up.
const FUEL: u64 = 1_000_000;
/// The largest text that a template makes, in bytes.
const MOST_TEXT: usize = 1 << 20;

/// The text, and whether it is that of the template. One that fails gives way to the built-in text, which then says so:
/// an alert that was not sent would be worse.
pub(super) fn text(template: Option<&Path>, message: &Notification) -> (String, bool) {
    let Some(path) = template else { return (message.plain(), false) };
    match render(path, message) {
        Ok(text) => (text, true),
        Err(why) => {
            let name = path.file_name().map_or_else(|| path.display().to_string(), |name| name.display().to_string());
            (format!("{}\nThe template {name} failed: {why}\n", message.plain()), false)
        }
    }
}

fn render(path: &Path, message: &Notification) -> Result<String, String> {
    let file = files::read(path, MOST, PATIENCE).map_err(|error| format!("it {error}"))?;
    let source = String::from_utf8(file.bytes).map_err(|_| "it is not valid UTF-8".to_owned())?;
    let mut environment = Environment::new();
    environment.set_fuel(Some(FUEL));
    let values = context! {
        message => Value::from(Serde(message)),
        groups => Value::from(Serde(&message.groups)),
        maintenance => Value::from(Serde(&message.notices)),
        updates => Value::from(Serde(&message.updates)),
        handovers => Value::from(Serde(&message.handovers)),
        summary => message.summary(),
        text => message.plain(),
        severity => message.worst().map(crate::model::alert::Severity::word),
    };
    let text = environment.render_str(&source, values).map_err(|error| error.to_string())?;
    if text.len() > MOST_TEXT {
        return Err(format!("it makes {} bytes, at most {MOST_TEXT} are sent", text.len()));
    }
    if text.trim().is_empty() { Err("it makes an empty text".to_owned()) } else { Ok(text) }
}
