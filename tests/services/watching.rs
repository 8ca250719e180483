//! Services that are restarted for files.

use super::Services;

fn watching(toml: &str) -> (Services, super::Fifo) {
    let services = Services::empty();
    let fifo = services.fifo("starts");
    services.project.write("envr.toml", toml.replace("FIFO", fifo.path()));
    services.allow();
    (services, fifo)
}

#[test]
fn a_change_of_what_is_meant_restarts() {
    let (services, mut starts) = watching(
        "[services.x]\ncommand = 'echo start >FIFO; exec sleep 1000'\n\
         watch = ['src/**/*.py', '!src/made/**', 'one.conf']\n\
         [services.other]\ncommand = 'exec sleep 1000'\n",
    );
    services.project.write("src/a.py", "1");
    services.up();
    assert_eq!(starts.line(), "start");
    let other = services.pid("other");
    services.project.write("src/a.py", "2");
    assert_eq!(starts.line(), "start");
    // In a directory that comes later, and a file that was not there.
    services.project.write("src/new/deep/b.py", "1");
    assert_eq!(starts.line(), "start");
    services.project.write("one.conf", "1");
    assert_eq!(starts.line(), "start");
    services.project.remove("one.conf");
    assert_eq!(starts.line(), "start");
    assert_eq!(services.pid("other"), other);
    let restarts =
        services.log("x").iter().filter(|line| line.contains("that it watches changed")).count();
    assert_eq!(restarts, 4);
    // What is not meant changes nothing: what comes after it is the next.
    services.project.write("src/a.txt", "1");
    services.project.write("src/made/c.py", "1");
    services.project.write("two.conf", "1");
    services.project.write("src/a.py", "3");
    assert_eq!(starts.line(), "start");
    assert_eq!(services.status("x")["restarts"], 5);
}

#[test]
fn a_directory_may_come_later() {
    let (services, mut starts) = watching(
        "[services.x]\ncommand = 'echo start >FIFO; exec sleep 1000'\nwatch = 'far/away/*'\n",
    );
    services.up();
    assert_eq!(starts.line(), "start");
    services.project.write("far/away/a", "1");
    assert_eq!(starts.line(), "start");
}

#[test]
fn what_failed_or_was_done_is_tried_again() {
    let (services, mut starts) = watching(
        "[services.x]\ncommand = 'echo x >FIFO; test -e good'\nwatch = 'good'\nrestart = 'never'\n\
         [services.y]\ncommand = 'cat input >FIFO'\nwatch = 'input'\noneshot = true\n\
         depends_on = { x = 'completed' }\n",
    );
    services.project.write("input", "one\n");
    services.run(["up", "-d"]);
    assert_eq!(starts.line(), "x");
    services.fail(["wait", "--for", "completed", "x"]);
    services.project.write("good", "");
    assert_eq!(starts.line(), "x");
    assert_eq!(starts.line(), "one");
    services.run(["wait", "--for", "completed", "y"]);
    services.project.write("input", "two\n");
    assert_eq!(starts.line(), "two");
    // Nobody wants it any more.
    services.run(["stop", "y"]);
    services.project.write("input", "three\n");
    services.run(["restart", "y"]);
    assert_eq!(starts.line(), "three");
    services.run(["wait", "--for", "completed", "y"]);
    assert_eq!(services.status("y")["restarts"], 2);
}
