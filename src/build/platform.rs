//! What of a machine the bytes of a data set depend on.

use crate::frontend::{Backend, FrontEnd};

/// What of this machine the bytes depend on: architecture, system, family of the C
/// library, and the instruction set. The native kernels, and the transforms of
/// `rustfft`, give the same bytes wherever there are AVX2 and FMA, whatever else
/// there is; ONNX Runtime chooses kernels by more than that.
pub(super) fn platform(front_end: &FrontEnd) -> String {
    let native = front_end.report().backend == Backend::Native;
    let library = match cfg!(target_env = "musl") {
        true => "musl",
        false => "gnu",
    };
    let library = if cfg!(target_os = "linux") {
        library
    } else {
        "system"
    };
    [
        std::env::consts::ARCH,
        std::env::consts::OS,
        library,
        &instructions(native),
    ]
    .join(" ")
}

#[cfg(target_arch = "x86_64")]
fn instructions(native: bool) -> String {
    let fused = is_x86_feature_detected!("fma");
    let level = if fused && is_x86_feature_detected!("avx2") {
        "AVX2 and FMA"
    } else if fused && is_x86_feature_detected!("avx") {
        "AVX and FMA"
    } else if is_x86_feature_detected!("sse4.1") {
        "SSE4.1"
    } else {
        "SSE2"
    };
    let more = match native {
        true => "",
        false if is_x86_feature_detected!("avx512f") => ", AVX-512",
        false if is_x86_feature_detected!("avx") => ", AVX",
        false => "",
    };
    format!("{level}{more}")
}

#[cfg(not(target_arch = "x86_64"))]
fn instructions(_: bool) -> String {
    "baseline".to_owned()
}
