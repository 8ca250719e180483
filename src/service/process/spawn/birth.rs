//! The birth of a child in a control group: `clone3`, which the libc has no function for. To move it there afterwards
//! would hold up every process of the machine that forks.

use super::{Prepared, become_it};
use std::arch::asm;
use std::ffi::{c_int, c_void};
use std::os::fd::{AsRawFd as _, OwnedFd};

const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// As `linux/sched.h` has it, in its second edition.
#[repr(C)]
#[derive(Debug, Default)]
struct CloneArguments {
    flags: u64,
    pidfd: u64,
    child_tid: u64,
    parent_tid: u64,
    exit_signal: u64,
    stack: u64,
    stack_size: u64,
    tls: u64,
    set_tid: u64,
    set_tid_size: u64,
    cgroup: u64,
}

/// As `clone` with these flags, in a group. `None` where the kernel does not do that, which says nothing about `clone`.
///
/// # Safety
/// As for `clone`: `top` is the end of a stack, aligned to 16 bytes, with room for `become_it`, and nothing of the parent
/// runs before the child has left its memory, which the flags have to say.
pub unsafe fn clone_into(
    group: &OwnedFd,
    flags: c_int,
    top: *mut c_void,
    prepared: *mut Prepared,
) -> Option<c_int> {
    let flags = u64::from(flags.cast_unsigned());
    // The kernel wants the lower end of the stack, and adds both.
    let arguments = CloneArguments {
        flags: flags & !0xff | CLONE_INTO_CGROUP,
        exit_signal: flags & 0xff,
        stack: top as u64 - 16,
        stack_size: 16,
        cgroup: u64::try_from(group.as_raw_fd()).ok()?,
        ..CloneArguments::default()
    };
    // SAFETY: the child has only the registers, and goes to `become_it`, which does not return.
    let number = unsafe { call(&raw const arguments, prepared) };
    c_int::try_from(number).ok().filter(|number| *number > 0)
}

#[cfg(target_arch = "x86_64")]
unsafe fn call(arguments: *const CloneArguments, prepared: *mut Prepared) -> i64 {
    let number: i64;
    // SAFETY: as the caller says.
    unsafe {
        asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "xor ebp, ebp",
            "mov rdi, r12",
            "call r13",
            "ud2",
            "2:",
            inlateout("rax") libc::SYS_clone3 => number,
            in("rdi") arguments,
            in("rsi") size_of::<CloneArguments>(),
            in("r12") prepared,
            in("r13") become_it as extern "C" fn(*mut c_void) -> c_int,
            out("rcx") _,
            out("r11") _,
        );
    }
    number
}

#[cfg(target_arch = "aarch64")]
unsafe fn call(arguments: *const CloneArguments, prepared: *mut Prepared) -> i64 {
    let number: i64;
    // SAFETY: as the caller says.
    unsafe {
        asm!(
            "svc 0",
            "cbnz x0, 2f",
            "mov x29, xzr",
            "mov x30, xzr",
            "mov x0, x20",
            "blr x21",
            "brk 1",
            "2:",
            inlateout("x0") arguments => number,
            in("x1") size_of::<CloneArguments>(),
            in("x8") libc::SYS_clone3,
            in("x20") prepared,
            in("x21") become_it as extern "C" fn(*mut c_void) -> c_int,
        );
    }
    number
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
unsafe fn call(_: *const CloneArguments, _: *mut Prepared) -> i64 {
    -1
}
