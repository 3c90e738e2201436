//! The pages of commands by which people work together: rounds, incidents, shifts, changes.

use super::HelpPage;
use crate::cli::output::exit;

/// Those pages.
pub(crate) const PEOPLE: &[HelpPage] = &[
    HelpPage {
        command: "checklist",
        examples: &[
            ("opsroom checklist", "list them: due, late, running, done, missed and not due yet"),
            ("opsroom checklist morning", "work through one, a prompt at a time; an unfinished run is resumed"),
            ("opsroom checklist morning --json", "do the automatic steps, then print the record"),
            ("opsroom checklist nightly --json --sign", "the same for cron, signed off if every step is finished"),
        ],
        exits: &[
            (exit::OK, "all steps passed; without NAME: printed"),
            (exit::WARNING, "something was skipped, waived or deferred, or the store has lost entries"),
            (exit::CRITICAL, "a step failed"),
            (exit::UNKNOWN, "steps are open, or the store can't be read or written"),
            (exit::USAGE, "no such checklist, wrong usage, or read-only"),
            (exit::CONFIG, "the configuration is missing or not valid"),
        ],
    },
    HelpPage {
        command: "incident",
        examples: &[
            ("opsroom incident open 'checkout fails' --severity P1 --service api --lead", "open one and take the lead"),
            ("opsroom incident open --alert api", "from an alert, with its title, severity, service and start"),
            ("opsroom incident note 'restarted the cache by hand' --at 02:41", "add a note at the time it happened"),
            ("opsroom incident hypothesis 'the cache is full'", "a possible cause; later --eliminate N or --confirm N"),
            (
                "opsroom incident update 'rolling back' --impact 'no checkout' --next 30m --public",
                "post an update, on the status page too",
            ),
            ("opsroom incident role lead --to bo", "offer the lead; bo runs `opsroom incident role lead --accept`"),
            ("opsroom incident resolve --why 'web 2.4.0 is back'", "mark it resolved; then `export` and `close`"),
            ("opsroom incident export 42 --format seed", "a line for incident.log, and the headings of a plain report"),
            ("opsroom incident export INC-42 > INC-42.md", "the report, in the order of a post-mortem"),
        ],
        exits: &[
            (exit::OK, "printed, or on record"),
            (exit::WARNING, "printed, but the store has lost entries"),
            (exit::UNKNOWN, "the store can't be read or written"),
            (exit::USAGE, "wrong usage, no such incident, several are open and none is named, or read-only"),
            (exit::SOFTWARE, "the report can't be written"),
            (exit::CONFIG, "the configuration is not valid"),
        ],
    },
    HelpPage {
        command: "change",
        examples: &[
            ("opsroom change", "active and planned changes, and who approved them"),
            (
                "opsroom change add 'new disks' db --why 'the old ones are full' --from 2026-03-02T09:00 --for 2h",
                "plan a change; another person approves it by its id",
            ),
            (
                "opsroom change add 'year end' '*' --freeze --why 'accounts are closed' --from 2026-12-30T00:00Z --for 3d",
                "plan a freeze: actions in production warn during it",
            ),
            (
                "opsroom change call-off c20260301-101500-000 --why 'the disks are late'",
                "those who were notified of it are notified again",
            ),
            ("opsroom change list --ics > changes.ics", "export them for a calendar program"),
        ],
        exits: &[
            (exit::OK, "printed, planned, approved or called off"),
            (exit::WARNING, "printed, but the store has lost entries"),
            (exit::UNKNOWN, "the store can't be read or written"),
            (exit::USAGE, "wrong usage, your own change, no such change waiting for approval, or read-only"),
        ],
    },
    HelpPage {
        command: "oncall",
        examples: &[
            ("opsroom oncall", "who is on call now and next"),
            ("opsroom oncall take --why 'Ben is ill'", "take over until the shift ends"),
            (
                "opsroom oncall override ana ben --handover 'daily 09:00' --from 2026-12-24 --for 8d",
                "a separate rota for the holidays",
            ),
            ("opsroom oncall calendar --ics > oncall.ics", "for a calendar program"),
            ("opsroom oncall confirm K7QM-3F2X", "a test page reached you: its code says so"),
        ],
        exits: &[
            (exit::OK, "printed, or on record"),
            (exit::WARNING, "printed, but the store has lost entries"),
            (exit::UNKNOWN, "the store can't be read or written"),
            (exit::USAGE, "wrong usage, or read-only"),
            (exit::CONFIG, "nobody is on call: [oncall] is missing"),
        ],
    },
    HelpPage {
        command: "handover",
        examples: &[
            ("opsroom handover", "draft it, edit it in $EDITOR, offer it"),
            ("opsroom handover --yes --note 'watch the disk of db'", "offer the draft as it is"),
            (
                "opsroom handover --accept",
                "run by the next person, who is then on call and takes over acknowledgements",
            ),
        ],
        exits: &[
            (exit::OK, "printed, offered, accepted or taken back"),
            (exit::WARNING, "printed, but the store has lost entries, or roll-ups that can't be read"),
            (exit::UNKNOWN, "the store can't be read or written"),
            (exit::USAGE, "wrong usage, no terminal, nothing is offered, or read-only"),
        ],
    },
];
