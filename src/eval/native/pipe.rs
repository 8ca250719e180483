//! Pipes between programs, and from them to us.

use anyhow::{Context as _, Result};
use rustix::io::Errno;
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

/// Into a pipe that has room for it. A reader that is gone misses it.
pub fn write_all(pipe: Option<&OwnedFd>, text: &[u8]) {
    let mut rest = text;
    while let (Some(pipe), false) = (pipe, rest.is_empty()) {
        match rustix::io::write(pipe, rest) {
            Ok(length) => rest = &rest[length..],
            Err(Errno::INTR) => {}
            Err(_) => return,
        }
    }
}
