//! `secret`: what sops and age files hold, for people and scripts.

mod asked;
mod edit;
mod encrypt;
mod file;
mod init;
mod place;
mod recipients;
mod replace;
mod signals;
mod write;

use crate::host::Host;
use crate::secrets::{
    Entry, Format, Keyring, Output, Value, Variables, decrypt_age, is_age, json_text, pairs,
    write_plain,
};
use crate::ui;
use anyhow::{Context as _, Result, anyhow};
use clap::Subcommand;
use file::{File, format_of};

#[derive(Debug, Subcommand)]
pub enum Secret {
    /// Print a sops or age file in the clear, if all of it is as it was written
    Decrypt {
        #[command(flatten)]
        source: File,
        /// yaml, json, dotenv, ini or binary; by default as the file is
        #[arg(long, value_name = "TYPE")]
        output_type: Option<String>,
    },
    /// Print the variables that a file stands for
    Env {
        /// End each variable with a NUL byte in place of a line end
        #[arg(short = '0', long)]
        null: bool,
        #[command(flatten)]
        source: File,
    },
    /// Print the names in a file, which needs no key
    List {
        #[command(flatten)]
        source: File,
    },
    /// Make an age key, a `.sops.yaml` and a `secrets.yaml`, each where there is none
    Init,
    /// Set a value, which is typed unseen or comes from standard input
    Set {
        /// The value is JSON: a number, a map, a list
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        source: File,
        /// Names of maps and places in lists, with dots between
        key: String,
    },
    /// Take a value out
    Unset {
        #[command(flatten)]
        source: File,
        /// Names of maps and places in lists, with dots between
        key: String,
    },
    /// Open a file in your editor; the plaintext stays in memory
    Edit {
        #[command(flatten)]
        source: File,
    },
    /// Encrypt a whole file with sops's format
    Encrypt {
        /// Replace the file; otherwise it is printed
        #[arg(long)]
        in_place: bool,
        /// For whom, in place of what `.sops.yaml` says: an age or ssh key, a PGP fingerprint, an ARN, a file of keys
        #[arg(short, long, value_name = "KEY")]
        recipient: Vec<String>,
        #[command(flatten)]
        source: File,
    },
    /// Encrypt all values anew, with another key
    Rotate {
        #[command(flatten)]
        source: File,
    },
    /// Encrypt the key for those whom `.sops.yaml` names now
    Updatekeys {
        #[command(flatten)]
        source: File,
    },
    /// Show or change who can read a file
    Recipients {
        #[command(subcommand)]
        verb: Recipients,
    },
    /// Drop the keys that `secrets.cache` keeps
    Forget,
    /// Print one value
    Get {
        #[command(flatten)]
        source: File,
        /// Names of maps and places in lists, with dots between; `sops`'s `["a"]["b"][0]` is understood, too
        key: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum Recipients {
    /// Print who can read a file
    List {
        #[command(flatten)]
        source: File,
    },
    /// Let others read it, too
    Add {
        #[command(flatten)]
        source: File,
        /// An age or ssh key, a line of `authorized_keys`, a PGP fingerprint, an ARN, a file of keys
        #[arg(required = true)]
        keys: Vec<String>,
    },
    /// Let them read it no more, and encrypt all values anew
    Remove {
        #[command(flatten)]
        source: File,
        /// As for `add`
        #[arg(required = true)]
        keys: Vec<String>,
    },
}

pub fn run(host: &Host, verb: Secret) -> Result<()> {
    crate::secrets::forbid_core_dumps();
    match verb {
        Secret::Decrypt { source, output_type } => decrypt(host, &source, output_type.as_deref()),
        Secret::Env { null, source } => env(host, &source, if null { b"\0" } else { b"\n" }),
        Secret::List { source } => list(host, &source),
        Secret::Get { source, key } => get(host, &source, &key),
        Secret::Forget => forget(host),
        Secret::Init => init::init(host),
        Secret::Set { json, source, key } => write::set(host, &source, &key, json),
        Secret::Unset { source, key } => write::unset(host, &source, &key),
        Secret::Edit { source } => edit::edit(host, &source),
        Secret::Encrypt { in_place, recipient, source } => {
            encrypt::encrypt(host, &source, &recipient, in_place)
        }
        Secret::Rotate { source } => write::rotate(host, &source),
        Secret::Updatekeys { source } => write::updatekeys(host, &source),
        Secret::Recipients { verb } => match verb {
            Recipients::List { source } => recipients::list(host, &source),
            Recipients::Add { source, keys } => recipients::add(host, &source, &keys),
            Recipients::Remove { source, keys } => recipients::remove(host, &source, &keys),
        },
    }
}

fn decrypt(host: &Host, source: &File, output_type: Option<&str>) -> Result<()> {
    let wanted = output_type.map(format_of).transpose()?;
    let bytes = source.read(host)?;
    let could_not = || source.could_not("decrypt");
    if is_age(&bytes) {
        if wanted.is_some_and(|format| format != Format::Binary) {
            return Err(anyhow!("an age file has no values to print in another form"))
                .with_context(could_not);
        }
        let text = source
            .with_keys(host, |keys| decrypt_age(&bytes, keys.identities()))
            .with_context(could_not)?;
        return host.print(text.bytes());
    }
    let opened = source.open(host, bytes).with_context(could_not)?;
    let format = wanted.unwrap_or(opened.format);
    // What is only read is read whatever the rules are.
    let layout = encrypt::layout(host).unwrap_or_default();
    let text = write_plain(&opened.branches, format, &layout).with_context(could_not)?;
    drop(opened);
    host.print(text.bytes())
}

fn env(host: &Host, source: &File, end: &[u8]) -> Result<()> {
    let bytes = source.read(host)?;
    let could_not = || source.could_not("read the variables of");
    let opened = source.open(host, bytes).with_context(could_not)?;
    let variables =
        Variables::of(opened.branches.first().unwrap_or(&Vec::new())).with_context(could_not)?;
    let mut output = Output::default();
    for (name, value) in variables.iter() {
        output.push(name);
        output.push("=");
        output.push(value.bytes());
        output.push(end);
    }
    host.print(output.bytes())
}

fn get(host: &Host, source: &File, key: &str) -> Result<()> {
    let bytes = source.read(host)?;
    let could_not = || source.could_not("read");
    let opened = source.open(host, bytes).with_context(could_not)?;
    let path = place::path_in(opened.format, key).with_context(could_not)?;
    let first = opened.branches.first().map_or(&[][..], Vec::as_slice);
    let value = place::find(first, &path)
        .with_context(|| format!("there is no `{key}` in it"))
        .with_context(could_not)?;
    match value {
        Value::Leaf(leaf) => host.print(leaf.variable().bytes()),
        Value::Null => host.print(b"null"),
        Value::Branch(_) | Value::List(_) => {
            host.print(json_text(value).with_context(could_not)?.bytes())
        }
    }
}

fn list(host: &Host, source: &File) -> Result<()> {
    let bytes = source.read(host)?;
    let document = source.document(host, bytes).with_context(|| source.could_not("read"))?;
    let mut lines = String::new();
    for branch in document.branches() {
        push_names("", branch, &mut lines);
    }
    host.print(lines.as_bytes())
}

fn push_names(path: &str, branch: &[Entry], lines: &mut String) {
    for (name, value) in pairs(branch) {
        let name = format!("{path}{}", ui::escape(name));
        match value {
            Value::Branch(branch) if !branch.is_empty() => {
                push_names(&format!("{name}."), branch, lines);
            }
            _ => lines.extend([name.as_str(), "\n"]),
        }
    }
}

fn forget(host: &Host) -> Result<()> {
    let count = Keyring::forget().context("could not forget the keys that are kept")?;
    let what = match count {
        0 => "no key was kept".to_string(),
        1 => "1 key is forgotten".to_string(),
        _ => format!("{count} keys are forgotten"),
    };
    ui::note(host, &what);
    Ok(())
}
