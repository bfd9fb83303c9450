"""Run livekit-wakeword 0.3.0's own `run_eval` and `wakemill eval` on the same files and compare
every key, within 1e-4.

usage: eval_parity.py WAKEMILL CONFIG.yaml [--json FILE] MODEL.onnx...
Run it where the configuration's relative paths start. Needs livekit-wakeword 0.3.0 and matplotlib,
not torch. The models are livekit-wakeword's or openWakeWord's (its 0.4.0 wheel has some), or those
of train_classifiers.py. A model named flat.onnx is compared with dynamic.onnx beside it, since
livekit-wakeword cannot feed flat rows.

`aut` depends on how livekit-wakeword's unstable sort leaves equal false positive rates, which
differs from processor to processor (NPY_DISABLE_CPU_FEATURES shows it). So beside the difference
the range that any order can give is shown; where it is wider than 1e-4, there are too few
negatives for the key to be defined that well, and a value within the range passes.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from unittest import mock

# Evaluation imports the trainer's package and uses none of torch.
for name in ("torch", "torch.nn", "torch.nn.functional", "torch.utils", "torch.utils.data",
             "torchaudio", "livekit.wakeword.data.generate"):
    sys.modules.setdefault(name, mock.MagicMock())
sys.modules["torch.utils.data"].IterableDataset = object

import numpy as np  # noqa: E402
from livekit.wakeword.config import load_config  # noqa: E402
from livekit.wakeword.eval import evaluate  # noqa: E402

TOLERANCE = 1e-4


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
    """Prints each key, and gives those that disagree."""
    low, high = aut_range(*curve)
    wrong = [key for key in theirs if key not in ours]
    for key, expected in theirs.items():
        difference = abs(ours.get(key, np.inf) - expected)
        passes = difference <= TOLERANCE
        note = ""
        if key == "aut":
            note = f"  any order of ties: {low:.6f} to {high:.6f}"
            within = low - TOLERANCE <= ours[key] <= high + TOLERANCE
            passes |= high - low > TOLERANCE and within
        print(f"  {key:18} {expected:<22} {ours.get(key)!s:<22} {difference:.1e}{note}")
        if not passes:
            wrong.append(key)
    return wrong


def main(arguments):
    report = None
    if "--json" in arguments:
        at = arguments.index("--json")
        report = arguments[at + 1]
        del arguments[at:at + 2]
    program, config_path, *models = arguments
    config = load_config(config_path)
    results = []
    for model in map(Path, models):
        theirs_model = model.with_name("dynamic.onnx") if model.stem == "flat" else model
        print(model)
        theirs, curve, livekit_seconds = livekit(config, theirs_model)
        ours, wakemill_seconds = wakemill(program, config_path, config, model)
        wrong = compare(theirs, ours, curve)
        print(f"  {'DISAGREE: ' + ', '.join(wrong) if wrong else 'agree'}; "
              f"livekit {livekit_seconds:.2f} s, wakemill {wakemill_seconds:.2f} s")
        results.append({"model": model.name, "disagree": wrong, "livekit": theirs,
                        "wakemill": {key: ours.get(key) for key in theirs}})
    if report:
        Path(report).write_text(json.dumps(results, indent=2) + "\n")
    return any(result["disagree"] for result in results)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
