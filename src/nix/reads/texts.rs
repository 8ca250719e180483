//! What the text of nix files and expressions says of their inputs.

use super::{Reads, TEXT_LIMIT};
use crate::nix::flake::LocalFlake;
use crate::nix::inputs::{Aspect, Tree};
use crate::nix::literals::{self, Mention, Named, Reach, Reading};
use crate::nix::others::Others;
use crate::nix::repository;
use crate::nix::request::Request;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What stands in files, and in words of a command as if they were one.
pub struct Texts(Vec<(PathBuf, Named)>);

/// A flake, and whether nix copies it, as far as the files of it that are looked at go.
#[derive(Clone, Copy)]
struct Copied<'a> {
    flake: &'a LocalFlake,
    is_pure: bool,
    is_in_place: bool,
}

/// What is known of texts beside what they say.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    flake: Option<Copied<'a>>,
    own: Own,
    /// Whether a function of the user's files reads what it is given, of which nix does not tell.
    own_may_read: bool,
    others: &'a Others<'a>,
}

/// Whether nix tells what a file itself looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Own {
    Told,
    Untold,
}

impl Texts {
    pub fn of(files: Vec<PathBuf>) -> Self {
        let named = |file: PathBuf| {
            let bytes = crate::fs::read_regular(&file, TEXT_LIMIT).ok()??;
            Some((file, literals::named(&String::from_utf8_lossy(&bytes))))
        };
        Self(files.into_iter().filter_map(named).collect())
    }

    pub fn split(self, is: impl Fn(&Path) -> bool) -> (Self, Self) {
        let (these, others) = self.0.into_iter().partition(|(file, _)| is(file));
        (Self(these), Self(others))
    }

    /// Paths in expressions start in a directory.
    pub fn with(mut self, dir: &Path, expressions: &[&str]) -> Self {
        let named = expressions.iter().map(|text| (dir.join("-E"), literals::named(text)));
        self.0.extend(named);
        self
    }

    /// Whether a function in them reads what it is given.
    fn read_what_they_are_given(&self) -> bool {
        self.any(|named| named.reading == Reading::Given)
    }

    fn any(&self, is: impl Fn(&Named) -> bool) -> bool {
        self.0.iter().any(|(_, named)| is(named))
    }
}

impl<'a> Context<'a> {
    pub fn of_flake(
        (flake, request): (&'a LocalFlake, &Request),
        texts: &Texts,
        others: &'a Others<'a>,
    ) -> Self {
        // Where it is evaluated in place, nix tells what its own functions read.
        let is_in_place = request.flake_in_place().is_some();
        let own_may_read = !is_in_place && texts.read_what_they_are_given();
        let flake = Some(Copied { flake, is_pure: !request.is_impure(), is_in_place });
        Self { flake, own: Own::Untold, own_may_read, others }
    }

    /// `untold`: the texts that are, these or others.
    pub fn of_expression(own: Own, untold: &Texts, others: &'a Others<'a>) -> Self {
        Self { flake: None, own, own_may_read: untold.read_what_they_are_given(), others }
    }

    fn may_read(self) -> bool {
        self.own_may_read || self.others.may_read()
    }

    /// What a mention comes to in a flake that nix copies, or in files that stay where they are.
    fn reach(self, mention: &Mention, is_copied: bool) -> Reach {
        match mention.reach {
            Reach::Text if self.own == Own::Untold && (is_copied || self.own_may_read) => {
                Reach::AllBelow
            }
            Reach::Text => Reach::Source,
            Reach::Filtered if self.others.have_untold_sources() => Reach::AllBelow,
            Reach::Filtered | Reach::Source if self.may_read() => Reach::AllBelow,
            Reach::Module if self.own_may_read => Reach::AllBelow,
            Reach::Module => Reach::Itself,
            reach => reach,
        }
    }
}

impl Reads<'_> {
    /// What nix files name in their text: what they look at themselves, where nix does not tell that, as in a flake
    /// and where nixpkgs' `callPackage` evaluates a file; and what others may look at in the directories they are given.
    pub fn take_texts(&mut self, texts: &Texts, context: Context) {
        for (file, named) in &texts.0 {
            self.take_text((file, named), context);
        }
    }

    /// What counts of a flake as a whole.
    pub fn take_whole(&mut self, flake: &LocalFlake, texts: &Texts, others: &Others) {
        let is_of_an_input = flake.is_input_of_an_input();
        let hands_on = texts.any(|named| named.hands_on) || is_of_an_input;
        // An input of this machine is among the texts.
        let reads_all = is_of_an_input && texts.read_what_they_are_given()
            || texts.any(|named| named.hands_on && named.reading == Reading::Given);
        if reads_all || hands_on && (others.may_read() || others.have_the_flake()) {
            self.take_tree(flake.tree.clone());
        }
        let asks = texts.any(|named| named.asks_for_revision)
            || hands_on && texts.any(|named| named.names_a_revision);
        if let Some(git_dir) = flake.git_dir.clone().filter(|_| asks) {
            self.paths.insert((git_dir, Aspect::Commit));
            self.paths.insert((flake.tree.clone(), Aspect::Dirt));
            if Tree::is_too_large(&flake.tree, self.view) {
                self.too_large.insert(flake.tree.clone());
            }
        }
        let asks_for_time = texts.any(|named| named.asks_for_time)
            || hands_on && texts.any(|named| named.names_a_time);
        if flake.git_dir.is_none() && asks_for_time {
            self.paths.insert((flake.tree.clone(), Aspect::Newest));
        }
    }

    fn take_text(&mut self, (file, named): (&Path, &Named), context: Context) {
        let Context { flake, own, .. } = context;
        for mention in &named.paths {
            let path = crate::fs::clean(&file.with_file_name(&mention.path));
            let is_copied = flake.is_some_and(|flake| !flake.is_in_place);
            let reach = context.reach(mention, is_copied);
            // Of a copy, nothing leads out.
            let is_out = |flake: Copied| flake.is_pure && !path.starts_with(&flake.flake.tree);
            if !(reach == Reach::AllBelow && flake.is_some_and(is_out)) {
                self.take_mentioned(path, (reach, context), file);
            }
        }
        if own == Own::Untold {
            self.variables.extend(named.variables.iter().cloned());
        }
        if named.fetches && flake.is_none_or(|flake| !flake.is_pure) {
            let of_git = |dir: &Path| Some((dir.to_path_buf(), repository::git_dir(dir)?));
            match file.ancestors().skip(1).find_map(of_git) {
                Some((tree, git_dir)) => self.take_repository(&tree, &git_dir),
                None if own == Own::Untold => self.take_tree(file.with_file_name("")),
                None => {}
            }
        }
        let Some(Copied { flake, .. }) = flake else { return };
        // Older versions of nix have `self` stand for the whole tree.
        for mention in &named.below_flake {
            for root in BTreeSet::from([&flake.dir, &flake.tree]) {
                let path = crate::fs::clean(&root.join(&mention.path));
                let reach = context.reach(mention, true);
                self.take_mentioned(path, (reach, context), file);
            }
        }
    }

    /// Of nix files that are there, those that count are known; another path is read, listed or looked for.
    fn take_mentioned(&mut self, path: PathBuf, (reach, context): (Reach, Context), file: &Path) {
        let own = context.own;
        let is_nix = path.extension().is_some_and(|extension| extension == "nix") && path.exists();
        let is_evaluated = self.paths.contains(&(path.join("default.nix"), Aspect::Content));
        let is_known = [Aspect::Tree, Aspect::Content]
            .into_iter()
            .any(|aspect| self.paths.contains(&(path.clone(), aspect)));
        let holds_the_file = file.starts_with(&path);
        self.take_link(&path);
        if path.ends_with("flake.lock") {
            self.paths.insert((path.clone(), Aspect::Presence));
        }
        // What is handed on with a `default.nix` is handed on to be evaluated, as far as nobody reads.
        let may_be_read = holds_the_file
            || reach == Reach::AllBelow && context.may_read()
            || !path.join("default.nix").exists();
        if is_known || is_evaluated && !may_be_read {
            return;
        }
        if path.is_dir() && reach == Reach::AllBelow && may_be_read {
            self.take_tree(path);
        } else if (own == Own::Untold || reach == Reach::AllBelow && !path.is_dir())
            && !(holds_the_file && is_of_source(reach))
        {
            let aspect = if path.is_dir() {
                Aspect::Names
            } else if !path.exists() || is_nix && reach == Reach::Itself {
                Aspect::Presence
            } else if own == Own::Untold {
                // Its name may lead to what the store has of it.
                Aspect::Tree
            } else {
                Aspect::Content
            };
            self.paths.insert((path, aspect));
        }
    }
}

fn is_of_source(reach: Reach) -> bool {
    matches!(reach, Reach::Source | Reach::Filtered)
}
