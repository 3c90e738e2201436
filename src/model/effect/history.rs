//! What is asked of the stored past of readings.

use crate::model::rollup::{SeriesKey, Sheet};

/// Something to be done with roll-ups.
#[derive(Debug, Clone, PartialEq)]
pub enum HistoryEffect {
    /// Store what is known of a minute, by whoever holds the lease.
    WriteMinute {
        /// By which the lease was held then.
        fence: u64,
        /// The minute.
        sheet: Box<Sheet>,
        /// It was seen here while another one stored minutes: only as far as less is stored of it.
        standing_in: bool,
    },
    /// Read what is stored of these series.
    Read {
        /// Of what.
        series: Vec<SeriesKey>,
        /// Hours of which the minutes are wanted too, however old they are, each by its first minute.
        apart: Vec<u32>,
    },
}
