//! Pipes between programs, and from them to us.

use anyhow::{Context as _, Result};
use rustix::io::{Errno, ioctl_fionbio};
use std::io;
use std::os::fd::OwnedFd;

#[derive(Debug)]
pub struct Pipe {
    pub reader: OwnedFd,
    pub writer: OwnedFd,
}

impl Pipe {
    pub fn new() -> Result<Self> {
        let (reader, writer) = io::pipe().context("could not make a pipe for a program")?;
        Ok(Self { reader: reader.into(), writer: writer.into() })
    }
}

#[derive(PartialEq, Eq)]
pub enum Heard {
    Some,
    Nothing,
    End,
}

pub fn read_some(pipe: &OwnedFd, text: &mut Vec<u8>) -> Result<Heard> {
    let mut bytes = [0; 16 << 10];
    loop {
        match rustix::io::read(pipe, &mut bytes) {
            Ok(0) => return Ok(Heard::End),
            Ok(length) => {
                text.extend(&bytes[..length]);
                return Ok(Heard::Some);
            }
            Err(Errno::AGAIN) => return Ok(Heard::Nothing),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error).context("could not read from a program"),
        }
    }
}

/// A text that goes into a pipe as fast as it is read.
pub struct Feed {
    pub pipe: OwnedFd,
    text: Vec<u8>,
    written: usize,
}

impl Feed {
    /// Writes what there is room for; `None` when nothing is left to write, or nobody to read it.
    pub fn start(pipe: OwnedFd, text: Vec<u8>) -> Option<Self> {
        ioctl_fionbio(&pipe, true).ok()?;
        Self { pipe, text, written: 0 }.go_on()
    }

    pub fn go_on(mut self) -> Option<Self> {
        while self.written < self.text.len() {
            match rustix::io::write(&self.pipe, &self.text[self.written..]) {
                Ok(length) => self.written += length,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Some(self),
                Err(_) => return None,
            }
        }
        None
    }
}
