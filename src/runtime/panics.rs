//! What happens when we break: the terminal is given back before a word is printed.

use std::backtrace::Backtrace;
use std::panic;
use std::sync::Once;
use std::thread::{self, ThreadId};

use super::terminal;

/// Installs the hook, once. A panic of the calling thread, which draws, restores the terminal and continues as usual.
/// One of any other thread is logged alone: its task is restarted, and words on the terminal would tear the screen.
pub(crate) fn install() {
    static ONCE: Once = Once::new();
    let drawing: ThreadId = thread::current().id();
    ONCE.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            tracing::error!(%info, backtrace = %Backtrace::capture(), "panic");
            if thread::current().id() == drawing {
                terminal::leave_now();
                previous(info);
            } else if !terminal::is_entered() {
                previous(info);
            }
        }));
    });
}
