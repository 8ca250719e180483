//! The program's allocator: the first kilobytes come from a buffer of our own, the rest from the system's.
//!
//! A prompt at which nothing changed allocates little and ends at once. The system's allocator would spend six system
//! calls and as many fresh pages on preparing for more, and half of all instructions of such a prompt.

#![expect(unsafe_code, reason = "an allocator hands out raw memory")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

const SIZE: usize = 64 << 10;

/// Hands out its buffer from front to back. What is given back is lost, except for the block at the end.
pub struct Arena {
    used: AtomicUsize,
    buffer: UnsafeCell<Buffer>,
}

/// Aligned for whatever Rust allocates in practice; what wants more goes to the system.
#[repr(align(16))]
struct Buffer {
    _bytes: [u8; SIZE],
}

// SAFETY: a block belongs to the one who moved `used` past it, which an atomic exchange decides.
unsafe impl Sync for Arena {}

impl Arena {
    #[expect(clippy::large_stack_arrays, reason = "the value of a static, which is on no stack")]
    pub const fn new() -> Self {
        Self { used: AtomicUsize::new(0), buffer: UnsafeCell::new(Buffer { _bytes: [0; SIZE] }) }
    }

    fn start(&self) -> *mut u8 {
        self.buffer.get().cast()
    }

    /// Where a block begins in the buffer, if it is one of ours.
    fn offset_of(&self, block: *mut u8) -> Option<usize> {
        let offset = block.addr().wrapping_sub(self.start().addr());
        (offset < SIZE).then_some(offset)
    }

    /// Moves the end of the buffer's used part, unless somebody else did.
    fn move_end(&self, from: usize, to: usize) -> bool {
        to <= SIZE && self.used.compare_exchange(from, to, Relaxed, Relaxed).is_ok()
    }
}

impl Default for Arena {
    fn default() -> Self {
        Self::new()
    }
}

// SAFETY: blocks lie within the buffer, do not overlap and are aligned; all others are the system's, and go back there.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let used = self.used.load(Relaxed);
        let begin = used.next_multiple_of(layout.align());
        if layout.align() <= align_of::<Buffer>()
            && layout.size() <= SIZE
            && self.move_end(used, begin + layout.size())
        {
            // SAFETY: `begin` is within the buffer, or at its end for a block of no bytes.
            return unsafe { self.start().add(begin) };
        }
        // SAFETY: the caller's promise about the layout.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match self.offset_of(block) {
            Some(offset) => _ = self.move_end(offset + layout.size(), offset),
            // SAFETY: it is not of the buffer, so it came from the system.
            None => unsafe { System.dealloc(block, layout) },
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let Some(offset) = self.offset_of(block) else {
            // SAFETY: it is not of the buffer, so it came from the system.
            return unsafe { System.realloc(block, layout, size) };
        };
        if size <= SIZE && self.move_end(offset + layout.size(), offset + size) {
            return block;
        }
        // SAFETY: the caller promises that `size` with the same alignment is a layout; the two blocks do not overlap.
        unsafe {
            let fresh = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !fresh.is_null() {
                block.copy_to_nonoverlapping(fresh, layout.size().min(size));
                self.dealloc(block, layout);
            }
            fresh
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    /// Fills vectors of growing sizes, far beyond the buffer, and looks for bytes of others in them.
    fn fill(arena: &Arena, byte: u8) {
        let mut blocks = Vec::new();
        for size in 1..400_usize {
            let layout = Layout::from_size_align(size, 1 << (size % 5)).unwrap();
            let grown = Layout::from_size_align(size * 2, layout.align()).unwrap();
            // SAFETY: each block is written within its size and given back once, with the layout it has.
            unsafe {
                let block = arena.alloc(layout);
                block.write_bytes(byte, size);
                let block = arena.realloc(block, layout, grown.size());
                block.add(size).write_bytes(byte, size);
                assert_eq!(block.addr() % layout.align(), 0);
                if size % 3 == 0 {
                    arena.dealloc(block, grown);
                } else {
                    blocks.push((block, grown));
                }
            }
        }
        for (block, layout) in blocks {
            // SAFETY: the block is ours until it is given back.
            unsafe {
                let bytes = std::slice::from_raw_parts(block, layout.size());
                assert!(bytes.iter().all(|found| *found == byte));
                arena.dealloc(block, layout);
            }
        }
    }

    #[test]
    fn blocks_of_many_threads_do_not_overlap() {
        let arena = Arena::new();
        thread::scope(|scope| {
            for byte in 1..5 {
                let arena = &arena;
                scope.spawn(move || fill(arena, byte));
            }
        });
    }
}
