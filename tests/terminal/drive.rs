//! `drive!`: each scenario in each shell.

/// A test per shell for each scenario, a function of the same name; `posix:` leaves fish out.
macro_rules! drive {
    (posix: $($scenario:ident)+) => {$(
        mod $scenario {
            use crate::terminal::Shell;

            #[test]
            fn bash() {
                Shell::Bash.drive(super::$scenario);
            }

            #[test]
            fn zsh() {
                Shell::Zsh.drive(super::$scenario);
            }
        }
    )+};
    ($($scenario:ident)+) => {$(
        mod $scenario {
            use crate::terminal::Shell;

            #[test]
            fn bash() {
                Shell::Bash.drive(super::$scenario);
            }

            #[test]
            fn zsh() {
                Shell::Zsh.drive(super::$scenario);
            }

            #[test]
            fn fish() {
                Shell::Fish.drive(super::$scenario);
            }
        }
    )+};
}
