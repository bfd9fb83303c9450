"""Make tests/golden/eval.json: scores, and the figures that livekit-wakeword 0.3.0's own run_eval
gives them. Needs livekit-wakeword and matplotlib, not torch.

usage: make_eval_golden.py
"""

import json
import sys
import tempfile
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).parent.parent / "parity"))
import eval_parity  # noqa: E402, F401  (stands in for torch)
import numpy as np  # noqa: E402
from livekit.wakeword.config import WakeWordConfig  # noqa: E402
from livekit.wakeword.eval import evaluate  # noqa: E402

# How many positives and negatives, how far apart and how wide their log odds are, and the target.
CASES = [(60, 200, 2.0, 2.0, 0.2), (60, 200, 4.0, 2.0, 20.0), (60, 200, -1.0, 2.0, 0.2),
         (40, 300, 1.0, 0.3, 500.0), (30, 100, 9.0, 3.0, 0.2)]


def falling(rates):
    """The indices that put equal false positive rates in the order of falling thresholds."""
    return np.arange(len(rates))[::-1]


def figures(folder, positives, negatives, target):
    config = WakeWordConfig(model_name="m", target_phrases=["m"], output_dir=str(folder),
                            data_dir=str(folder), target_fp_per_hour=target)
    config.model_output_dir.mkdir(exist_ok=True)
    (config.model_output_dir / "m.onnx").touch()
    rows = [np.zeros((len(scores), 16, 96), np.float32) for scores in (positives, negatives)]
    # livekit-wakeword's sort is unstable, so what it does with equal rates depends on the
    # processor: see area_under in src/eval/livekit.rs.
    with mock.patch.multiple(evaluate, _load_validation_features=lambda config: rows,
                             _predict_onnx=mock.Mock(side_effect=[positives, negatives]),
                             _plot_det_curve=mock.DEFAULT), \
            mock.patch.object(evaluate.ort, "InferenceSession"), \
            mock.patch.object(evaluate.np, "argsort", falling):
        return evaluate.run_eval(config, config.model_output_dir / "m.onnx")


def main():
    noise = np.random.default_rng(8)
    cases = []
    with tempfile.TemporaryDirectory() as folder:
        for n_positive, n_negative, apart, width, target in CASES:
            def scores(count, mean):
                odds = noise.normal(mean, width, count)
                # Many at a threshold exactly.
                return np.round(1 / (1 + np.exp(-odds)), 3).astype(np.float32)

            positives, negatives = scores(n_positive, apart / 2), scores(n_negative, -apart / 2)
            cases.append({"positives": positives.tolist(), "negatives": negatives.tolist(),
                          "target_fp_per_hour": target,
                          "livekit": figures(Path(folder), positives, negatives, target)})
    path = Path(__file__).parent / "eval.json"
    lines = ",\n".join(json.dumps(case) for case in cases)
    path.write_text(f"[\n{lines}\n]\n")
    print(path, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
