//! The program's allocator: the first of it comes from a buffer of our own, the rest from the system's.
//!
//! A prompt at which nothing changed allocates little and ends at once. The system's allocator would spend six system
//! calls and as many fresh pages on preparing for more, and half of all instructions of such a prompt.

#![expect(unsafe_code, reason = "an allocator hands out raw memory")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::{AcqRel, Relaxed};

/// What entering a nix shell allocates, and as much again; what nobody touches is never a page.
const SIZE: usize = 256 << 10;
/// So many bytes of the buffer become pages at once: an interruption for each page costs more than the page.
#[cfg(target_os = "linux")]
const WINDOW: usize = 16 << 10;

/// Hands out its buffer from front to back. What is given back is lost, except for the block at the end.
pub struct Arena {
    /// How many bytes of the buffer, from its front, are handed out or lost. What lies behind belongs to nobody.
    used: AtomicUsize,
    buffer: UnsafeCell<Buffer>,
}

/// Aligned for whatever Rust allocates in practice; what wants more goes to the system.
#[repr(align(16))]
struct Buffer {
    _bytes: [u8; SIZE],
}

// SAFETY: the buffer is only reached through blocks, and a block belongs to the thread that moved `used` over it. Only
// `move_end` changes `used`, by an exchange that acquires what every exchange before it released: so whatever the last
// owner did with the bytes, on whichever thread, happened before the next owner has them.
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

    /// Moves the end of the buffer's used part, unless it is elsewhere.
    ///
    /// It may have been elsewhere and come back since the caller looked: that is the same, for which bytes belong to
    /// nobody depends on where the end is, not on how it came there.
    fn move_end(&self, from: usize, to: usize) -> bool {
        let is_moved = to <= SIZE && self.used.compare_exchange(from, to, AcqRel, Relaxed).is_ok();
        #[cfg(target_os = "linux")]
        if is_moved {
            self.touch(from, to);
        }
        is_moved
    }

    /// Has the system make pages of the windows that the buffer's end moved into. Where it cannot, each becomes one on
    /// its first touch.
    #[cfg(target_os = "linux")]
    fn touch(&self, from: usize, to: usize) {
        let base = self.start().addr();
        let start = ((base + from) / WINDOW + 1) * WINDOW;
        let end = ((base + to) / WINDOW + 1) * WINDOW;
        if end > start {
            let length = end.min(base + SIZE).saturating_sub(start);
            // SAFETY: the bytes are the buffer's, but for some behind it on its last page, and all keep their values.
            unsafe {
                let address = self.start().wrapping_add(start - base).cast();
                libc::madvise(address, length, libc::MADV_POPULATE_WRITE);
            }
        }
    }
}

impl Default for Arena {
    fn default() -> Self {
        Self::new()
    }
}

// Never inlined: there are thousands of callers, and pages of code cost a prompt more than calls do.
// SAFETY: a block begins at or behind the end of what was used, at a multiple of its alignment in a buffer that is
// aligned for it, and the end moves behind it in one step: it overlaps no other. The end moves back only over the last
// block, and only for its owner. All other blocks are the system's, and go back there. Nothing here panics or unwinds.
unsafe impl GlobalAlloc for Arena {
    #[inline(never)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // A guess: `move_end` finds out whether it is still so.
        let used = self.used.load(Relaxed);
        let begin = used.next_multiple_of(layout.align());
        if layout.align() <= align_of::<Buffer>()
            && layout.size() <= SIZE
            && self.move_end(used, begin + layout.size())
        {
            // SAFETY: `move_end` takes no end beyond the buffer, so the block from `begin` on lies within it.
            return unsafe { self.start().add(begin) };
        }
        // SAFETY: the caller promises a layout of at least one byte.
        unsafe { System.alloc(layout) }
    }

    #[inline(never)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match self.offset_of(block) {
            // The bytes are the caller's to give, and what is behind the end is nobody's.
            Some(offset) => _ = self.move_end(offset + layout.size(), offset),
            // SAFETY: it is not of the buffer, so it came from the system, with this layout.
            None => unsafe { System.dealloc(block, layout) },
        }
    }

    #[inline(never)]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let Some(offset) = self.offset_of(block) else {
            // SAFETY: it is not of the buffer, so it came from the system, with this layout.
            return unsafe { System.realloc(block, layout, size) };
        };
        if size <= SIZE && self.move_end(offset + layout.size(), offset + size) {
            return block;
        }
        // SAFETY: the caller promises that `size` with the same alignment is a layout. Both blocks are the caller's, so
        // they do not overlap; each holds the bytes that are copied, and the old one is given back with its own layout.
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
