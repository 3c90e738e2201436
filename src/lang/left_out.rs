//! What a stored form leaves out: the value that is read where nothing is written.

/// Whether a value is what stands for nothing, so that it need not be written.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
