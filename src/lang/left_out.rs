//! serde: skip fields that hold their default.

/// Whether a value is the default, which is read where nothing is written.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
