//! The values to look for, all at once: a trie of them, by Aho and Corasick.

use crate::secrets::Secret;
use std::collections::VecDeque;
use std::fmt;
use zeroize::Zeroize as _;

/// A value shorter than this many bytes is in every text.
const SHORTEST: usize = 4;

/// A node for each beginning of a value. The first one is the empty beginning.
pub struct Needles {
    nodes: Vec<Node>,
    /// The nodes of one byte, by that.
    first: Box<[State; 256]>,
    /// What was compared, for the test that this is little.
    #[cfg(test)]
    pub steps: std::cell::Cell<usize>,
}

/// The longest beginning of a value that a text ends with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State(u32);

#[derive(Clone, Copy, Default)]
struct Node {
    /// The last byte of the beginning.
    byte: u8,
    /// Of the longest beginning that it ends with and that goes on, in bytes.
    open: u32,
    /// The longest value that it ends with, in bytes; 0 where it ends with none.
    longest: u32,
    /// The first of those that are one byte longer; they are a list.
    child: State,
    sibling: State,
    /// The longest beginning that this one ends with.
    shorter: State,
}

impl Needles {
    /// Values, and the lines of those that have several: a program may print them one by one.
    pub fn new(secrets: &[Secret]) -> Self {
        // None is moved when there are more: its byte would be left behind.
        let room = secrets.iter().map(|secret| 2 * secret.bytes().len()).sum::<usize>() + 1;
        let mut nodes = Vec::with_capacity(room);
        nodes.push(Node::default());
        let mut needles = Self {
            nodes,
            first: Box::new([State::default(); 256]),
            #[cfg(test)]
            steps: std::cell::Cell::default(),
        };
        for secret in secrets {
            let value = secret.bytes().trim_ascii_end();
            needles.add(value);
            for line in value.split(|byte| *byte == b'\n') {
                needles.add(line.trim_ascii());
            }
        }
        needles.link();
        #[cfg(test)]
        needles.steps.set(0);
        needles
    }

    /// With one more byte.
    pub fn next(&self, mut state: State, byte: u8) -> State {
        loop {
            match self.child(state, byte) {
                Some(child) => return child,
                None if state == State::default() => return state,
                None => state = self.node(state).shorter,
            }
        }
    }

    /// The longest value that ends here, in bytes.
    pub fn longest_at(&self, state: State) -> usize {
        self.node(state).longest as usize
    }

    /// How much of a value may have begun, in bytes.
    pub fn begun_at(&self, state: State) -> usize {
        self.node(state).open as usize
    }

    fn add(&mut self, value: &[u8]) {
        let says_nothing = matches!(value, b"true" | b"false" | b"null");
        let Some(length) =
            u32::try_from(value.len()).ok().filter(|_| value.len() >= SHORTEST && !says_nothing)
        else {
            return;
        };
        let mut state = State::default();
        for (byte, open) in value.iter().zip(1..) {
            state = self.child(state, *byte).unwrap_or_else(|| {
                let new = State(u32::try_from(self.nodes.len()).expect("no values have 4 GiB"));
                let sibling = std::mem::replace(&mut self.nodes[state.0 as usize].child, new);
                if state == State::default() {
                    self.first[usize::from(*byte)] = new;
                }
                self.nodes.push(Node { byte: *byte, open, sibling, ..Node::default() });
                new
            });
        }
        self.nodes[state.0 as usize].longest = length;
    }

    /// The shorter ones first: each is linked by what is known of them.
    fn link(&mut self) {
        let mut waiting = VecDeque::from([State::default()]);
        while let Some(parent) = waiting.pop_front() {
            let mut child = self.node(parent).child;
            while child != State::default() {
                let Node { byte, longest, sibling, .. } = *self.node(child);
                let shorter = match parent {
                    State(0) => parent,
                    parent => self.next(self.node(parent).shorter, byte),
                };
                let Node { longest: shorter_value, open, .. } = *self.node(shorter);
                let node = &mut self.nodes[child.0 as usize];
                (node.shorter, node.longest) = (shorter, longest.max(shorter_value));
                if node.child == State::default() {
                    node.open = open;
                }
                waiting.push_back(child);
                child = sibling;
            }
        }
    }

    fn child(&self, state: State, byte: u8) -> Option<State> {
        #[cfg(test)]
        self.steps.set(self.steps.get() + 1);
        if state == State::default() {
            return Some(self.first[usize::from(byte)]).filter(|child| *child != state);
        }
        let mut child = self.node(state).child;
        while child != State::default() {
            #[cfg(test)]
            self.steps.set(self.steps.get() + 1);
            let node = self.node(child);
            if node.byte == byte {
                return Some(child);
            }
            child = node.sibling;
        }
        None
    }

    fn node(&self, state: State) -> &Node {
        &self.nodes[state.0 as usize]
    }
}

impl Drop for Needles {
    fn drop(&mut self) {
        self.nodes.iter_mut().for_each(|node| node.byte.zeroize());
    }
}

impl fmt::Debug for Needles {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("[secret]")
    }
}
