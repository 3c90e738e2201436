//! The fields of a document, by the kind of its source.

/// What the documents of one kind look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DocumentShape {
    /// How the document is called: `an HTTP document`.
    pub noun: &'static str,
    /// Its fields, each with what lies within it.
    pub fields: &'static [(&'static str, Within)],
    /// Whether it stands for a page of samples, which a selector reads.
    pub samples: bool,
}

/// What lies within a field of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Within {
    /// Anything: it is the service's own.
    Anything,
    /// Names in small letters.
    Headers,
    /// These fields.
    Fields(&'static [&'static str]),
    /// Nothing: it is a number or a text.
    Nothing,
}

impl DocumentShape {
    /// The names of its fields.
    pub(crate) fn names(self) -> impl Iterator<Item = &'static str> {
        self.fields.iter().map(|(name, _)| *name)
    }

    /// The field that holds what the service itself says.
    pub(crate) fn payload(self) -> Option<&'static str> {
        self.fields.iter().find(|(_, within)| *within == Within::Anything).map(|(name, _)| *name)
    }

    /// What lies within a field; `None` if the document does not have it.
    pub(crate) fn within(self, field: &str) -> Option<Within> {
        self.fields.iter().find(|(name, _)| *name == field).map(|(_, within)| *within)
    }
}
