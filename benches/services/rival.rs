//! The supervisors, each started and stopped as its users do.

use crate::world::{World, is_there, kill, now, tree};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

pub enum Rival {
    Envr(PathBuf),
    S6,
    Supervisord,
}

pub struct Running {
    /// In milliseconds.
    pub started: f64,
    child: Child,
    envr: Option<PathBuf>,
}

impl Rival {
    pub fn all() -> Vec<Self> {
        let envr = std::env::var_os("ENVR").expect("`ENVR` names the program");
        let mut rivals = vec![Self::Envr(envr.into())];
        for (program, rival) in [("s6-svscan", Self::S6), ("supervisord", Self::Supervisord)] {
            if is_there(program) {
                rivals.push(rival);
            } else {
                eprintln!("{program} is not installed: it is not measured");
            }
        }
        rivals
    }

    pub fn title(&self) -> String {
        match self {
            Self::Envr(_) => "envr, with logs".to_string(),
            Self::S6 => "s6-svscan, without logs".to_string(),
            Self::Supervisord => "supervisord, with logs".to_string(),
        }
    }

    pub fn start(&self, world: &World) -> Running {
        let mut command = match self {
            Self::Envr(program) => {
                assert!(envr(world, program).arg("allow").status().unwrap().success());
                let mut command = envr(world, program);
                command.arg("up");
                command
            }
            Self::S6 => {
                let mut command = Command::new("s6-svscan");
                command.arg(world.services());
                command
            }
            Self::Supervisord => {
                let file = world.root.path().join("supervisord.conf");
                std::fs::write(&file, configuration(world)).unwrap();
                let mut command = Command::new("supervisord");
                command.arg("-n").arg("-c").arg(file);
                command
            }
        };
        let started = now();
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let envr = if let Self::Envr(program) = self { Some(program.clone()) } else { None };
        Running { started, child, envr }
    }
}

impl Running {
    fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap()
    }

    /// All of the supervisor that is no service.
    pub fn processes(&self, services: &[i32]) -> Vec<i32> {
        tree(self.pid()).into_iter().filter(|pid| !services.contains(pid)).collect()
    }

    /// Until it has ended with all services.
    pub fn stop(&mut self, world: &World) {
        match &self.envr {
            Some(program) => {
                let down = envr(world, program).arg("down").stderr(Stdio::null()).status();
                assert!(down.unwrap().success());
            }
            None => kill(self.pid(), libc::SIGTERM),
        }
        self.child.wait().unwrap();
    }
}

fn envr(world: &World, program: &PathBuf) -> Command {
    let mut command = Command::new(program);
    command.current_dir(world.project()).env_clear().env("PATH", "/usr/bin:/bin");
    command.env("HOME", world.root.path().join("home"));
    command.env("XDG_RUNTIME_DIR", world.root.path().join("run"));
    command
}

fn configuration(world: &World) -> String {
    let root = world.root.path().display();
    let mut text = format!(
        "[supervisord]\nnodaemon=true\nuser=root\nlogfile={root}/log\npidfile={root}/pid\nchildlogdir={root}\n"
    );
    let mut services: Vec<PathBuf> =
        std::fs::read_dir(world.services()).unwrap().map(|entry| entry.unwrap().path()).collect();
    services.sort();
    for dir in services {
        let name = dir.file_name().unwrap().to_str().unwrap().to_string();
        let run = dir.join("run");
        writeln!(text, "[program:{name}]\ncommand={}\nautorestart=true", run.display()).unwrap();
    }
    text
}
