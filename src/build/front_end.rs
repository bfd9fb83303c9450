//! The front end that a plan asks for.

use crate::config::location::Location;
use crate::config::plan::{Backend, Floor, Plan, Strategy};
use crate::frontend::{self, FrontEnd, FrontEndSpec, speech};
use crate::runtime::ModelError;

/// Loads the networks of a plan, fetched first if need be, which `notice` is
/// told; `batch` rows are expected to run at once.
///
/// # Errors
/// Those of [`FrontEnd::load`].
pub(super) fn load(
    plan: &Plan,
    batch: usize,
    notice: &mut dyn FnMut(&str),
) -> Result<FrontEnd, ModelError> {
    FrontEnd::load(&spec(plan, batch), notice)
}

/// What a plan asks of the front end.
fn spec(plan: &Plan, batch: usize) -> FrontEndSpec {
    let features = &plan.features;
    let path = |location: &Option<Location>| location.as_ref().map(|of| of.path.clone());
    FrontEndSpec {
        mel_model: path(&features.mel_model),
        embedding_model: path(&features.embedding_model),
        windows: speech::Windows {
            window: features.window,
            stride: features.stride,
            last: Some(features.timesteps),
        },
        strategy: match features.strategy {
            Strategy::Auto => frontend::Strategy::Auto,
            Strategy::Dense => frontend::Strategy::Dense,
            Strategy::Windows => frontend::Strategy::Windows,
        },
        backend: match features.backend {
            Backend::Auto => frontend::Backend::Auto,
            Backend::Native => frontend::Backend::Native,
            Backend::OnnxRuntime => frontend::Backend::OnnxRuntime,
        },
        providers: features.execution_providers.clone(),
        runtime_library: path(&plan.runtime_library),
        floor: match features.floor {
            Floor::Clip => frontend::Floor::Clip,
            Floor::Stream => frontend::Floor::Stream,
        },
        full_scale: features.input_scale.full_scale(),
        verify: features.verify,
        batch,
    }
}
