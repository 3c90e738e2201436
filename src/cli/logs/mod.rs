//! `opsroom logs`: merged logs on stdout, or what is in them in numbers.

mod bounds;
mod covers;
mod fields_not_seen;
mod live;
mod names;
mod print;
mod quiet;
mod read;
mod request;
mod show;
mod summary;

use std::io::{self, IsTerminal, Write};

use self::print::{OutputForm, Printer};
use self::read::RecordSink;
pub(crate) use self::request::since;
use self::request::{PrintMode, Request};
use self::show::PrintOptions;
use self::summary::Summary;
use super::Global;
use super::output::{self, exit};
use crate::runtime::terminal;

const AFTER_HELP: &str = "\
A plain FILE is read from its beginning; a log of the configuration is printed
from its last 1,000 lines and counted from its beginning; both from --since on,
else from its own `since`, where it has one. A record without a time has that
of the record before it; where there is none it is kept, and a note says so.

  opsroom logs app.log --filter 'level>=error' --count     instead of grep -c
  opsroom logs app.log --top status                         instead of grep | cut | sort | uniq -c | sort -rn
  opsroom logs app.log --top path --of duration_ms          which path is slow: p50, p95 and max of each
  opsroom logs app.log --patterns                           what it says most, numbers and ids aside
  opsroom logs app.log --since 1h --histogram               when it went wrong

A count says on stderr what it covers: since when, how many files, and which
rotated files were not read; --since reaches into rotated and packed files of a
log of the configuration. Records are read up to 1 MiB; one that is longer is
cut there, and the number of those is reported.

With --json: --count gives {count, records}; --top {field, records, missing,
distinct, others, short_by, values: [{value, count, share}]}, with --of {field,
of, without_number, without_value, others, groups: [{value, count, p50, p95,
max, unit}]}; --patterns
{records, distinct, others, patterns: [{pattern, count, share, level, levels,
first, last, trend, example}]}; --histogram {records, untimed, seconds, bars:
[{from, total, levels}]}; all of them covers {from, until, complete, logs} and
cut_records and without_time. Fields may be added, never renamed.

Exit codes: 0 everything was read, whether anything passed or not; 3 something
could not be read; 64 usage; 78 configuration.";

/// Arguments of `opsroom logs`.
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Logs of the configuration, files, or `-` for stdin; without any, all logs of the configuration
    #[arg(value_name = "NAME|FILE|-")]
    names: Vec<String>,
    /// Only records that match: words, "phrases", /regex/, field:value, field>number, level>=warn, -not, or, ( )
    #[arg(long, short = 'F', value_name = "EXPR", default_value = "", allow_hyphen_values = true)]
    filter: String,
    /// Only records written since: 10m, 1h30m, 2d, 02:30 (the last one), or a date and time
    #[arg(long, short, value_name = "TIME", allow_hyphen_values = true)]
    since: Option<String>,
    /// Only records written before: 10m for ten minutes ago, 02:45 (with --since the first one after it), or a date and time
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    until: Option<String>,
    /// Keep printing new records as they are written
    #[arg(long, short)]
    follow: bool,
    /// Also print N records before and after each match
    #[arg(long, short = 'C', value_name = "N", default_value_t = 0)]
    context: usize,
    /// Print only how many records match
    #[arg(long, group = "summary")]
    count: bool,
    /// Print the most frequent values of FIELD with their counts; level, service, log, message and trace are fields too
    #[arg(long, group = "summary", value_name = "FIELD", allow_hyphen_values = true)]
    top: Option<String>,
    /// With --top: p50, p95 and max of the numbers in this FIELD for each value, the highest p95 first
    #[arg(long, value_name = "FIELD", requires = "top", allow_hyphen_values = true)]
    of: Option<String>,
    /// Print the most frequent messages, without their numbers, ids, addresses and times, with their counts
    #[arg(long, group = "summary")]
    patterns: bool,
    /// Print the number of records of each level over time
    #[arg(long, group = "summary")]
    histogram: bool,
    /// Rows of --top (20), --patterns (20) and --histogram (40) at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), requires = "summary")]
    limit: Option<u32>,
    /// One JSON object a line; one object for --count, --top, --patterns and --histogram
    #[arg(long)]
    json: bool,
}

/// Prints logs; see [`Arguments`].
pub(crate) fn run(arguments: &Arguments, global: &Global) -> u8 {
    let request = match request::understand(arguments, global) {
        Ok(request) => request,
        Err(code) => return code,
    };
    let terminal = io::stdout().is_terminal();
    let colour = terminal && !global.wants_no_colour();
    let result = match &request.output {
        PrintMode::Records { json, context } => {
            let form = if *json { OutputForm::Json } else { OutputForm::Text { colour, log: request.logs.len() > 1 } };
            print(&request, global, form, *context)
        }
        PrintMode::Summary { kind, json, limit } => {
            let columns = terminal.then(|| usize::from(terminal::size().0));
            let look = PrintOptions { json: *json, colour, limit: *limit, columns };
            let mut summary = Summary::new(kind, request.filter.clone());
            summary.bounds = request.bounds.clone();
            summarise(&request, global, summary, look)
        }
    };
    match result {
        Ok(false) => exit::OK,
        Ok(true) => exit::UNKNOWN,
        Err(why) if why.kind() == io::ErrorKind::BrokenPipe => exit::OK,
        Err(why) => output::fail(exit::SOFTWARE, &format!("the output can't be written: {why}"), ""),
    }
}

/// Prints records; true where something could not be read.
fn print(request: &Request, global: &Global, form: OutputForm, context: usize) -> io::Result<bool> {
    let mut printer = Printer::new(form, request, context);
    let failed = if request.follow {
        live::follow(request, global, &mut printer)?
    } else {
        let (mut covers, failed) = read::read_once(request, global, &mut printer)?;
        let is_text = matches!(form, OutputForm::Text { .. });
        if is_text && request.selects() && printer.has_printed_nothing() {
            covers.seen(printer.first());
            let field = printer.fields_not_seen().map_or_else(String::new, |field| format!("; {field}"));
            output::eprint_error(&format!("note: no line matched{field}\ncovers: {}\n", covers.text()));
        }
        failed
    };
    printer.flush()?;
    if printer.cut() > 0 {
        output::eprint_error(&format!("note: {}\n", show::describe_cut(printer.cut())));
    }
    if printer.without_time() > 0 {
        output::eprint_error(&format!("note: {}\n", bounds::describe_without_time(printer.without_time())));
    }
    Ok(failed)
}

/// Counts records and prints the counts; true where something could not be read.
fn summarise(request: &Request, global: &Global, mut summary: Summary, look: PrintOptions) -> io::Result<bool> {
    let (mut covers, failed) = read::read_once(request, global, &mut summary)?;
    covers.seen(summary.first);
    let mut out = io::BufWriter::new(io::stdout().lock());
    show::show(&summary, &covers, look, &mut out)?;
    out.flush()?;
    let note = show::note(&summary, look.limit);
    if !look.json && !note.is_empty() {
        output::eprint_error(&format!("note: {}\n", output::one_line(&note)));
    }
    if !look.json {
        output::eprint_error(&format!("covers: {}\n", covers.text()));
    }
    Ok(failed)
}
