"""Run livekit-wakeword 0.3.0's own `run_eval` and `wakemill eval` on the same files and compare
every key, within 1e-4.

usage: eval_parity.py WAKEMILL CONFIG.yaml [--json FILE] MODEL.onnx...
Run it where the configuration's relative paths start. Needs livekit-wakeword 0.3.0 and matplotlib,
not torch. The models are livekit-wakeword's or openWakeWord's (its 0.4.0 wheel has some), or those
of train_classifiers.py. A model named flat.onnx is compared with dynamic.onnx beside it, since
livekit-wakeword cannot feed flat rows.

livekit-wakeword's own `aut` is not well defined with few negatives: its unstable sort leaves equal
false positive rates in an order that differs from processor to processor
(NPY_DISABLE_CPU_FEATURES shows it), and the area with it, by more the fewer negatives there are.
So both read a copy of the configuration's features in which the negatives of the training splits
are added to those of the test splits, and fewer than 1,600 are refused. The range that any order
can give is shown beside `aut`. A model of more or fewer embeddings a row gets the same ones, cut
anew.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from unittest import mock

# Evaluation imports the trainer's package and uses none of torch.
for name in ("torch", "torch.nn", "torch.nn.functional", "torch.utils", "torch.utils.data",
             "torchaudio", "livekit.wakeword.data.generate"):
    sys.modules.setdefault(name, mock.MagicMock())
sys.modules["torch.utils.data"].IterableDataset = object

import numpy as np  # noqa: E402
import onnxruntime  # noqa: E402
import yaml  # noqa: E402
from livekit.wakeword.config import load_config  # noqa: E402
from livekit.wakeword.eval import evaluate  # noqa: E402

TOLERANCE = 1e-4
LEAST_NEGATIVES = 1600
EMBEDDING = 96


def steps_of(model):
    """How many embeddings a row the model takes."""
    dims = onnxruntime.InferenceSession(model).get_inputs()[0].shape[1:]
    if not all(isinstance(dim, int) for dim in dims):
        return 16
    return int(np.prod(dims)) // EMBEDDING


def cut(features, steps):
    """The same embeddings, in rows of that many."""
    if features.shape[1:] == (steps, EMBEDDING):
        return features
    rows = features.size // (steps * EMBEDDING)
    return features.reshape(-1, EMBEDDING)[:rows * steps].reshape(rows, steps, EMBEDDING)


def read(config, split, steps):
    """The rows of a split; none where there is no such file."""
    path = config.model_output_dir / f"{split}.npy"
    if not path.exists():
        return np.zeros((0, steps, EMBEDDING), np.float32)
    return cut(np.load(path), steps)


def write(config, folder, splits, flat=None):
    """A configuration in a folder of its own with these rows by split, and a stream of
    embeddings as the validation set; its path."""
    keys = {"model_name": config.model_name, "target_phrases": config.target_phrases,
            "target_fp_per_hour": config.target_fp_per_hour,
            "augmentation": {"clip_duration": config.augmentation.clip_duration},
            "output_dir": str(folder / "output"), "data_dir": str(folder / "data")}
    output = folder / "output" / config.model_name
    output.mkdir(parents=True, exist_ok=True)
    for split, rows in splits.items():
        np.save(output / f"{split}.npy", rows)
    if flat is not None:
        (folder / "data/features").mkdir(parents=True, exist_ok=True)
        np.save(folder / "data/features/validation_set_features.npy", flat)
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(keys))
    return path


def prepare(config, steps, folder):
    """A copy of the features with enough negatives; the path of its configuration."""
    splits = {"positive_features_test": read(config, "positive_features_test", steps)}
    for name in ("negative", "background_noise"):
        parts = [read(config, f"{name}_features_{split}", steps) for split in ("test", "train")]
        splits[f"{name}_features_test"] = np.concatenate(parts)
    negatives = sum(map(len, splits.values())) - len(splits["positive_features_test"])
    # livekit-wakeword cuts a stream into rows of 16 only.
    stream = config.data_path / "features/validation_set_features.npy"
    flat = np.load(stream) if stream.exists() and steps == 16 else None
    if flat is not None:
        negatives += flat.size // (steps * EMBEDDING)
    if negatives < LEAST_NEGATIVES:
        sys.exit(f"{negatives} negatives: too few to compare aut, which needs {LEAST_NEGATIVES}")
    return write(config, folder, splits, flat)


def livekit(config, model):
    """livekit-wakeword's figures, the points of its curve, and the seconds that it took."""
    curves = []

    def keep(fpr, fnr):
        curves.append((fpr, fnr))
        return compute(fpr, fnr)

    compute = evaluate._compute_aut
    started = time.perf_counter()
    with mock.patch.object(evaluate, "_compute_aut", keep):
        evaluate.run_eval(config, model)
    seconds = time.perf_counter() - started
    written = config.model_output_dir / f"{config.model_name}_eval.json"
    return json.loads(written.read_text()), curves[0], seconds


def wakemill(program, config_path, config, model):
    """wakemill's figures and the seconds that it took."""
    started = time.perf_counter()
    subprocess.run([program, "eval", config_path, "--model", str(model)], check=True,
                   stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - started
    written = config.model_output_dir / f"{config.model_name}_eval.json"
    return json.loads(written.read_text()), seconds


def aut_range(fpr, fnr):
    """The areas that the trapezoidal rule can give, over all orders of equal rates."""
    rates = np.unique(fpr)
    ends = [np.array([pick(fnr[fpr == rate]) for rate in rates]) for pick in (np.min, np.max)]
    return [float(np.trapezoid(end, rates)) for end in ends]


def compare(theirs, ours, curve):
    """Prints each key; gives the difference of each."""
    low, high = aut_range(*curve)
    differences = {key: abs(ours.get(key, np.inf) - expected) for key, expected in theirs.items()}
    for key, difference in differences.items():
        note = f"  any order of ties: {low:.6f} to {high:.6f}" if key == "aut" else ""
        print(f"  {key:18} {theirs[key]:<22} {ours.get(key)!s:<22} {difference:.1e}{note}")
    return differences


def main(arguments):
    report = None
    if "--json" in arguments:
        at = arguments.index("--json")
        report = arguments[at + 1]
        del arguments[at:at + 2]
    program, config_path, *models = arguments
    published = load_config(config_path)
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for model in map(Path, models):
            steps = steps_of(model)
            config_path = prepare(published, steps, Path(folder) / str(steps))
            results.append(result(program, config_path, model))
    if report:
        Path(report).write_text(json.dumps(results, indent=2) + "\n")
    print("largest differences:")
    for key in results[0]["differences"]:
        print(f"  {key:18} {max(result['differences'][key] for result in results):.1e}")
    return any(result["disagree"] for result in results)


def result(program, config_path, model):
    """What both give for a model."""
    config = load_config(config_path)
    theirs_model = model.with_name("dynamic.onnx") if model.stem == "flat" else model
    print(model)
    theirs, curve, livekit_seconds = livekit(config, theirs_model)
    ours, wakemill_seconds = wakemill(program, config_path, config, model)
    differences = compare(theirs, ours, curve)
    wrong = [key for key, difference in differences.items() if not difference <= TOLERANCE]
    print(f"  {'DISAGREE: ' + ', '.join(wrong) if wrong else 'agree'}; "
          f"livekit {livekit_seconds:.2f} s, wakemill {wakemill_seconds:.2f} s", flush=True)
    return {"model": model.name, "disagree": wrong, "differences": differences,
            "livekit": theirs, "wakemill": {key: ours.get(key) for key in theirs}}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
