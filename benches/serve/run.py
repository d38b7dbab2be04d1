#!/usr/bin/env python3
"""How fast the server is, against the same program's batch. Run by hand, on a machine that does nothing else; needs wrk:

    cargo build --release && python3 benches/serve/run.py target/release/faqbot [MINUTES] [--peer PYTHON]

All is on loopback and bounded in number and time. With MINUTES, mixed traffic for as long, with a reload a minute. With
--peer, the Python that has fastapi, uvicorn, onnxruntime, tokenizers and numpy: peer.py is measured beside. docs/speed.md has the figures.
"""

import itertools
import json
import os
import random
import re
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
FAQBOT = os.path.abspath(sys.argv[1])
MINUTES = int(sys.argv[2]) if len(sys.argv) > 2 and sys.argv[2].isdigit() else 0
PEER = sys.argv[sys.argv.index("--peer") + 1] if "--peer" in sys.argv else None
SECONDS = 10
random.seed(2026)

work = tempfile.mkdtemp(prefix="faqbot-bench-")
env = {"PATH": os.environ["PATH"], "HOME": work, "XDG_CACHE_HOME": work, "FAQBOT_OFFLINE": "1"}
FAQ = work + "/faq.yaml"
open(FAQ, "w").write(open(ROOT + "/data/therapy.yaml").read())


def questions(count):
    """Questions that nobody has asked before: those of the FAQ's test file, a word of another exchanged."""
    known = [json.loads(line)["query"] for line in open(ROOT + "/data/therapy.queries.jsonl")]
    words = sorted({word for query in known for word in query.split()})
    out = []
    for number in range(count):
        query = random.choice(known).split()
        query[random.randrange(len(query))] = random.choice(words)
        out.append(" ".join(query + [str(number)] if number % 7 == 0 else query))
    return out


ALL = questions(20000)
open(work + "/questions.txt", "w").write("\n".join(ALL) + "\n")
open(work + "/ask.lua", "w").write("""
local lines = {}
for line in io.lines("%s/questions.txt") do lines[#lines + 1] = line end
local at = 0
function setup(thread) at = at + 5003; thread:set("begin", at) end
function init() next_line = begin; pause = tonumber(os.getenv("PAUSE") or "0") end
-- Not all at once: from none to twice as long.
function delay() return math.floor(pause * 2 * math.random()) end
function request()
  next_line = next_line %% #lines + 1
  local body = string.format('{"query": "%%s"}', lines[next_line]:gsub('["\\\\]', ''))
  return wrk.format("POST", "/v1/ask", {["content-type"] = "application/json"}, body)
end
""" % work)


def server(command):
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=env, cwd=work)
    for line in process.stderr:
        found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
        if found:
            threading.Thread(target=process.stderr.read, daemon=True).start()
            return process, int(found[1])
    sys.exit("the server did not start")


def memory(process):
    """Resident memory in MB."""
    status = open(f"/proc/{process.pid}/status").read()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def load(port, connections, pause=0, seconds=SECONDS):
    """Questions a second, and the percentiles of the time for one in milliseconds."""
    args = ["wrk", "-t", str(min(2, connections)), "-c", str(connections), "-d", f"{seconds}s", "--latency", "--timeout", "20s",
            "-s", work + "/ask.lua", f"http://127.0.0.1:{port}"]
    text = subprocess.run(args, capture_output=True, text=True, env=env | {"PAUSE": str(pause)}, timeout=seconds + 60).stdout
    unit = {"us": 0.001, "ms": 1, "s": 1000}
    percentile = lambda name: float((m := re.search(rf"{name}%\s+([\d.]+)(us|ms|s)", text))[1]) * unit[m[2]]
    errors = re.findall(r"(?:Non-2xx|Socket errors).*", text)
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]), percentile(50), percentile(99), errors


def batch(count):
    """Questions a second of `ask --json`, its start taken off."""
    def run(lines):
        begin = time.time()
        subprocess.run([FAQBOT, "ask", "--json", "--faq", FAQ], input="\n".join(lines), text=True, env=env, check=True, stdout=subprocess.DEVNULL)
        return time.time() - begin
    run(ALL[:1])
    return count / (run(ALL[:count]) - run(ALL[:1]))


def ask(port, query):
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/ask", json.dumps({"query": query}).encode(), {"content-type": "application/json"})
    return json.load(urllib.request.urlopen(request, timeout=30))


def idle(command, count):
    """Megabytes above the start with idle connections, and whether a question is answered beside them."""
    process, port = server(command + ["--max-connections", str(count + 100)])
    ask(port, ALL[0])
    before = memory(process)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(count + 500, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
    open_ones = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
    ask(port, ALL[1])
    after = memory(process)
    for one in open_ones:
        one.close()
    process.terminate()
    return after - before, process.wait(30)


def mixed(command, minutes):
    """Traffic of all kinds with a reload a minute: requests, errors, memory by the minute."""
    process, port = server(command)
    end, counts, errors = time.time() + 60 * minutes, itertools.count(), []

    def client(number):
        chance = random.Random(number)
        while time.time() < end:
            try:
                kind = chance.randrange(6)
                query = chance.choice(ALL)
                paths = {0: "/", 1: "/v1/faqs", 2: "/metrics", 3: f"/v1/faqs/faq/entries?q={query.split()[0]}"}
                if kind in paths:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}{urllib.parse.quote(paths[kind], safe='/?=')}", timeout=30).read()
                else:
                    ask(port, query)
                next(counts)
            except OSError as error:
                errors.append(repr(error))
            time.sleep(0.02)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    sizes, text = [], open(FAQ).read()
    while time.time() < end:
        time.sleep(min(60, max(0, end - time.time())))
        sizes.append(round(memory(process)))
        open(FAQ, "w").write(text + f"\n# {time.time()}\n" if len(sizes) % 2 else text.replace("fallback:", "fallback: Sorry.", 1))
    for thread in threads:
        thread.join()
    process.send_signal(signal.SIGTERM)
    code = process.wait(30)
    open(FAQ, "w").write(text)
    return next(counts), errors, sizes, code


serve = [FAQBOT, "serve", "--faq", FAQ, "--listen", "127.0.0.1:0"]
rates = [batch(4000)]
process, port = server(serve)
ask(port, ALL[0])
rows = {}
for connections in (1, 16, 64):
    rows[connections] = load(port, connections)
rates.append(batch(4000))
whole = statistics.mean(rates)
print(f"ask --json in batch: {rates[0]:.0f} and {rates[1]:.0f} questions/s")
for connections, (rate, p50, p99, errors) in rows.items():
    print(f"{connections} connections: {rate:.0f} questions/s ({100 * rate / whole:.0f} % of the batch), p50 {p50:.1f} ms, p99 {p99:.1f} ms {errors}")
# Sixteen that pause, so that together they ask half of what the server can.
pause = round(16 / (rows[64][0] / 2) * 1000)
rate, p50, p99, errors = load(port, 16, pause)
print(f"half load: {rate:.0f} questions/s, p50 {p50:.1f} ms, p99 {p99:.1f} ms ({p99 / p50:.1f} times) {errors}")
process.terminate()
process.wait(30)
if PEER:
    process, port = server([PEER, HERE + "/peer.py", FAQ, ROOT + "/models/all-MiniLM-L6-v2"])
    ask(port, ALL[0])
    for connections in (1, 64):
        rate, p50, p99, errors = load(port, connections)
        print(f"Python, {connections} connections: {rate:.0f} questions/s, p50 {p50:.1f} ms, p99 {p99:.1f} ms {errors}")
    process.terminate()
    process.wait(30)
more, code = idle(serve, 10000)
print(f"10,000 idle connections: {more:.0f} MB more, exit code {code}")
if MINUTES:
    count, errors, sizes, code = mixed(serve, MINUTES)
    print(f"{MINUTES} minutes of mixed traffic: {count} requests, {len(errors)} errors {errors[:3]}, MB by the minute {sizes}, exit code {code}")
