//! What the help of each command says at its end.

use super::{EXITS, HelpPage};
use crate::cli::output::exit;

/// Every command with examples.
pub(crate) const PAGES: &[HelpPage] = &[
    HelpPage {
        command: "",
        examples: &[
            ("opsroom demo", "see the console at work; needs no configuration"),
            ("opsroom config example > opsroom.toml", "start a configuration"),
            ("opsroom check", "validate it"),
            ("opsroom", "open the console on it"),
            ("opsroom --record outage.rec", "and record it for `opsroom replay`"),
        ],
        exits: EXITS,
    },
    HelpPage {
        command: "demo",
        examples: &[
            ("opsroom demo", "open the console on the demo"),
            ("opsroom demo --seed 7", "with other incidents"),
            ("opsroom demo --record outage.rec", "record it for `opsroom replay`"),
            (
                "opsroom --config /tmp/opsroom-demo-4211/opsroom.toml wall",
                "in another terminal; the diagnostics (!) of the demo name its file",
            ),
            ("opsroom --config /tmp/opsroom-demo-4211/opsroom.toml handover", "at the end: hand your shift over"),
        ],
        exits: &[],
    },
    HelpPage {
        command: "check",
        examples: &[
            ("opsroom check", "validate the configuration that the console would open"),
            ("opsroom check ops.toml --json", "validate one file, for an editor or CI"),
            (
                "opsroom check --live",
                "poll once: show the answers, the result of each expression and the fields of the documents",
            ),
        ],
        exits: &[
            (exit::OK, "valid; what is missing on this machine is a warning"),
            (exit::CRITICAL, "--live: a source gave no answer, or a log can't be read"),
            (exit::CONFIG, "invalid; with --live also: an answer in which an expression fails, or finds no number"),
        ],
    },
    HelpPage {
        command: "test",
        examples: &[
            ("opsroom test", "run the [[test]] blocks of the configuration that the console would open"),
            ("opsroom test ops.toml alerts/*.toml", "those of several files, for CI"),
            ("opsroom test --json", "for a script: each test with what was expected and seen"),
        ],
        exits: &[
            (exit::OK, "all tests passed, or no tests are configured"),
            (exit::WARNING, "a test failed"),
            (exit::CONFIG, "a configuration is invalid, or a test names something that it does not have"),
        ],
    },
    HelpPage {
        command: "status",
        examples: &[
            ("opsroom status", "every check and metric, one line each"),
            ("opsroom status api --json", "one check, for a script"),
            ("opsroom status --until ok --within 5m", "wait until a deployment is healthy"),
        ],
        exits: &[
            (exit::OK, "everything is ok"),
            (exit::WARNING, "a check is degraded, or a high, medium or low alert condition holds"),
            (exit::CRITICAL, "a check is down, or a critical alert condition holds"),
            (exit::UNKNOWN, "a check is unknown, or a metric with an alert could not be read"),
        ],
    },
    HelpPage {
        command: "wall",
        examples: &[
            ("opsroom wall", "what is broken and since when, what else is not well, how many are well"),
            ("opsroom wall metrics --theme high-contrast", "the same above a screen of charts"),
        ],
        exits: &[
            (exit::OK, "closed with q or Ctrl-C"),
            (exit::USAGE, "no such screen, or not a terminal"),
            (exit::CONFIG, "the configuration is not valid"),
        ],
    },
    HelpPage {
        command: "watch",
        examples: &[
            (
                "opsroom watch",
                "poll, record and evaluate until TERM or Ctrl-C; consoles of the same store leave recording to it",
            ),
            ("opsroom watch --json", "each change as one JSON object in a line"),
            ("opsroom watch --listen 127.0.0.1:9475", "serve /metrics to Prometheus, /health, and heartbeats"),
            ("opsroom watch --record night.rec", "record what it takes in for `opsroom replay`"),
            ("opsroom watch --unit", "a systemd unit for it"),
        ],
        exits: &[
            (exit::OK, "ended by TERM, INT or QUIT"),
            (exit::SOFTWARE, "it could not start"),
            (exit::CONFIG, "invalid configuration"),
        ],
    },
    HelpPage {
        command: "logs",
        examples: &[
            ("opsroom logs", "all logs of the configuration, merged by time"),
            ("opsroom logs api --since 1h --filter 'level>=warn -healthz'", "one log, filtered"),
            ("opsroom logs access.log.1.gz --top status", "the most frequent statuses of a compressed file"),
            ("tail -f app.log | opsroom logs -", "from standard input"),
        ],
        exits: &[],
    },
    HelpPage {
        command: "run",
        examples: &[
            ("opsroom run restart-api", "show the plan, ask, run it and verify the result"),
            ("opsroom run restart-api --dry-run", "try it without changing anything"),
            (
                "opsroom run deploy --set version=1.4.2 --yes --reason 'release 1.4.2'",
                "without questions, for a script",
            ),
        ],
        exits: &[
            (exit::OK, "verified, or ended with nothing to verify"),
            (exit::WARNING, "not recovered, or inconclusive"),
            (exit::CRITICAL, "failed, timed out, killed, cancelled, regressed or refused"),
            (exit::UNKNOWN, "outcome unknown"),
        ],
    },
    HelpPage {
        command: "runs",
        examples: &[
            ("opsroom runs", "locks, running actions and past ones"),
            ("opsroom runs --follow", "the output of the latest run that is still running"),
        ],
        exits: &[
            (exit::OK, "printed; of one run: verified, or ended with nothing to verify"),
            (exit::WARNING, "one run: not recovered, or inconclusive; or the store has lost entries"),
            (exit::CRITICAL, "one run: failed, timed out, killed, cancelled, regressed or refused"),
            (exit::UNKNOWN, "one run: not over, or outcome unknown; or the store can't be read"),
        ],
    },
    HelpPage {
        command: "timeline",
        examples: &[
            ("opsroom timeline", "the last 24 hours, oldest first"),
            ("opsroom timeline --since 30m", "what happened in the last half hour"),
            ("opsroom timeline --since 2026-11-21T10:00:00Z --json", "for a report"),
        ],
        exits: &[
            (exit::OK, "printed, even if nothing happened"),
            (exit::WARNING, "printed, but the store has lost entries"),
            (exit::UNKNOWN, "the store can't be read"),
        ],
    },
    HelpPage {
        command: "slo",
        examples: &[
            ("opsroom slo", "each objective with what is left of its budget"),
            ("opsroom slo --json", "for a report; burn rates over 5m to 3d"),
            (
                "opsroom slo exclude api --from 2026-03-02T09:00 --for 2h --why 'load test'",
                "that time does not count; `opsroom slo include ID` takes it back",
            ),
        ],
        exits: &[
            (exit::OK, "within every budget; or excluded, included"),
            (
                exit::WARNING,
                "a budget is spent or burns slowly; or the store has lost entries, or roll-ups that can't be read",
            ),
            (exit::CRITICAL, "a budget burns so fast that it pages"),
            (exit::UNKNOWN, "no data for an objective, or the store can't be read"),
            (exit::USAGE, "no such SLO or exclusion, a wrong span, or read-only"),
        ],
    },
    HelpPage {
        command: "statuspage",
        examples: &[("opsroom statuspage --out /var/www/status", "write the page once, from what is on record")],
        exits: &[
            (exit::OK, "written"),
            (exit::WARNING, "written, but the store has lost entries, or roll-ups that can't be read"),
            (exit::UNKNOWN, "the store can't be read"),
            (exit::SOFTWARE, "the page can't be written"),
            (exit::CONFIG, "invalid configuration, or it has no [statuspage]"),
        ],
    },
    HelpPage {
        command: "report",
        examples: &[
            ("opsroom report weekly", "the last complete week, Monday to Sunday"),
            ("opsroom report daily --at 2026-11-02", "that day"),
            ("opsroom report monthly --json --out report.json", "the last complete month, for other programs"),
        ],
        exits: &[
            (exit::OK, "the report is written, whatever it says"),
            (exit::WARNING, "written, but the store has lost entries, or roll-ups that can't be read"),
            (exit::UNKNOWN, "no data for that time, or the store is missing or can't be read"),
        ],
    },
    HelpPage {
        command: "baseline",
        examples: &[
            ("opsroom baseline save before-upgrade", "keep the figures of the last 7 days"),
            ("opsroom baseline compare before-upgrade --period 1d", "the last day beside them"),
        ],
        exits: &[
            (exit::OK, "saved; or no check is notably slower"),
            (
                exit::WARNING,
                "a check is slower: its p95 is more than a fifth higher; or the store has lost entries, or roll-ups that can't be read",
            ),
            (exit::UNKNOWN, "nothing was measured, or the store is missing or can't be read"),
        ],
    },
    HelpPage {
        command: "store",
        examples: &[
            ("opsroom store", "where it is, and what it holds"),
            ("opsroom store check", "verify all of it"),
            ("opsroom store export > store.jsonl", "everything, as JSON lines"),
            ("opsroom store import store.jsonl --store new.db", "import it into a new store"),
        ],
        exits: &[
            (exit::OK, "sound, or done"),
            (exit::WARNING, "done, but something in it can't be read and was left out, or it has lost entries"),
            (exit::CRITICAL, "`check` found something wrong, or nothing was changed"),
            (exit::UNKNOWN, "the store is missing or can't be read"),
        ],
    },
    HelpPage {
        command: "alerts",
        examples: &[
            ("opsroom alerts", "alerts that are firing, pending, muted or acknowledged"),
            ("opsroom alerts --history 7d --json", "also alerts resolved within a week, for a script"),
            ("opsroom alerts route api critical", "who would be notified of it now, and who later"),
        ],
        exits: &[
            (exit::OK, "printed, even if no alert is firing"),
            (exit::WARNING, "printed, but the store has lost entries"),
            (exit::UNKNOWN, "the store can't be read"),
        ],
    },
    HelpPage {
        command: "ack",
        examples: &[
            ("opsroom ack api --why 'restarting the pool'", "acknowledge the firing alerts of the check api"),
            ("opsroom ack api:critical --why 'known, fix at 10:00' --for 2h", "only its critical alert, for two hours"),
        ],
        exits: &[
            (exit::OK, "acknowledged"),
            (exit::UNKNOWN, "the store can't be read or written: nothing was recorded or queued"),
            (exit::USAGE, "no such alert is firing, or read-only"),
        ],
    },
    HelpPage {
        command: "silence",
        examples: &[
            ("opsroom silence service:api --why 'migration' --for 2h", "everything of one service"),
            ("opsroom silence 'text:disk full' --why 'cleaning up' --for 1h --hold", "by text, for the whole hour"),
        ],
        exits: &[
            (exit::OK, "silenced; the id ends it with `opsroom unsilence`"),
            (exit::UNKNOWN, "the store can't be read or written"),
            (exit::USAGE, "wrong usage, or read-only"),
        ],
    },
    HelpPage {
        command: "unsilence",
        examples: &[("opsroom unsilence ID", "end a silence; `opsroom alerts --json` shows the ids")],
        exits: &[
            (exit::OK, "ended"),
            (exit::UNKNOWN, "the store can't be read or written"),
            (exit::USAGE, "no such silence is active, or read-only"),
        ],
    },
    HelpPage {
        command: "maintenance",
        examples: &[
            ("opsroom maintenance", "active windows, and the next one of each"),
            (
                "opsroom maintenance add api web --why 'new disks' --from 2026-03-02T09:00 --for 2h",
                "plan a window for two services",
            ),
        ],
        exits: &[
            (exit::OK, "printed, planned or ended"),
            (exit::WARNING, "printed, but the store has lost entries"),
            (exit::UNKNOWN, "the store can't be read or written"),
            (exit::USAGE, "wrong usage, no such window, or read-only"),
        ],
    },
    HelpPage {
        command: "notify",
        examples: &[
            ("opsroom notify", "each channel with its last delivery, and what failed since"),
            ("opsroom notify test sms", "send a message that is marked as a test"),
            ("opsroom notify test sms ben", "to one contact, who confirms it by the code in it"),
        ],
        exits: &[
            (exit::OK, "printed; test: the receiver accepted it"),
            (exit::WARNING, "printed, but the store has lost entries"),
            (exit::CRITICAL, "test: not accepted"),
            (exit::UNKNOWN, "the store can't be read; test: accepted, but its code could not be recorded"),
            (exit::USAGE, "no such channel or contact"),
            (exit::CONFIG, "the configuration is not valid, or the channel has nobody to send to"),
        ],
    },
    HelpPage {
        command: "whoami",
        examples: &[
            ("opsroom whoami", "who you are, who records, and who else is here on which screen"),
            ("opsroom whoami --json", "for a script"),
        ],
        exits: &[
            (exit::OK, "shown"),
            (exit::WARNING, "the store has lost entries"),
            (exit::UNKNOWN, "the store can't be read"),
        ],
    },
    HelpPage {
        command: "unlock",
        examples: &[("opsroom unlock ID --why 'the host was rebooted'", "release a lock; IDs are in `opsroom runs`")],
        exits: &[
            (exit::OK, "released"),
            (exit::CRITICAL, "not released: the run is not over"),
            (exit::UNKNOWN, "the store can't be read or written"),
            (exit::USAGE, "no such lock, or read-only"),
        ],
    },
    HelpPage {
        command: "audit",
        examples: &[
            ("opsroom audit", "the latest entries"),
            ("opsroom audit verify", "check that nothing was changed or removed"),
            ("opsroom audit export > audit.jsonl", "every entry with its hash"),
        ],
        exits: &[
            (exit::OK, "printed; verify: every chain is intact"),
            (exit::WARNING, "verify: a chain is broken; otherwise: printed, but the store has lost entries"),
            (exit::CRITICAL, "verify: the audit log is lost or can't be read"),
            (exit::UNKNOWN, "the store can't be read, or none exists (verify, export)"),
        ],
    },
    HelpPage {
        command: "replay",
        examples: &[
            ("opsroom replay outage.rec", "play a recording that --record has written"),
            ("opsroom replay outage.rec --at 02:41 --speed 10", "from 02:41 UTC on, ten times as fast"),
            (
                "opsroom replay outage.rec --at 02:41 --format svg > 0241.svg",
                "one frame in the recorded size, for a report",
            ),
        ],
        exits: &[
            (exit::OK, "closed, or printed"),
            (exit::USAGE, "the time is not in the recording, or standard output is not a terminal"),
            (exit::CONFIG, "the file is not a recording, or nothing of it can be played"),
        ],
    },
    HelpPage {
        command: "snapshot",
        examples: &[
            ("opsroom snapshot overview", "the first screen as text"),
            ("opsroom snapshot logs --format svg --size 160x50 > logs.svg", "a picture for a report"),
        ],
        exits: &[],
    },
    HelpPage {
        command: "config",
        examples: &[
            ("opsroom config example > opsroom.toml", "an example with every section explained"),
            ("opsroom config schema > opsroom.schema.json", "for completion in an editor"),
            ("opsroom config keys", "every command of the console with its keys"),
            ("opsroom config screens", "the built-in screens, to change and replace one"),
        ],
        exits: &[],
    },
    HelpPage {
        command: "completions",
        examples: &[
            ("opsroom completions bash > ~/.local/share/bash-completion/completions/opsroom", "bash"),
            ("opsroom completions zsh > ~/.zfunc/_opsroom", "zsh, with ~/.zfunc in $fpath"),
            ("opsroom completions fish > ~/.config/fish/completions/opsroom.fish", "fish"),
        ],
        exits: &[],
    },
    HelpPage { command: "man", examples: &[("opsroom man | man -l -", "read the manual page")], exits: &[] },
];
