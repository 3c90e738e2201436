//! What a person typed stays where the store does not take it: the dialog comes back with all of it and says why.

use opsroom::model::effect::{Effect, StoreEffect};
use opsroom::model::outcome::Outcome;
use opsroom::text::SafeText;

use crate::support::app::WORLD;
use crate::support::room::Room;

const ROUND: &str = "[checklist.round]\nstep = [{ title = \"Look\", ask = \"?\" }]\n";
const WHY: &str = "cannot write the store /srv/opsroom/store.db: no space is left on the disk";

/// The store takes nothing of what was said since. Returns how much that was.
fn refuse(room: &mut Room) -> usize {
    let mut refused = 0;
    for effect in room.app.take() {
        if let Effect::Store(request, StoreEffect::SayOfAlerts(_) | StoreEffect::SayOfIncident(_)) = effect {
            room.app.outcome(Outcome::RequestFailed { request, why: SafeText::new(WHY) });
            refused += 1;
        }
    }
    refused
}

/// The keys that lead to a dialog, and what is typed into its fields, a tab between two.
type Dialog = (&'static str, &'static [&'static str]);

const DIALOGS: &[Dialog] = &[
    ("& n", &["disk swap", "api", "the old ones are full", "2h", "1h"]),
    ("1 s", &["noise of the move"]),
    ("7 enter n", &["Ben has the keys"]),
    ("1 i", &["checkout fails for all"]),
    ("8 n", &["restarted it by hand"]),
    ("8 u", &["we roll back", "nobody can pay"]),
    ("8 t", &["call the hoster"]),
];

#[test]
fn nothing_that_was_typed_is_lost_where_the_store_refuses_it() {
    let mut room = Room::of(&format!("{WORLD}{ROUND}"));
    room.acts();
    room.said();
    for (keys, fields) in DIALOGS {
        for key in keys.split(' ') {
            room.app.keys(key);
            room.said();
        }
        for text in *fields {
            room.app.keys("ctrl-u");
            room.app.typed(text);
            room.app.keys("tab");
        }
        room.app.take();
        room.app.keys("enter");
        // Once the person is elsewhere already, and once the dialog is the only one.
        for elsewhere in [true, false] {
            if elsewhere {
                room.app.keys("?");
            }
            assert_eq!(refuse(&mut room), 1, "{keys}: {}", room.frame());
            if elsewhere {
                room.app.keys("esc");
            } else {
                // What was typed for the screen meanwhile is nothing that the dialog takes.
                room.app.keys("enter x");
                room.app.wait(400);
            }
            let frame = room.frame();
            assert!(fields.iter().all(|text| frame.contains(text)), "{keys}: {frame}");
            assert!(frame.contains("no space is left on the disk"), "{keys}: {frame}");
            room.app.keys("enter");
        }
        assert!(!room.said().is_empty(), "{keys}: it is on record now");
        assert!(room.app.state.console.overlays.is_empty(), "{keys}: {}", room.frame());
    }
}
