//! One process at a prompt: started and waited for in a loop, the rivals in turn.

#![expect(
    unsafe_code,
    reason = "`posix_spawn` itself: std's way to it would be part of what is measured"
)]

use super::rival::Rival;
use super::world::{MANY, Variables, World};
use super::{Row, in_turn};
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

const ROUNDS: usize = 500;
/// An evaluation takes milliseconds; fewer of them do.
const SLOW_ROUNDS: usize = 100;

/// A prompt in `to` by a shell whose last one was in `from`.
struct Case {
    what: String,
    from: PathBuf,
    to: PathBuf,
    more_variables: usize,
    needs_envrc: bool,
    rounds: usize,
}

pub fn measure(world: &World, rivals: &[Rival]) -> Vec<Row> {
    cases(world).iter().map(|case| case.measure(world, rivals)).collect()
}

fn cases(world: &World) -> Vec<Case> {
    let case = |what: &str, from: &str, to: &str| Case {
        what: what.to_string(),
        from: world.path(from),
        to: world.path(to),
        more_variables: 0,
        needs_envrc: false,
        rounds: ROUNDS,
    };
    let deep = "away/2/3/4/5/6/7/8/9";
    let many = "300 more variables";
    let mut cases = vec![
        case("nothing to load, 1 level deep", "away", "away"),
        case("nothing to load, 9 levels deep", deep, deep),
        Case { more_variables: 300, ..case(&format!("nothing to load, {many}"), deep, deep) },
        case("unchanged", "project", "project"),
        Case { more_variables: 300, ..case(&format!("unchanged, {many}"), "project", "project") },
    ];
    for count in MANY {
        let project = format!("watching-{count}");
        let what = format!("unchanged, {count} watched files");
        cases.push(Case { needs_envrc: true, ..case(&what, &project, &project) });
    }
    cases.extend([
        case("leave", "project", deep),
        Case { more_variables: 300, ..case(&format!("leave, {many}"), "project", deep) },
        Case { rounds: SLOW_ROUNDS, ..case("enter, 5 variables", deep, "project") },
    ]);
    cases
}

impl Case {
    fn measure(&self, world: &World, rivals: &[Rival]) -> Row {
        // A shell says where it is, and envr makes a check of it.
        let at = |dir: &Path| {
            let mut variables = world.variables(self.more_variables);
            variables.insert("PWD".into(), dir.into());
            variables
        };
        let starts: Vec<Option<Start>> = rivals
            .iter()
            .map(|rival| {
                let can = rival.hook.is_none() || rival.reads_envrc || !self.needs_envrc;
                let mut variables = rival.after(&self.from, &at(&self.from));
                variables.insert("PWD".into(), self.to.clone().into());
                can.then(|| Start::new(&rival.program, rival.arguments, &variables))
            })
            .collect();
        std::env::set_current_dir(&self.to).expect("a directory of the bench");
        let micros = in_turn(&starts, self.rounds);
        Row { what: self.what.clone(), micros }
    }
}

/// All that a start needs, made ready before the clock runs.
pub struct Start {
    program: CString,
    arguments: Vec<CString>,
    variables: Vec<CString>,
}

impl Start {
    pub fn new(program: &Path, arguments: &[&str], variables: &Variables) -> Self {
        let text = |bytes: Vec<u8>| CString::new(bytes).expect("no byte of it is zero");
        let path = |path: &Path| text(path.as_os_str().as_bytes().to_vec());
        let given = arguments.iter().map(|argument| text(argument.as_bytes().to_vec()));
        let pair = |(name, value): (&std::ffi::OsString, &std::ffi::OsString)| {
            text([name.as_bytes(), b"=", value.as_bytes()].concat())
        };
        Self {
            program: path(program),
            arguments: std::iter::once(path(program)).chain(given).collect(),
            variables: variables.iter().map(pair).collect(),
        }
    }

    /// Microseconds from the start to the end.
    pub fn run(&self) -> f64 {
        let list = |strings: &[CString]| -> Vec<*mut libc::c_char> {
            let pointers = strings.iter().map(|string| string.as_ptr().cast_mut());
            pointers.chain([std::ptr::null_mut()]).collect()
        };
        let (arguments, variables) = (list(&self.arguments), list(&self.variables));
        let mut files = std::mem::MaybeUninit::uninit();
        let (mut child, mut status) = (0, 0);
        // SAFETY: every pointer is to a live value of the type that the call wants, and lists end with a null.
        unsafe {
            libc::posix_spawn_file_actions_init(files.as_mut_ptr());
            for fd in 0..3 {
                libc::posix_spawn_file_actions_addopen(
                    files.as_mut_ptr(),
                    fd,
                    c"/dev/null".as_ptr(),
                    libc::O_RDWR,
                    0,
                );
            }
            let clock = Instant::now();
            let error = libc::posix_spawn(
                &raw mut child,
                self.program.as_ptr(),
                files.as_ptr(),
                std::ptr::null(),
                arguments.as_ptr(),
                variables.as_ptr(),
            );
            assert_eq!(error, 0, "{} does not start", self.program.to_string_lossy());
            libc::waitpid(child, &raw mut status, 0);
            let time = clock.elapsed().as_secs_f64() * 1e6;
            libc::posix_spawn_file_actions_destroy(files.as_mut_ptr());
            assert_eq!(status, 0, "{} fails", self.program.to_string_lossy());
            time
        }
    }
}
