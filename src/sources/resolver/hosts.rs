//! What the files of the system say of names and of name servers.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::Files;
use crate::config::load::look::FileMark;

/// A larger file of names is left to the system, in bytes.
const LARGEST: u64 = 16 << 20;
/// What may stand before `files` in `nsswitch.conf`: it asks no network, or, as systemd-resolved does, reads the same
/// file before it asks anybody.
const LOCAL: &[&str] = &["myhostname", "mymachines", "resolve"];

/// The names of `/etc/hosts`, read again when the file changes.
#[derive(Debug)]
pub(super) struct Hosts {
    file: PathBuf,
    switch: PathBuf,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// The files that were read.
    marks: Option<[Option<FileMark>; 2]>,
    names: HashMap<String, Vec<IpAddr>>,
}

impl Hosts {
    pub(super) fn new(files: &Files) -> Self {
        Self { file: files.hosts.clone(), switch: files.switch.clone(), known: Mutex::default() }
    }

    /// The addresses of a name in small letters. `None` where the file does not name it, or where the system asks
    /// somebody else first.
    pub(super) fn get(&self, name: &str) -> Option<Vec<IpAddr>> {
        let marks = [&self.file, &self.switch].map(|path| FileMark::read(path));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.marks != Some(marks) {
            let small = marks[0].is_some_and(|mark| mark.length <= LARGEST);
            let first = small && files_come_first(&read(&self.switch));
            let names = if first { names(&read(&self.file)) } else { HashMap::new() };
            *known = Known { marks: Some(marks), names };
        }
        known.names.get(name).cloned()
    }
}

/// The name servers of `resolv.conf`, as the subject of a sentence.
pub(super) fn servers(path: &Path) -> String {
    let text = read(path);
    let servers = text.lines().filter_map(|line| line.trim_start().strip_prefix("nameserver"));
    let servers = servers.filter(|rest| rest.starts_with(char::is_whitespace));
    // The system asks three at most.
    let servers: Vec<&str> = servers.filter_map(|rest| rest.split_whitespace().next()).take(3).collect();
    match servers.as_slice() {
        [] => "name server 127.0.0.1".to_owned(),
        [one] => format!("name server {one}"),
        several => format!("name servers {}", several.join(", ")),
    }
}

/// The text of a file, as far as it is text; nothing of one that can't be read.
#[expect(clippy::disallowed_methods, reason = "names are looked up in this room; the files are small and local")]
fn read(path: &Path) -> String {
    std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// Whether the system looks into the file of names before it asks anybody.
fn files_come_first(switch: &str) -> bool {
    let line = switch.lines().find_map(|line| line.trim_start().strip_prefix("hosts:"));
    let words = line.unwrap_or("files dns").split('#').next().unwrap_or_default().split_whitespace();
    // What is done after the answer of one of these, as in `resolve [!UNAVAIL=return]`, follows it in brackets.
    words.into_iter().find(|word| !LOCAL.contains(word) && !word.starts_with('[')) == Some("files")
}

fn names(text: &str) -> HashMap<String, Vec<IpAddr>> {
    let mut names: HashMap<String, Vec<IpAddr>> = HashMap::new();
    for line in text.lines() {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let Some(address) = words.next().and_then(|word| word.parse().ok()) else { continue };
        for name in words {
            let addresses = names.entry(name.to_ascii_lowercase()).or_default();
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
    }
    names
}
