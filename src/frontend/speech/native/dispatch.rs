//! Runs an operation with the best instructions that this machine has.
//!
//! Kernels are plain Rust, marked `#[inline(always)]` down to the last helper:
//! the compiler then builds each of them once for every instruction set below.
//!
//! This is the only file of the kernels with unsafe code. Its one invariant:
//! an [`Isa`] of the kind `Avx2` exists only where the processor was found to
//! have AVX2 and FMA. The kind is private to this file, and [`Isa::detect`]
//! alone makes it.

#![allow(unsafe_code)]

/// Work that can be compiled for several instruction sets.
pub trait Operation {
    /// What it returns.
    type Output;

    /// Does the work. Implementations are `#[inline(always)]`, so that they
    /// inherit the features of the function that calls them. `FUSED` says that
    /// a fused multiply-add is one instruction.
    fn run<const FUSED: bool>(self) -> Self::Output;
}

/// The instruction set that kernels run with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Isa(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "aarch64")]
    Neon,
    Portable,
}

impl Isa {
    /// The best one of this machine.
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            return Self(Kind::Avx2);
        }
        #[cfg(target_arch = "aarch64")]
        return Self(Kind::Neon);
        #[cfg(not(target_arch = "aarch64"))]
        Self(Kind::Portable)
    }

    /// What every machine of this architecture can run.
    pub const fn portable() -> Self {
        Self(Kind::Portable)
    }

    /// Whether the kernels are faster than ONNX Runtime with it: it carries
    /// its own kernels for every instruction set, these need a fused
    /// multiply-add on vectors of at least four.
    pub fn is_fast(self) -> bool {
        self.0 != Kind::Portable
    }

    /// Its name, for a person.
    pub const fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "AVX2 and FMA",
            #[cfg(target_arch = "aarch64")]
            Kind::Neon => "NEON",
            Kind::Portable => "portable",
        }
    }

    /// Does the work with this instruction set.
    #[inline]
    pub fn run<O: Operation>(self, operation: O) -> O::Output {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the kind exists only where `detect` found both features.
            Kind::Avx2 => unsafe { with_avx2(operation) },
            // NEON and its fused multiply-add belong to every AArch64.
            #[cfg(target_arch = "aarch64")]
            Kind::Neon => operation.run::<true>(),
            Kind::Portable => operation.run::<false>(),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn with_avx2<O: Operation>(operation: O) -> O::Output {
    operation.run::<true>()
}
