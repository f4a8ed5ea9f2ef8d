//! Parts of lists that are kept once for very many owners.

use std::ops::Range;

/// Which entries of a list belong to one owner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Run {
    start: u32,
    len: u32,
}

impl Run {
    /// What a list has got since it had `start` entries.
    pub(super) fn since<T>(start: usize, list: &[T]) -> Self {
        Self { start: start as u32, len: (list.len() - start) as u32 }
    }

    /// `len` entries of this run, from the one at `start` on.
    pub(super) fn part(self, start: usize, len: usize) -> Self {
        Self { start: self.start + start as u32, len: len as u32 }
    }

    /// The entries.
    #[inline]
    pub(super) fn of<T>(self, list: &[T]) -> &[T] {
        list.get(self.range()).unwrap_or_default()
    }

    /// Their indices.
    #[inline]
    pub(super) fn range(self) -> Range<usize> {
        self.start as usize..(self.start + self.len) as usize
    }

    /// Whether there is none.
    #[inline]
    pub(super) fn is_empty(self) -> bool {
        self.len == 0
    }
}
