//! The pages of commands by which people work together: rounds, incidents, shifts, changes.

use super::HelpPage;
use crate::cli::output::exit;

/// Those pages.
pub(crate) const PEOPLE: &[HelpPage] = &[
    HelpPage {
        command: "checklist",
        examples: &[
            ("opsroom checklist", "which lists are due, late, running and done"),
            ("opsroom checklist morning", "work through one, a prompt at a time; a run that was left is resumed"),
            ("opsroom checklist morning --json", "measure and run what needs no person, print the record"),
            ("opsroom checklist nightly --json --sign", "for cron: sign it off if every step is finished"),
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
            ("opsroom incident open --alert api", "from an alert: title, severity, service and start are its"),
            ("opsroom incident note 'restarted the cache by hand' --at 02:41", "in its place in the timeline"),
            ("opsroom incident hypothesis 'the cache is full'", "then --eliminate N or --confirm N"),
            ("opsroom incident update 'rolling back' --impact 'no checkout' --next 30m --public", "for those outside"),
            ("opsroom incident role lead --to bo", "offer the lead; bo runs `opsroom incident role lead --accept`"),
            ("opsroom incident resolve --why 'web 2.4.0 is back'", "then `export` and `close`"),
            ("opsroom incident export INC-42 > INC-42.md", "the report, in the order of a post-mortem"),
        ],
        exits: &[
            (exit::OK, "printed, or on record"),
            (exit::WARNING, "printed, but the store has lost entries"),
            (exit::UNKNOWN, "the store can't be read or written"),
            (exit::USAGE, "wrong usage, no such incident, several are open and none is named, or read-only"),
            (exit::CONFIG, "the configuration is not valid"),
        ],
    },
    HelpPage {
        command: "change",
        examples: &[
            ("opsroom change", "what runs and comes, and who approved it"),
            (
                "opsroom change add 'new disks' db --why 'the old ones are full' --from 2026-03-02T09:00 --for 2h",
                "plan a change; somebody else approves it with its id",
            ),
            (
                "opsroom change add 'year end' '*' --freeze --why 'accounts are closed' --from 2026-12-30T00:00Z --for 3d",
                "actions in production warn in that time",
            ),
            ("opsroom change list --ics > changes.ics", "for other calendars"),
        ],
        exits: &[
            (exit::OK, "printed, planned or approved"),
            (exit::WARNING, "printed, but the store has lost entries"),
            (exit::UNKNOWN, "the store can't be read or written"),
            (exit::USAGE, "wrong usage, your own change, nothing such waits for approval, or read-only"),
        ],
    },
    HelpPage {
        command: "oncall",
        examples: &[
            ("opsroom oncall", "who is on call now and next"),
            ("opsroom oncall take --why 'Ben is ill'", "you, until the shift ends"),
            (
                "opsroom oncall override ana ben --handover 'daily 09:00' --from 2026-12-24 --for 8d",
                "a schedule of its own for the holidays",
            ),
            ("opsroom oncall calendar --ics > oncall.ics", "for a calendar program"),
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
            ("opsroom handover --accept", "the next person: you are on call, acknowledgements are yours"),
        ],
        exits: &[
            (exit::OK, "printed, offered, accepted or taken back"),
            (exit::WARNING, "printed, but the store has lost entries"),
            (exit::UNKNOWN, "the store can't be read or written"),
            (exit::USAGE, "wrong usage, no terminal, nothing is offered, or read-only"),
        ],
    },
];
