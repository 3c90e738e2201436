//! What an error was caused by.

use std::error::Error;

/// An error and every error behind it. What an I/O error wraps is not among its sources: those are its content's sources.
pub(crate) fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |link: &&'a (dyn Error + 'static)| {
        let link: &'a (dyn Error + 'static) = *link;
        let wrapped = link.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        wrapped.map_or_else(|| link.source(), |wrapped| Some(wrapped as &(dyn Error + 'static)))
    })
}
