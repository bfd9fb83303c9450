//! One network in one ONNX Runtime session: float tensor in, float tensor out.

use std::path::Path;
use std::sync::Arc;

use ort::memory::{AllocationDevice, Allocator, AllocatorType, MemoryInfo, MemoryType};
use ort::session::builder::{AutoDevicePolicy, GraphOptimizationLevel, SessionBuilder};
use ort::session::{IoBinding, Session};
use ort::value::{Tensor, TensorRef};

use super::error::ModelError;
use super::library::Runtime;
use super::packages;
use super::provider::Provider;

/// A network with one input and one output, owned by one worker.
///
/// The runtime copies weights into its own layout for each session (about
/// 1.5 MB for the embedding network), so there is nothing worth sharing.
pub struct Network {
    // Before the session, since it refers to it.
    bound: Option<Bound>,
    session: Session,
    provider: Provider,
    path: Arc<Path>,
}

/// Tensors of one shape that stay where the device reads and writes them.
struct Bound {
    binding: IoBinding,
    input: Tensor<f32>,
    shape: Vec<usize>,
}

impl Network {
    /// Opens a session on an ONNX model's bytes; `path` is for errors.
    pub fn open(
        runtime: &Runtime,
        provider: Provider,
        bytes: &[u8],
        path: &Arc<Path>,
    ) -> Result<Self, ModelError> {
        let session_error = |error: ort::Error| ModelError::Session {
            path: path.to_path_buf(),
            reason: reason(&error),
        };
        let mut builder = options(runtime).map_err(session_error)?;
        provider
            .add_to(&mut builder)
            .map_err(|error| provider_error(provider, &error))?;
        let session = builder.commit_from_memory(bytes).map_err(session_error)?;
        Ok(Self {
            bound: None,
            session,
            provider,
            path: Arc::clone(path),
        })
    }

    /// Runs on `data` of that shape, without copying it; `read` is given the
    /// output in C order.
    pub fn run<R>(
        &mut self,
        shape: &[usize],
        data: &[f32],
        read: impl FnOnce(&[f32]) -> R,
    ) -> Result<R, ModelError> {
        self.try_run(shape, data, read)
            .map_err(|error| run_error(&self.path, &error))
    }

    fn try_run<R>(
        &mut self,
        shape: &[usize],
        data: &[f32],
        read: impl FnOnce(&[f32]) -> R,
    ) -> ort::Result<R> {
        let input = TensorRef::from_array_view((shape, data))?;
        let outputs = self.session.run(ort::inputs![input])?;
        let (_, output) = outputs[0].try_extract_tensor::<f32>()?;
        Ok(read(output))
    }

    /// Runs on a tensor that stays allocated while the shape stays the same, in
    /// memory that the device copies from directly. `fill` writes the input.
    pub fn run_bound<R>(
        &mut self,
        shape: &[usize],
        fill: impl FnOnce(&mut [f32]),
        read: impl FnOnce(&[f32]) -> R,
    ) -> Result<R, ModelError> {
        self.try_run_bound(shape, fill, read)
            .map_err(|error| run_error(&self.path, &error))
    }

    fn try_run_bound<R>(
        &mut self,
        shape: &[usize],
        fill: impl FnOnce(&mut [f32]),
        read: impl FnOnce(&[f32]) -> R,
    ) -> ort::Result<R> {
        let mut bound = match self.bound.take().filter(|bound| bound.shape == shape) {
            Some(bound) => bound,
            None => bind(&self.session, self.provider, shape)?,
        };
        fill(bound.input.extract_tensor_mut().1);
        // Binding the input is what copies it to the device.
        let name = self.session.inputs()[0].name().to_owned();
        bound.binding.bind_input(name, &bound.input)?;
        let result = {
            let outputs = self.session.run_binding(&bound.binding)?;
            bound.binding.synchronize_outputs()?;
            let (_, output) = outputs[0].try_extract_tensor::<f32>()?;
            read(output)
        };
        self.bound = Some(bound);
        Ok(result)
    }
}

fn options(runtime: &Runtime) -> ort::Result<SessionBuilder> {
    let builder = Session::builder(&runtime.environment)?
        .with_intra_threads(1)?
        .with_inter_threads(1)?
        .with_intra_op_spinning(false)?
        .with_inter_op_spinning(false)?
        .with_parallel_execution(false)?
        // Only this level keeps channels in blocks from layer to layer: 1.2
        // times as fast as the one below.
        .with_optimization_level(GraphOptimizationLevel::All)?
        // A pattern is kept for each length of clip for ever, and saves nothing.
        .with_memory_pattern(false)?
        // Nothing but the provider that is added afterwards.
        .with_auto_device(AutoDevicePolicy::PreferCPU)?;
    Ok(builder)
}

fn bind(session: &Session, provider: Provider, shape: &[usize]) -> ort::Result<Bound> {
    let device = if provider.uses_cuda_memory {
        AllocationDevice::CUDA_PINNED
    } else {
        AllocationDevice::CPU
    };
    let memory = |kind| MemoryInfo::new(device.clone(), 0, AllocatorType::Device, kind);
    let allocator = Allocator::new(session, memory(MemoryType::CPUInput)?)?;
    let mut binding = session.create_binding()?;
    binding.bind_output_to_device(session.outputs()[0].name(), &memory(MemoryType::CPUOutput)?)?;
    Ok(Bound {
        binding,
        input: Tensor::new(&allocator, shape)?,
        shape: shape.to_vec(),
    })
}

fn run_error(path: &Path, error: &ort::Error) -> ModelError {
    ModelError::Run {
        path: path.to_owned(),
        reason: reason(error),
    }
}

fn provider_error(provider: Provider, error: &ort::Error) -> ModelError {
    let mut reason = reason(error);
    if provider.uses_cuda_memory && reason.contains("shared object") {
        reason = format!(
            "{reason}; `{}` installs NVIDIA's libraries into the active Python environment",
            packages::INSTALL_CUDA
        );
    }
    ModelError::Provider {
        name: provider.name,
        reason,
    }
}

/// What the runtime says, without the place in its source: that comes first,
/// up to the kind of error.
fn reason(error: &ort::Error) -> String {
    let message = error.message();
    let said = ["FAIL : ", "EXCEPTION : "]
        .iter()
        .find_map(|kind| message.rsplit_once(kind))
        .map_or(message, |(_, said)| said);
    said.trim().replace('\n', " ")
}
