//! Has the linker put what runs at a prompt side by side: `dev/order` wrote down what that is.

#![expect(clippy::disallowed_methods, reason = "cargo asks in variables and listens to stdout")]

fn main() {
    println!("cargo::rerun-if-changed=src/prompt.ld");
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|it| it == value);
    if is("CARGO_CFG_TARGET_ENV", "musl") && is("CARGO_CFG_TARGET_ARCH", "x86_64") {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/prompt.ld");
        println!("cargo::rustc-link-arg-bin=envr=-T{script}");
        // musl's start-up of a static program protects no relocated data: the room for it is one more page.
        println!("cargo::rustc-link-arg-bin=envr=-Wl,-z,norelro");
    }
}
