"""Train small classifiers on the features of a livekit-wakeword configuration and export them as
ONNX: for tests/parity/eval_parity.py, and as examples of the shapes that `wakemill eval` takes.

usage: train_classifiers.py CONFIG.yaml FOLDER
Needs numpy, onnx, PyYAML and scikit-learn. Writes
  dynamic.onnx  two layers, (batch, 16, 96) to (batch, 1)
  flat.onnx     the same, (batch, 1536) to (batch, 1)
  baked.onnx    logistic regression, (1, 16, 96) to (1, 1)
"""

import sys
from pathlib import Path

import numpy as np
import onnx
import yaml
from onnx import TensorProto, helper, numpy_helper
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

STEPS, EMBEDDING = 16, 96


def read(folder, names):
    rows = [np.load(folder / f"{name}_features_train.npy") for name in names]
    return np.concatenate(rows).astype(np.float32)


def layers(weights, biases):
    """Gemm after Gemm, ReLU between them, logistic function last."""
    nodes, constants = [helper.make_node("Flatten", ["embeddings"], ["x0"], axis=1)], []
    for i, (weight, bias) in enumerate(zip(weights, biases)):
        constants.append(numpy_helper.from_array(weight.astype(np.float32), f"w{i}"))
        constants.append(numpy_helper.from_array(bias.astype(np.float32), f"b{i}"))
        nodes.append(helper.make_node("Gemm", [f"x{i}", f"w{i}", f"b{i}"], [f"g{i}"]))
        last = i + 1 == len(weights)
        nodes.append(helper.make_node("Sigmoid" if last else "Relu", [f"g{i}"],
                                      ["score" if last else f"x{i + 1}"]))
    return nodes, constants


def export(path, shape, nodes, constants):
    graph = helper.make_graph(
        nodes, path.stem,
        [helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, [shape[0], 1])],
        constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    print(path, path.stat().st_size, "bytes")


def unscaled(weight, bias, mean, scale):
    """A first layer, for features that are not standardised."""
    return weight / scale[:, None], bias - (mean / scale) @ weight


def network(x, y):
    """Two layers that tell rows apart: their weights and biases."""
    mean, scale = x.mean(0), x.std(0) + 1e-3
    net = MLPClassifier((24,), alpha=1.0, max_iter=60, random_state=0).fit((x - mean) / scale, y)
    weight, bias = unscaled(net.coefs_[0], net.intercepts_[0], mean, scale)
    return [weight, net.coefs_[1]], [bias, net.intercepts_[1]]


def main(config, folder):
    keys = yaml.safe_load(Path(config).read_text())
    features = Path(keys.get("output_dir", "./output")) / keys["model_name"]
    positives = read(features, ["positive"])
    negatives = read(features, ["negative", "background_noise"])
    x = np.concatenate([positives, negatives]).reshape(-1, STEPS * EMBEDDING)
    y = np.repeat([1, 0], [len(positives), len(negatives)])
    mean, scale = x.mean(0), x.std(0) + 1e-3
    folder.mkdir(parents=True, exist_ok=True)

    nodes, constants = layers(*network(x, y))
    export(folder / "dynamic.onnx", ["batch", STEPS, EMBEDDING], nodes, constants)
    export(folder / "flat.onnx", ["batch", STEPS * EMBEDDING], nodes, constants)

    line = LogisticRegression(C=0.001, max_iter=500).fit((x - mean) / scale, y)
    weight, bias = unscaled(line.coef_.T, line.intercept_, mean, scale)
    export(folder / "baked.onnx", [1, STEPS, EMBEDDING], *layers([weight], [bias]))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
