//! How far the stored past of a series has come.

/// Whether the stored past of a series is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Past {
    /// Nobody has asked for it.
    #[default]
    Unread,
    /// It is being read.
    Asked,
    /// It is here, or there is none.
    Here,
}
