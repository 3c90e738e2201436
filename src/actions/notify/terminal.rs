//! The terminal of an open console: whoever owns that writes to it, see [`TerminalChannel::sequence`].

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::{Delivered, Order, Sender};
use crate::config::channels::terminal::TerminalChannel;
use crate::model::message::DeliveryFailure;

impl Sender for TerminalChannel {
    fn send<'a>(&'a self, _: &'a Order<'a>) -> BoxFuture<'a, Delivered> {
        async { Err(DeliveryFailure::permanent("only an open console has a terminal to signal by")) }.boxed()
    }
}
