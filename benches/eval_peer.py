"""Time `wakemill eval` against livekit-wakeword 0.3.0's own `run_eval`, alternating, on the same
rows: real ones, repeated with a little noise.

usage: eval_peer.py WAKEMILL CONFIG.yaml ROWS RUNS FOLDER MODEL.onnx...
The configuration names a finished build; FOLDER gets a copy of its positives and ROWS negatives.
Prints one JSON line a model: seconds of each run and the ratio of the medians. Both are timed whole,
from reading the configuration to the last file written; livekit-wakeword without its imports.
"""

import json
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests/parity"))
import eval_parity as parity  # noqa: E402
import numpy as np  # noqa: E402


def prepare(config, steps, rows, folder):
    """A configuration of its own with that many negatives; its path."""
    positives = parity.read(config, "positive_features_test", steps)
    path = parity.write(config, folder, {"positive_features_test": positives})
    real = parity.read(config, "negative_features_train", steps)
    negatives = np.lib.format.open_memmap(
        folder / "output" / config.model_name / "negative_features_test.npy", "w+", np.float32,
        (rows, steps, parity.EMBEDDING))
    noise = np.random.default_rng(0)
    for start in range(0, rows, len(real)):
        block = negatives[start:start + len(real)]
        block[:] = real[:len(block)] + noise.normal(0, 0.5, block.shape)
    return path


def main(program, config, rows, runs, folder, *models):
    published = parity.load_config(config)
    paths = {}
    for model in map(Path, models):
        steps = parity.steps_of(model)
        if steps not in paths:
            features = Path(folder).absolute() / str(steps)
            paths[steps] = prepare(published, steps, int(rows), features)
        path = paths[steps]
        config = parity.load_config(path)
        times = {"livekit": [], "wakemill": []}
        for _ in range(int(runs)):
            times["livekit"].append(parity.livekit(config, model)[-1])
            times["wakemill"].append(parity.wakemill(program, path, config, model)[-1])
        medians = {name: statistics.median(seconds) for name, seconds in times.items()}
        print(json.dumps({"model": model.name, "rows": int(rows), **times,
                          "ratio": medians["livekit"] / medians["wakemill"]}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
