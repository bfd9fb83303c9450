//! Both networks as kernels of this crate.

use std::sync::Arc;

use super::super::native::dispatch::Isa;
use super::super::native::embed::{EmbedKernel, EmbedScratch};
use super::super::native::mel::{MelKernel, MelScratch};
use super::super::native::recognise::{self, Unknown};
use super::super::provider::{self, Provider};
use super::super::{EmbedNet, MelNet, ModelError};
use super::{FrontEndSpec, ModelFiles, Strategy};

/// Both networks as kernels of this crate.
pub struct NativeNets {
    isa: Isa,
    mel: Arc<MelKernel>,
    embedding: Arc<EmbedKernel>,
    last: usize,
}

/// Why the kernels do not serve.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Another provider than the CPU comes first.
    #[error("the execution provider is {0}, and the native kernels run on the CPU")]
    Provider(&'static str),
    /// The embedding network is to run once a window.
    #[error("features.strategy is \"windows\", and the native kernels are dense")]
    Strategy,
    /// The windows are not those that the kernels embed.
    #[error("the native kernels embed windows of 76 frames every 8")]
    Windows,
    /// A network is another one.
    #[error("the native kernels do not know the {network} network: {difference}")]
    Unknown {
        /// Which network.
        network: &'static str,
        /// How it differs.
        difference: Unknown,
    },
    /// The processor lacks the instructions that make the kernels fast.
    #[error("ONNX Runtime is faster than the native kernels on this processor ({0})")]
    Slow(&'static str),
}

impl NativeNets {
    /// Checks that the kernels know the networks and are proven on this
    /// machine.
    pub fn load(
        spec: &FrontEndSpec,
        providers: &[Provider],
        files: &ModelFiles,
    ) -> Result<Self, Refusal> {
        if let Some(first) = providers
            .first()
            .filter(|first| first.name != provider::CPU.name)
        {
            return Err(Refusal::Provider(first.name));
        }
        if spec.strategy == Strategy::Windows {
            return Err(Refusal::Strategy);
        }
        if (spec.windows.window, spec.windows.stride) != (76, 8) {
            return Err(Refusal::Windows);
        }
        let unknown = |network| {
            move |difference| Refusal::Unknown {
                network,
                difference,
            }
        };
        let mel = recognise::mel(&files.mel.model).map_err(unknown("mel"))?;
        let embedding =
            recognise::embedding(&files.embedding.model).map_err(unknown("embedding"))?;
        let isa = Isa::detect();
        if !isa.is_fast() && spec.backend == super::Backend::Auto {
            return Err(Refusal::Slow(isa.name()));
        }
        Ok(Self {
            isa,
            mel: Arc::new(MelKernel::new(isa, &mel)),
            embedding: Arc::new(EmbedKernel::new(isa, &embedding)),
            last: spec.windows.last.unwrap_or(usize::MAX),
        })
    }
}

impl NativeNets {
    /// What the kernels run with.
    pub fn proof(&self) -> String {
        self.isa.name().to_owned()
    }

    /// A mel network for one worker.
    pub fn mel_net(&self) -> Box<dyn MelNet> {
        Box::new(NativeMel {
            scratch: self.mel.scratch(),
            kernel: Arc::clone(&self.mel),
        })
    }

    /// An embedding network for one worker.
    pub fn embed_net(&self) -> Box<dyn EmbedNet> {
        Box::new(NativeEmbed {
            scratch: EmbedScratch::new(),
            kernel: Arc::clone(&self.embedding),
            last: self.last,
        })
    }
}

struct NativeMel {
    kernel: Arc<MelKernel>,
    scratch: MelScratch,
}

impl MelNet for NativeMel {
    fn run(&mut self, audio: &[&[f32]], out: &mut [Vec<f32>]) -> Result<(), ModelError> {
        for (audio, out) in audio.iter().zip(out) {
            self.kernel.run(&mut self.scratch, audio, out);
        }
        Ok(())
    }
}

struct NativeEmbed {
    kernel: Arc<EmbedKernel>,
    scratch: EmbedScratch,
    last: usize,
}

impl EmbedNet for NativeEmbed {
    fn run(&mut self, mel: &[&[f32]], out: &mut [Vec<f32>]) -> Result<(), ModelError> {
        for (mel, out) in mel.iter().zip(out) {
            self.kernel.run_last(&mut self.scratch, mel, self.last, out);
        }
        Ok(())
    }
}
