//! Execution providers: what can run a network.

use ort::ep::{self, ExecutionProvider as _, cuda::ConvAlgorithmSearch};
use ort::session::builder::SessionBuilder;

use super::error::ModelError;

/// An execution provider that is known by name.
#[derive(Clone, Copy)]
pub struct Provider {
    /// ONNX Runtime's name.
    pub name: &'static str,
    /// The short name.
    pub short: &'static str,
    /// Whether it is a device that wants batches of a fixed shape, rather than
    /// the CPU.
    pub is_accelerator: bool,
    /// Whether it copies from page-locked host memory of CUDA.
    pub(super) uses_cuda_memory: bool,
    has: fn() -> ort::Result<bool>,
    add: fn(&mut SessionBuilder) -> ort::Result<()>,
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// The CPU, which every runtime has.
pub const CPU: Provider = Provider {
    name: "CPUExecutionProvider",
    short: "cpu",
    is_accelerator: false,
    uses_cuda_memory: false,
    has: ep::CPU::is_available,
    add: |builder| {
        ep::CPU::default()
            .with_arena_allocator(true)
            .register(builder)
    },
};

/// Every provider that can be named.
pub const KNOWN: [Provider; 5] = [
    CPU,
    Provider {
        name: "CUDAExecutionProvider",
        short: "cuda",
        is_accelerator: true,
        uses_cuda_memory: true,
        has: ep::CUDA::is_available,
        // TensorFloat-32 keeps 10 bits of mantissa, and ONNX Runtime has it on.
        add: |builder| {
            ep::CUDA::default()
                .with_tf32(false)
                .with_conv_algorithm_search(ConvAlgorithmSearch::Heuristic)
                .register(builder)
        },
    },
    Provider {
        name: "TensorrtExecutionProvider",
        short: "tensorrt",
        is_accelerator: true,
        uses_cuda_memory: true,
        has: ep::TensorRT::is_available,
        add: |builder| ep::TensorRT::default().register(builder),
    },
    Provider {
        name: "OpenVINOExecutionProvider",
        short: "openvino",
        is_accelerator: true,
        uses_cuda_memory: false,
        has: ep::OpenVINO::is_available,
        add: |builder| ep::OpenVINO::default().register(builder),
    },
    Provider {
        name: "CoreMLExecutionProvider",
        short: "coreml",
        is_accelerator: true,
        uses_cuda_memory: false,
        has: ep::CoreML::is_available,
        add: |builder| ep::CoreML::default().register(builder),
    },
];

impl Provider {
    /// The provider of that name: ONNX Runtime's or the short one, upper or
    /// lower case.
    pub fn named(name: &str) -> Result<Self, ModelError> {
        KNOWN
            .into_iter()
            .find(|known| {
                known.name.eq_ignore_ascii_case(name) || known.short.eq_ignore_ascii_case(name)
            })
            .ok_or_else(|| ModelError::UnknownProvider {
                name: name.to_owned(),
                known: KNOWN.map(|known| known.short).join(", "),
            })
    }

    /// Whether the runtime that this process has loaded was built with it.
    pub(super) fn is_built_in(&self) -> bool {
        (self.has)().unwrap_or(false)
    }

    /// Adds it to a session; fails where its libraries cannot be loaded or its
    /// device is missing.
    pub(super) fn add_to(&self, builder: &mut SessionBuilder) -> ort::Result<()> {
        (self.add)(builder)
    }
}

#[cfg(test)]
mod tests;
