//! The `signalbox` binary: reads the command line and hands over.

use std::process::ExitCode;

/// Rendering a page is thousands of small allocations; the system's allocator took half of the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    signalbox::cli::main()
}
