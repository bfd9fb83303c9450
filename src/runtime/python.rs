//! The Python interpreter of the user: it fetches packages, and it may hold a
//! runtime.

use std::path::PathBuf;
use std::process::Command;

/// Interpreters to try, in this order.
const INTERPRETERS: [&str; 2] = ["python3", "python"];
/// Where a system has its own: an environment in front of it may have no pip.
const SYSTEM: [&str; 2] = ["/usr/bin/python3", "/usr/local/bin/python3"];

/// The first interpreter that can run pip.
pub fn with_pip() -> Option<&'static str> {
    let all = INTERPRETERS.into_iter().chain(SYSTEM);
    let mut with_pip = all.filter(|python| output(python, &["-m", "pip", "--version"]).is_some());
    with_pip.next()
}

/// The folders that `expression` prints, one a line, in the first interpreter
/// there is; empty where there is none or it fails.
pub fn folders(program: &str) -> Vec<PathBuf> {
    INTERPRETERS
        .into_iter()
        .find_map(|python| output(python, &["-c", program]))
        .unwrap_or_default()
        .lines()
        .map(PathBuf::from)
        .filter(|folder| folder.is_dir())
        .collect()
}

/// Where the `onnxruntime` package keeps its libraries. Finds the package
/// without importing it, which would take a second.
pub const ONNXRUNTIME_FOLDERS: &str = "\
import importlib.util, os
spec = importlib.util.find_spec('onnxruntime')
for root in (spec and spec.submodule_search_locations) or []:
    print(os.path.join(root, 'capi'))";

/// Where the `nvidia-*` packages keep their libraries.
pub const NVIDIA_FOLDERS: &str = "\
import glob, importlib.util, os
spec = importlib.util.find_spec('nvidia')
for root in (spec and spec.submodule_search_locations) or []:
    for folder in sorted(glob.glob(os.path.join(root, '**', 'lib'), recursive=True)):
        print(folder)";

/// An interpreter, whose pip need not be an environment's: it downloads into a
/// folder of ours, and installs nothing.
pub fn command(python: &str) -> Command {
    let mut command = Command::new(python);
    command.env("PIP_REQUIRE_VIRTUALENV", "false");
    command
}

fn output(python: &str, arguments: &[&str]) -> Option<String> {
    let output = command(python).args(arguments).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
