//! The status page as the public gets it: written by the real program, read by a real parser and a real browser.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test may touch files and the clock, and its helpers end it where they fail"
)]

use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use chrono::{DateTime, TimeDelta, Utc};
use opsroom::model::lease::LeaseCandidate;
use opsroom::model::rollup::{Bucket, SeriesKey, Sheet};
use opsroom::model::status::Status;
use opsroom::store::Store;
use opsroom::store::address::StoreAddress;
use opsroom::store::place::StoreLocation;
use serde_json::Value;

use crate::support::pty::until;
use crate::support::shell;
use crate::support::watcher::Room;

/// The system's own: the one that has Debian's packages.
const PYTHON: &str = "/usr/bin/python3";

/// Parses HTML as a browser does, and fails at the first error of the standard; then the feed as XML.
const PARSE: &str = "
import sys, html5lib, xml.etree.ElementTree as tree
page = open(sys.argv[1], 'rb').read()
document = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page)
assert document.find('.//script') is None
ids = [one.get('id') for one in document.iter() if one.get('id')]
assert len(ids) == len(set(ids)), ids
for one in document.iter():
    for name in one.get('aria-labelledby', '').split():
        assert name in ids, name
feed = tree.parse(sys.argv[2]).getroot()
atom = '{http://www.w3.org/2005/Atom}'
assert feed.tag == atom + 'feed', feed.tag
for one in [feed] + feed.findall(atom + 'entry'):
    for needed in ['id', 'title', 'updated']:
        assert one.find(atom + needed) is not None, needed
";

fn text(room: &Room) -> String {
    let directory = room.at.path().join("public");
    format!(
        "{}[service.api]\ntitle = \"Payments <b>&\"\n[service.shop]\ntitle = \"Shop\"\n[service.vault]\ntitle = \"Inner\"\n\
         [check.shop-probe]\nservice = \"shop\"\ntcp = \"127.0.0.1:{port}\"\nevery = \"1s\"\nfail_after = 1\nok_after = 1\n\
         [statuspage]\ndirectory = \"{}\"\nservices = [\"api\", \"shop\"]\n",
        room.text().replace("[check.api]\n", "[check.api]\nservice = \"api\"\n"),
        directory.display(),
        port = room.port,
    )
}

fn page(directory: &Path) -> Option<Value> {
    serde_json::from_str(&std::fs::read_to_string(directory.join("status.json")).ok()?).ok()
}

fn statuses(directory: &Path) -> Vec<String> {
    let services = page(directory).map_or(Value::Null, |page| page["services"].clone());
    let all = services.as_array().cloned().unwrap_or_default();
    all.iter().map(|service| service["status"].as_str().unwrap().to_owned()).collect()
}

/// Ninety days of two checks in a store: trouble here and there, and a fortnight of which nothing is known.
async fn ninety_days(room: &Room, at: DateTime<Utc>) {
    let place =
        StoreLocation { at: StoreAddress::File(room.at.path().join("shared.db")), state: None, host: "box".to_owned() };
    let store = Store::open(&place).await.unwrap();
    let me = LeaseCandidate {
        id: "box.1.1".to_owned(),
        who: "ana".to_owned(),
        watcher: true,
        digest: String::new(),
        looks_on: false,
    };
    let fence = store.lease_turn(&me, at).await.unwrap().fence().unwrap();
    for back in (0..90_i64).rev().filter(|back| !(40..54).contains(back)) {
        let noon = (at - TimeDelta::days(back)).date_naive().and_hms_opt(0, 5, 0).unwrap().and_utc();
        let bucket = |down: u64, degraded: u64, known: u64| {
            let mut bucket = Bucket::default();
            bucket.stand(Status::Down, down * 1_000, true);
            bucket.stand(Status::Degraded, degraded * 1_000, false);
            bucket.stand(Status::Ok, (known - down - degraded) * 1_000, false);
            bucket
        };
        let known = if back % 31 == 5 { 9_000 } else { 80_000 };
        let api = bucket(if back % 17 == 3 { 1_500 } else { 0 }, if back % 11 == 1 { 700 } else { 0 }, known);
        let series = |name: &str| SeriesKey::Check(name.into());
        let sheet = vec![(series("api"), api), (series("shop-probe"), bucket(0, 0, known))];
        let minute = u32::try_from(noon.timestamp() / 60).unwrap();
        assert!(store.add_minute(fence, &mut Sheet::new(minute, sheet).into()).await.unwrap());
    }
    store.pack(fence, u32::try_from(at.timestamp() / 60).unwrap()).await.unwrap();
    store.give_back(fence).await.unwrap();
    store.close().await;
}

/// Fails where a parser finds an error in the page or in the feed.
fn parse(directory: &Path) {
    let has = Command::new(PYTHON).args(["-c", "import html5lib"]).output().is_ok_and(|had| had.status.success());
    if !has {
        eprintln!("skipped: html5lib is not installed (Debian: python3-html5lib); tests/run installs it");
        return;
    }
    let files = ["index.html", "feed.xml"].map(|name| directory.join(name));
    let parsed = Command::new(PYTHON).args(["-c", PARSE]).args(files).output().unwrap();
    assert!(parsed.status.success(), "{}", String::from_utf8_lossy(&parsed.stderr));
}

/// Pictures of the page: as wide as a phone and as a desk, by day and by night.
fn picture(directory: &Path) {
    let Ok(found) = Command::new("chromium").arg("--version").output() else {
        eprintln!("skipped: chromium is not installed (Debian: chromium); tests/run installs it");
        return;
    };
    assert!(found.status.success());
    let out = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("statuspage");
    std::fs::create_dir_all(&out).unwrap();
    for (width, height) in [(375, 1_500), (1_200, 1_300)] {
        // The browser's own window is never as narrow as a phone.
        let frame = directory.join(format!("frame-{width}.html"));
        let html = format!(
            "<!DOCTYPE html><meta charset=utf-8><meta name=color-scheme content='light dark'><style>body{{margin:0}}\
             iframe{{border:0;width:{width}px;height:{height}px}}</style><iframe src=index.html></iframe>"
        );
        std::fs::write(&frame, html).unwrap();
        for (name, scheme) in [("light", 1), ("dark", 0)] {
            let file = out.join(format!("{width}-{name}.png"));
            std::fs::remove_file(&file).ok();
            let shot = Command::new("chromium")
                .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"])
                .arg(format!("--user-data-dir={}", directory.join("browser").display()))
                .arg(format!("--blink-settings=preferredColorScheme={scheme}"))
                .arg(format!("--window-size={width},{height}"))
                .arg(format!("--screenshot={}", file.display()))
                .arg(format!("file://{}", frame.display()))
                .output()
                .unwrap();
            let size = std::fs::metadata(&file).map_or(0, |file| file.len());
            assert!(size > 10_000, "{size} bytes: {}", String::from_utf8_lossy(&shot.stderr));
        }
        std::fs::remove_file(&frame).unwrap();
    }
    eprintln!("pictures of the status page: {}", out.display());
}

#[tokio::test]
async fn a_watcher_keeps_it_current_from_ninety_days_that_are_stored() {
    let room = Room::new();
    room.write(&text(&room));
    ninety_days(&room, Utc::now()).await;
    let directory = room.at.path().join("public");
    let listener = TcpListener::bind(("127.0.0.1", room.port)).unwrap();
    let mut watch = room.watch(&[]);
    // The last of the files to be written.
    until("a first page", || directory.join("index.html").exists());
    until("both are operational", || statuses(&directory) == ["operational", "operational"]);
    let mode = |name: &str| std::fs::metadata(directory.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(["index.html", "feed.xml", "status.json"].map(mode), [0o644; 3]);
    // Both checks ask the same port.
    drop(listener);
    until("the outage is public", || statuses(&directory) == ["outage", "outage"]);
    let known = page(&directory).unwrap();
    let days = known["services"][0]["days"].as_array().unwrap();
    assert_eq!(days.len(), 90);
    let with = |status: &str| days.iter().filter(|day| day["status"] == status).count();
    assert_eq!((with("outage"), with("no_data")), (6, 14), "{days:?}");
    assert_eq!(days[86]["outage_s"], 1_500, "three days ago");
    watch.end();
    let html = std::fs::read_to_string(directory.join("index.html")).unwrap();
    assert!(html.contains("Payments &lt;b&gt;&amp;") && !html.contains("Inner") && !html.contains("probe"), "{html}");
    parse(&directory);
    picture(&directory);
}

#[test]
fn what_it_cannot_write_is_a_problem_and_it_goes_on() {
    let room = Room::new();
    room.write(&text(&room));
    let (directory, elsewhere) = (room.at.path().join("public"), room.at.path().join("elsewhere"));
    std::fs::create_dir(&elsewhere).unwrap();
    symlink(&elsewhere, &directory).unwrap();
    let mut watch = room.watch(&[]);
    let said = watch.notice("status page");
    assert!(said.contains("can't be written") && said.contains("it is a link"), "{said}");
    assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 0, "nothing is written through the link");
    std::fs::remove_file(&directory).unwrap();
    let _listener = TcpListener::bind(("127.0.0.1", room.port)).unwrap();
    until("it is written once it can be", || statuses(&directory) == ["operational", "operational"]);
    watch.end();
}

#[test]
fn a_command_writes_it_once_from_what_is_on_record() {
    let room = Room::new();
    let out = room.at.path().join("out");
    let write = || room.opsroom(&["statuspage", "--out", out.to_str().unwrap()]);
    room.write(&room.text());
    let refused = write();
    assert_eq!(refused.status.code(), Some(78), "{refused:?}");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("the configuration has no [statuspage]"), "{refused:?}");
    room.write(&text(&room));
    let before = write();
    assert!(before.status.success(), "{before:?}");
    assert!(String::from_utf8_lossy(&before.stderr).contains("every service is shown as unknown"), "{before:?}");
    assert_eq!(statuses(&out), ["unknown", "unknown"]);
    parse(&out);
    let mut watch = room.watch(&[]);
    until("what is on record is public", || {
        assert!(write().status.success());
        statuses(&out) == ["outage", "outage"]
    });
    watch.end();
    let after = write();
    assert!(String::from_utf8_lossy(&after.stderr).contains("no watcher or console records statuses now"), "{after:?}");
    assert_eq!(statuses(&out), ["unknown", "unknown"], "what was so when somebody last looked says nothing of now");
    let blocked = room.opsroom(&["statuspage", "--out", out.join("index.html").to_str().unwrap()]);
    assert_eq!(blocked.status.code(), Some(70), "{blocked:?}");
}

#[test]
fn the_unit_of_a_watcher_may_write_the_directory() {
    if !Room::is_program_seen_by_units() {
        return;
    }
    let room = Room::new();
    let unit_of = |config: &Path, store: &str| {
        let mut command = shell::opsroom(room.at.path());
        command.args(["--store", store, "watch", "--unit", "--config"]).arg(config).output()
    };
    let usual = "sqlite:/var/lib/opsroom/opsroom.db";
    room.write(&text(&room).replace(room.at.path().to_str().unwrap(), "/var/www"));
    // The unit has a /tmp and a /var/tmp of its own, so that a configuration there is refused.
    let at = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("opsroom-unit-{}.toml", std::process::id()));
    std::fs::copy(room.at.path().join("opsroom.toml"), &at).unwrap();
    let printed = unit_of(&at, usual);
    std::fs::remove_file(&at).unwrap();
    let printed = printed.unwrap();
    let unit = String::from_utf8_lossy(&printed.stdout).into_owned();
    assert!(unit.contains("\nReadWritePaths=/var/www/public\n"), "{printed:?}");
    for hidden in ["/tmp/www", "/var/tmp/www", "/home/ana/www"] {
        let page = text(&room).replace(room.at.path().to_str().unwrap(), hidden);
        std::fs::write(&at, page).unwrap();
        let refused = unit_of(&at, usual);
        std::fs::remove_file(&at).unwrap();
        let refused = refused.unwrap();
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(refused.status.code() == Some(64) && said.contains("[statuspage] directory"), "{hidden}: {said}");
    }
    // Where its store is at home, the unit sees what is there.
    std::fs::write(&at, text(&room).replace(room.at.path().to_str().unwrap(), "/home/ana/www")).unwrap();
    let printed = unit_of(&at, "/home/ana/ops/x.db");
    std::fs::remove_file(&at).unwrap();
    let printed = printed.unwrap();
    let unit = String::from_utf8_lossy(&printed.stdout).into_owned();
    assert!(unit.contains("\nReadWritePaths=/home/ana/www/public\n"), "{printed:?}");
}
