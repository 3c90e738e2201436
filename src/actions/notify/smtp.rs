//! Mail: one to all addresses, by STARTTLS where it is offered, or TLS from the start.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use lettre::message::{Mailbox, header::ContentType};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};

use super::{Delivered, Order, Sender};
use crate::config::channels::smtp::SmtpChannel;
use crate::model::message::{DeliveryFailure, truncated};
use crate::text::causes::chain;

/// Characters of a subject.
const SUBJECT: usize = 180;

impl Sender for SmtpChannel {
    fn send<'a>(&'a self, order: &'a Order<'a>) -> BoxFuture<'a, Delivered> {
        async move {
            let mail = mail(self, order)?;
            let timeout = order.delivery.channel.timeout;
            let tls = TlsParameters::new(self.host.clone())
                .map_err(|error| DeliveryFailure::transient(format!("no TLS: {error}")))?;
            let tls = match (self.implicit_tls, &self.login) {
                (true, _) => Tls::Wrapper(tls),
                // A password goes over no connection that others can read.
                (false, Some(_)) => Tls::Required(tls),
                (false, None) => Tls::Opportunistic(tls),
            };
            let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&self.host)
                .port(self.port)
                .tls(tls)
                .timeout(Some(timeout));
            if let Some((user, password)) = &self.login {
                transport = transport.credentials(Credentials::new(user.clone(), order.resolve(password)?));
            }
            match tokio::time::timeout(timeout, transport.build().send(mail)).await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) => {
                    let why = format!("{}: {}", self.host, order.redactor.redact(&describe(&error)));
                    let failure = if error.is_permanent() {
                        DeliveryFailure::permanent(why)
                    } else {
                        DeliveryFailure::transient(why)
                    };
                    Err(failure)
                }
                Err(_) => {
                    let timeout = crate::lang::unit::duration(timeout);
                    Err(DeliveryFailure::transient(format!("{} gave no answer within {timeout}", self.host)))
                }
            }
        }
        .boxed()
    }
}

fn mail(channel: &SmtpChannel, order: &Order<'_>) -> Result<lettre::Message, DeliveryFailure> {
    let mailbox = |text: &str| -> Result<Mailbox, DeliveryFailure> {
        let address: Result<Address, _> = text.parse();
        address
            .map(|address| Mailbox::new(None, address))
            .map_err(|_| DeliveryFailure::permanent("an address is not a valid mail address"))
    };
    let message = order.message();
    let summary = order.redactor.redact(&message.summary()).into_owned();
    // The same for each attempt, so that a second one can be told.
    let id: String = message.id.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '.' }).collect();
    let mut mail = lettre::Message::builder()
        .from(mailbox(&channel.from)?)
        .subject(truncated(&summary, SUBJECT))
        .message_id(Some(format!("<{id}@{}>", channel.host)))
        .header(ContentType::TEXT_PLAIN);
    for to in order.needed_to()? {
        mail = mail.to(mailbox(&to)?);
    }
    mail.body(order.text.clone())
        .map_err(|error| DeliveryFailure::permanent(format!("the mail can't be written: {error}")))
}

/// The error with its causes, which say what happened.
fn describe(error: &lettre::transport::smtp::Error) -> String {
    let mut text = error.to_string();
    for cause in chain(error).skip(1) {
        let said = cause.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
    }
    text
}
