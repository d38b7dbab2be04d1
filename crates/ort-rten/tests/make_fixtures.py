#!/usr/bin/env python3
"""Write tests/fixtures/: reference results of ONNX Runtime, and tiny models.

Only needed when the bundled model or the sentences change:

    pip install numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 tokenizers==0.23.3
    python make_fixtures.py
"""

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer

HERE = Path(__file__).resolve().parent
OUT = HERE / "fixtures"
MODEL = HERE.parents[2] / "models" / "all-MiniLM-L6-v2"

SENTENCES = [
    "",
    "Hello",
    "How do I reset my password?",
    "where is my order",
    "Do therapists cry over their clients?",
    "The quick brown fox jumps over the lazy dog.",
    "WHY IS EVERYTHING IN CAPITALS???",
    "e-mail me at somebody@example.com or call +1 (555) 010-0000",
    "error 0x80070057: the parameter is incorrect",
    "I'm 😀 happy 🎉 with my 🐶",
    "Crème brûlée à la carte, s'il vous plaît",
    "Größenwahn und Übermut",
    "¿Cuánto cuesta el envío a España?",
    "如何重置我的密码？",
    "パスワードを忘れました",
    "Как мне вернуть товар?",
    "   leading, trailing   and    inner   spaces   ",
    "line one\nline two\ttabbed",
    "pneumonoultramicroscopicsilicovolcanoconiosis",
    " ".join(f"word{i % 17} number {i}" for i in range(67))[:1100],
]


def session(model: bytes | Path) -> onnxruntime.InferenceSession:
    source = model if isinstance(model, bytes) else str(model)
    options = onnxruntime.SessionOptions()
    # The graph as it is written. Optimised, ONNX Runtime replaces DequantizeLinear + MatMul by a
    # kernel that rounds the activations to int8 as well: another computation (cosine 0.9997).
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def sentences() -> None:
    tokenizer = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    tokenizer.enable_truncation(256)
    tokenizer.no_padding()
    model = session(MODEL / "model.onnx")
    rows = []
    for text in SENTENCES:
        encoding = tokenizer.encode(text)
        feed = {
            "input_ids": np.array([encoding.ids]),
            "attention_mask": np.array([encoding.attention_mask]),
            "token_type_ids": np.array([encoding.type_ids]),
        }
        (hidden,) = model.run(None, feed)
        row = hidden[0].mean(0)
        row /= np.linalg.norm(row)
        rows.append({"text": text, "vector": [float(f"{value:.6g}") for value in row]})
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (OUT / "sentences.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def tiny_tokenizer() -> Tokenizer:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "cats", "dogs", "sleep", "bark", "a", "lot", "why", "do", "rain"]
    return Tokenizer.from_str(
        json.dumps(
            {
                "version": "1.0",
                "truncation": None,
                "padding": None,
                "added_tokens": [],
                "normalizer": {"type": "Lowercase"},
                "pre_tokenizer": {"type": "Whitespace"},
                "post_processor": {
                    "type": "BertProcessing",
                    "sep": ["[SEP]", words.index("[SEP]")],
                    "cls": ["[CLS]", words.index("[CLS]")],
                },
                "decoder": None,
                "model": {"type": "WordLevel", "unk_token": "[UNK]", "vocab": {w: i for i, w in enumerate(words)}},
            }
        )
    )


def value(name: str, element: int, shape: list) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, element, shape)


def model(nodes, inputs, outputs, initializers=(), domains=()) -> onnx.ModelProto:
    graph = helper.make_graph(nodes, "test", inputs, outputs, list(initializers))
    opsets = [helper.make_opsetid("", 17), *(helper.make_opsetid(domain, 1) for domain in domains)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="make_fixtures.py")


def reranker() -> None:
    """A cross-encoder in miniature: embeddings by token and segment, masked mean, one logit."""
    tokenizer = tiny_tokenizer()
    random = np.random.default_rng(7)
    constants = {
        "words": random.normal(size=(tokenizer.get_vocab_size(), 8)).astype(np.float32),
        "segments": random.normal(size=(2, 8)).astype(np.float32),
        "mixing": random.normal(size=(8, 8)).astype(np.float32),
        "weight": random.normal(size=(8, 1)).astype(np.float32),
        "last": np.array([2]),
        "axis": np.array([1]),
    }
    nodes = [
        helper.make_node("Gather", ["words", "input_ids"], ["w"]),
        helper.make_node("Gather", ["segments", "token_type_ids"], ["s"]),
        helper.make_node("Mul", ["w", "s"], ["ws"]),
        helper.make_node("MatMul", ["ws", "mixing"], ["mixed"]),
        helper.make_node("Tanh", ["mixed"], ["x"]),
        helper.make_node("Cast", ["attention_mask"], ["m"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["m", "last"], ["mask"]),
        helper.make_node("Mul", ["x", "mask"], ["masked"]),
        helper.make_node("ReduceSum", ["masked", "axis"], ["sum"], keepdims=0),
        helper.make_node("ReduceSum", ["mask", "axis"], ["count"], keepdims=0),
        helper.make_node("Div", ["sum", "count"], ["mean"]),
        helper.make_node("MatMul", ["mean", "weight"], ["logits"]),
    ]
    proto = model(
        nodes,
        [value(n, TensorProto.INT64, ["batch", "length"]) for n in ("input_ids", "attention_mask", "token_type_ids")],
        [value("logits", TensorProto.FLOAT, ["batch", 1])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    folder = OUT / "reranker"
    folder.mkdir(exist_ok=True)
    onnx.save(proto, folder / "model.onnx")
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    (folder / "config.json").write_text('{"pad_token_id": 0}\n')
    (folder / "special_tokens_map.json").write_text('{"pad_token": "[PAD]"}\n')
    (folder / "tokenizer_config.json").write_text('{"model_max_length": 64, "pad_token": "[PAD]"}\n')

    query = "why do cats sleep a lot"
    documents = ["cats sleep a lot", "dogs bark", "rain", "why do dogs sleep", "something unknown"]
    tokenizer.enable_padding(pad_id=0, pad_token="[PAD]")
    encodings = tokenizer.encode_batch([(query, document) for document in documents])
    (logits,) = session(proto.SerializeToString()).run(
        None,
        {
            "input_ids": np.array([e.ids for e in encodings]),
            "attention_mask": np.array([e.attention_mask for e in encodings]),
            "token_type_ids": np.array([e.type_ids for e in encodings]),
        },
    )
    expected = {"query": query, "documents": documents, "scores": [float(x) for x in logits[:, 0]]}
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


def small_models() -> None:
    f32, i64, boolean = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL

    # Every element type that callers see and the engine computes as another.
    nodes = [
        helper.make_node("Add", ["ids", "ids"], ["doubled"]),
        helper.make_node("Greater", ["ids", "zero"], ["positive"]),
        helper.make_node("And", ["positive", "keep"], ["kept"]),
    ]
    proto = model(
        nodes,
        [value("ids", i64, ["batch", 3]), value("keep", boolean, ["batch", 3])],
        [value("doubled", i64, ["batch", 3]), value("kept", boolean, ["batch", 3])],
        [numpy_helper.from_array(np.array(0), "zero")],
    )
    onnx.save(proto, OUT / "integers.onnx")

    # A table of five rows, looked up by id: an id out of the vocabulary must be an error.
    table = numpy_helper.from_array(np.arange(10, dtype=np.float32).reshape(5, 2), "table")
    proto = model(
        [helper.make_node("Gather", ["table", "ids"], ["rows"])],
        [value("ids", i64, ["n"])],
        [value("rows", f32, ["n", 2])],
        [table],
    )
    onnx.save(proto, OUT / "lookup.onnx")

    # The same with its table in a file of its own.
    onnx.save(
        proto,
        OUT / "external.onnx",
        save_as_external_data=True,
        location="external.data",
        size_threshold=0,
        convert_attribute=False,
    )

    # An operator that ONNX Runtime fuses into its own files and that rten does not have.
    proto = model(
        [helper.make_node("Attention", ["x", "w", "b"], ["y"], domain="com.microsoft", num_heads=1, name="fused")],
        [value("x", f32, ["batch", "length", 2])],
        [value("y", f32, ["batch", "length", 2])],
        [
            numpy_helper.from_array(np.ones((2, 6), np.float32), "w"),
            numpy_helper.from_array(np.zeros(6, np.float32), "b"),
        ],
        ["com.microsoft"],
    )
    onnx.save(proto, OUT / "contrib.onnx")

    # An input that the engine has no type for.
    proto = model(
        [helper.make_node("Identity", ["text"], ["same"])],
        [value("text", TensorProto.STRING, [1])],
        [value("same", TensorProto.STRING, [1])],
    )
    onnx.save(proto, OUT / "strings.onnx")


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    sentences()
    reranker()
    small_models()
