//! The `omni-scale` binary: arguments in, exit code out.

fn main() -> std::process::ExitCode {
    omni_scale::cli::main()
}
