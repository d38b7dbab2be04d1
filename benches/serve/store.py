#!/usr/bin/env python3
"""What keeping questions costs, what a store takes, and the memory of many FAQs. Run by hand, on a machine that does nothing
else; needs wrk:

    cargo build --release && python3 benches/serve/store.py target/release/faqbot postgres://faqbot@127.0.0.1/faqbot DATA

DATA has faq_k5.jsonl and queries.jsonl of a public set (docs/evaluation.md); the database is used up. All is on loopback and
bounded in number and time. docs/scale.md has the figures.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

FAQBOT, POSTGRES, DATA = os.path.abspath(sys.argv[1]), sys.argv[2], os.path.abspath(sys.argv[3])
SECONDS = 10
work = tempfile.mkdtemp(prefix="faqbot-store-")
entries = [json.loads(line) for line in open(f"{DATA}/faq_k5.jsonl")]
queries = [re.sub(r'["\\]', "", json.loads(line)["query"]) for line in open(f"{DATA}/queries.jsonl")]
with open(f"{work}/faq.jsonl", "w") as file:
    for entry in entries:
        file.write(json.dumps({**entry, "answer": f"The answer to {entry['id']}"}) + "\n")
with open(f"{work}/queries.txt", "w") as file:
    file.write("\n".join(queries[:3000]))
with open(f"{work}/ask.lua", "w") as file:
    # A number makes each question one that was not asked before.
    file.write("""
local lines = {}
for line in io.lines("%s/queries.txt") do lines[#lines + 1] = line end
math.randomseed(os.time())
function request()
  local body = string.format('{"query": "%%s %%d"}', lines[math.random(#lines)], math.random(100000))
  return wrk.format("POST", "/v1/ask", {["content-type"] = "application/json"}, body)
end
""" % work)


def server(args):
    process = subprocess.Popen([FAQBOT, "serve", "--listen", "127.0.0.1:0", *args], cwd=work, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if found := re.search(r"listening on (http://\S+)", line):
            threading.Thread(target=process.stderr.read, daemon=True).start()
            return process, found[1]
    sys.exit("the server did not start")


def post(address, path, body):
    request = urllib.request.Request(address + path, json.dumps(body).encode(), {"content-type": "application/json"})
    return urllib.request.urlopen(request, timeout=120).read()


def metric(address, name):
    text = urllib.request.urlopen(address + "/metrics").read().decode()
    found = re.search(rf"^{name} (\S+)", text, re.M)
    return float(found[1]) if found else 0


def memory(process):
    return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{process.pid}/status").read())[1]) // 1024


def end(process):
    process.terminate()
    process.wait()


stores = [("none", []), ("SQLite", ["--store", f"sqlite:{work}/a.db"]), ("PostgreSQL", ["--store", POSTGRES])]
print("unseen questions from 64 connections, twice each")
for name, args in stores * 2:
    process, address = server(["--faq", "faq.jsonl", *args])
    post(address, "/v1/ask", {"query": "to begin with"})
    command = ["wrk", "-t1", "-c64", f"-d{SECONDS}s", "-s", f"{work}/ask.lua", address]
    text = subprocess.run(command, capture_output=True, text=True).stdout
    rate = float(re.search(r"Requests/sec:\s+(\S+)", text)[1])
    print(f"  {name}: {rate:.0f} a second, {metric(address, 'faqbot_store_dropped_total'):.0f} dropped, {memory(process)} MB", flush=True)
    end(process)

print("phrasings of the FAQ, which need no model, in batches of 1,000 from three connections")
for name, args in stores[1:]:
    process, address = server(["--faq", "faq.jsonl", *args])
    texts = ([entry["questions"][0] for entry in entries] * 1000)[:1000]
    begin, asked = time.time(), []

    def ask():
        while time.time() < begin + SECONDS:
            post(address, "/v1/ask:batch", {"queries": texts, "top": 1})
            asked.append(1000)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    seconds = time.time() - begin
    written, dropped = (metric(address, f"faqbot_store_{what}_total") for what in ("written", "dropped"))
    print(f"  {name}: {sum(asked) / seconds:.0f} asked a second, {written / seconds:.0f} written, {dropped:.0f} dropped", flush=True)
    end(process)

print("FAQs of ten entries in one process, without a cache")
for count in (1, 200, 1000):
    args = ["--no-cache"]
    for number in range(count):
        with open(f"{work}/{number}.yaml", "w") as file:
            for entry in range(10):
                question = json.dumps(f"{entries[(number * 7 + entry * 13) % len(entries)]['questions'][0]} in shop {number}")
                file.write(f"- question: {question}\n  answer: The answer {entry} of shop {number}.\n")
        args += ["--faq", f"shop{number}={number}.yaml"]
    begin = time.time()
    process, address = server(args)
    post(address, "/v1/ask", {"query": "to begin with"})
    print(f"  {count}: {memory(process)} MB, ready after {time.time() - begin:.0f} s", flush=True)
    end(process)
