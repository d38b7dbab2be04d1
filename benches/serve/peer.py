"""The plain way in Python, to be measured beside: FastAPI, the same model in ONNX Runtime, cosine over the phrasings.

    python peer.py FAQ.yaml MODEL_FOLDER
"""

import asyncio
import socket
import sys

import numpy
import onnxruntime
import uvicorn
import yaml
from fastapi import FastAPI
from pydantic import BaseModel
from tokenizers import Tokenizer

faq, folder = sys.argv[1:]
entries = yaml.safe_load(open(faq))["entries"]
tokenizer = Tokenizer.from_file(folder + "/tokenizer.json")
tokenizer.enable_truncation(256)
tokenizer.enable_padding()
session = onnxruntime.InferenceSession(folder + "/model.onnx")
names = [one.name for one in session.get_inputs()]


def embed(texts):
    tokens = tokenizer.encode_batch(texts)
    ids = numpy.array([one.ids for one in tokens])
    mask = numpy.array([one.attention_mask for one in tokens])
    given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": numpy.zeros_like(ids)}
    out = session.run(None, {name: given[name] for name in names})[0]
    rows = out if out.ndim == 2 else (out * mask[:, :, None]).sum(1) / mask.sum(1)[:, None]
    return rows / numpy.linalg.norm(rows, axis=1, keepdims=True)


phrasings = [(text, entry) for entry in entries for text in [entry["question"], *entry.get("also", [])]]
rows = embed([text for text, _ in phrasings])
app = FastAPI()


class Question(BaseModel):
    query: str


@app.post("/v1/ask")
def ask(question: Question):
    cosines = rows @ embed([question.query])[0]
    best = int(cosines.argmax())
    return {"answer": phrasings[best][1]["answer"], "cosine": float(cosines[best])}


server = socket.socket()
server.bind(("127.0.0.1", 0))
server.listen(128)
print(f"listening on http://127.0.0.1:{server.getsockname()[1]}", file=sys.stderr, flush=True)
asyncio.run(uvicorn.Server(uvicorn.Config(app, log_level="warning")).serve([server]))
