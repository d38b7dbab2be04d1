#!/usr/bin/env python3
"""Broken and hostile models: a tiny one with operators, shapes, types and bytes changed. Run by hand:

    pip install onnx numpy
    cargo build --release && python3 tests/faults/models.py target/release/faqbot

Each must end with an answer or an error: no abort, no endless loop (30 s), with 8 GiB of address space. A panic of the
engine that is caught is counted apart. docs/robustness.md has the figures.
"""

import copy
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile

import numpy as np
from onnx import TensorProto, helper, numpy_helper

FAQBOT = os.path.abspath(sys.argv[1])
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OPERATORS = """Relu Tile Expand Range Pad Resize ConstantOfShape Split Slice Concat Loop If Scan Einsum TopK OneHot GatherND
ScatterND Transpose Squeeze Unsqueeze CumSum Where Conv MaxPool LayerNormalization Softmax ReduceMean Trilu NonZero""".split()

numbers = np.random.default_rng(0)
choice = random.Random(1)


def tiny():
    """An embedding model of 8 dimensions for the bundled tokenizer."""
    weights = [
        numpy_helper.from_array(numbers.normal(size=(30522, 8)).astype(np.float32), "W"),
        numpy_helper.from_array(numbers.normal(size=(8, 8)).astype(np.float32), "M"),
        numpy_helper.from_array(np.array([1, 1, 8], np.int64), "shape"),
    ]
    nodes = [
        helper.make_node("Gather", ["W", "input_ids"], ["a"]),
        helper.make_node("MatMul", ["a", "M"], ["b"]),
        helper.make_node("Relu", ["b"], ["c"]),
        helper.make_node("Shape", ["c"], ["d"]),
        helper.make_node("Reshape", ["c", "d"], ["e"]),
        helper.make_node("ConstantOfShape", ["shape"], ["f"]),
        helper.make_node("Add", ["e", "f"], ["last_hidden_state"]),
    ]
    port = helper.make_tensor_value_info
    inputs = [port(name, TensorProto.INT64, ["b", "l"]) for name in ("input_ids", "attention_mask", "token_type_ids")]
    graph = helper.make_graph(nodes, "g", inputs, [port("last_hidden_state", TensorProto.FLOAT, ["b", "l", 8])], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def changed():
    base = tiny()

    def with_change(change):
        model = copy.deepcopy(base)
        change(model)
        return model.SerializeToString()

    def weight(model, name):
        return next(weight for weight in model.graph.initializer if weight.name == name)

    yield "unchanged", base.SerializeToString()
    for operator in OPERATORS:
        for at in range(len(base.graph.node)):
            if choice.random() < 0.5:
                yield f"{operator} at {at}", with_change(lambda model: setattr(model.graph.node[at], "op_type", operator))
    yield "a circle", with_change(lambda model: model.graph.node[1].input.__setitem__(0, "last_hidden_state"))
    for dims in [[1 << 40], [1 << 31, 1 << 31], [-5, 3], [0, 1 << 62], [1 << 20, 1 << 20, 8], [1 << 62]]:
        shape = numpy_helper.from_array(np.array(dims, np.int64), "shape")
        yield f"the shape {dims}", with_change(lambda model: weight(model, "shape").CopyFrom(shape))
    for name, dims in [("W", [1 << 40, 8]), ("W", [-1, 8]), ("M", [8, 1 << 50]), ("M", [1 << 33, 1 << 33]), ("W", [30522]),
                       ("M", [3, 3]), ("W", [])]:
        def change(model):
            del weight(model, name).dims[:]
            weight(model, name).dims.extend(dims)
        yield f"{name} with {dims}", with_change(change)
    for element in range(1, 24):
        yield f"element type {element}", with_change(lambda model: setattr(model.graph.initializer[0], "data_type", element))
    raw = base.SerializeToString()
    for number in range(80):
        data = bytearray(raw)
        for _ in range(choice.randint(1, 4)):
            # The structure is at the ends; between them are weights.
            place = choice.choice([choice.randrange(700), choice.randrange(len(raw) - 900, len(raw)), choice.randrange(len(raw))])
            data[place] = choice.randrange(256)
        yield f"bytes {number}", bytes(data)
    for number in range(20):
        yield f"cut {number}", raw[:choice.randrange(len(raw))]


def limit():
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))


folder = tempfile.mkdtemp(prefix="faqbot-models-")
shutil.copytree(f"{ROOT}/models/all-MiniLM-L6-v2", folder, dirs_exist_ok=True)
with open(folder + "/faq.yaml", "w") as file:
    file.write("- {question: Where is it?, answer: Here.}\n- {question: Who are you?, answer: Me.}\n")
tries, caught, failures = 0, 0, []
for name, data in changed():
    tries += 1
    open(folder + "/model.onnx", "wb").write(data)
    command = [FAQBOT, "ask", "--model-dir", folder, "--no-cache", "--faq", folder + "/faq.yaml", "where is it then"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, preexec_fn=limit,
                              env={"HOME": folder, "PATH": os.environ["PATH"]})
    except subprocess.TimeoutExpired:
        failures.append((name, "more than 30 s"))
        continue
    caught += "panicked" in done.stderr
    if done.returncode not in (0, 1, 2):
        failures.append((name, done.returncode, done.stderr[-200:]))
print(f"{tries} models, {len(failures)} failures, {caught} panics of the engine that were caught")
for failure in failures:
    print("   ", failure)
shutil.rmtree(folder)
sys.exit(bool(failures))
