//! Signals while plaintext lies in a file: none of them ends us before it is gone.

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{
    SIGABRT, SIGALRM, SIGCHLD, SIGHUP, SIGINT, SIGIO, SIGPROF, SIGQUIT, SIGSYS, SIGTERM, SIGTRAP,
    SIGUSR1, SIGUSR2, SIGVTALRM, SIGXCPU, SIGXFSZ,
};
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;
use std::io;
use std::os::unix::net::UnixStream;
use std::process::{Child, ExitStatus};

/// What ends a program that does not listen.
const FATAL: [i32; 13] = [
    SIGABRT, SIGALRM, SIGHUP, SIGIO, SIGPROF, SIGSYS, SIGTERM, SIGTRAP, SIGUSR1, SIGUSR2,
    SIGVTALRM, SIGXCPU, SIGXFSZ,
];

pub struct Signals {
    delivery: SignalDelivery<UnixStream, SignalOnly>,
    /// The one that is to end us.
    pub fatal: Option<i32>,
    /// Ctrl-C or Ctrl-\ was pressed since the last editor.
    pub has_interrupt: bool,
}

impl Signals {
    pub fn listen() -> io::Result<Self> {
        let (came, sender) = UnixStream::pair()?;
        let all = FATAL.into_iter().chain([SIGCHLD, SIGINT, SIGQUIT]);
        let delivery = SignalDelivery::with_pipe(came, sender, SignalOnly, all)?;
        Ok(Self { delivery, fatal: None, has_interrupt: false })
    }

    /// Readable when one came.
    pub fn came(&self) -> &UnixStream {
        self.delivery.get_read()
    }

    pub fn take(&mut self) {
        for signal in self.delivery.pending() {
            match signal {
                SIGCHLD => {}
                SIGINT | SIGQUIT => self.has_interrupt = true,
                fatal => self.fatal = Some(fatal),
            }
        }
    }

    /// The keys of the terminal are the editor's, which heard them as well; what is to end us is passed on to it.
    pub fn wait_for(&mut self, child: &mut Child) -> io::Result<ExitStatus> {
        let mut passed = None;
        loop {
            if let Some(status) = child.try_wait()? {
                // That it ended would else be taken for what comes after it.
                self.take();
                self.has_interrupt = false;
                return Ok(status);
            }
            match poll(&mut [PollFd::new(self.came(), PollFlags::IN)], None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            self.take();
            if self.fatal != passed {
                passed = self.fatal;
                _ = kill_process(Pid::from_child(child), Signal::TERM);
            }
        }
    }
}
