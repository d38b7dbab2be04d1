#!/usr/bin/env python3
"""Faults on purpose: kills and broken files, bounded in number and time. Run by hand:

    cargo build --release && python3 tests/faults/run.py target/release/faqbot [TRIES] [WORDS]

With WORDS only the tests that have them in their name.

Each test says how often it was tried and how often something was lost or wrong; the exit code is 1 if ever.
docs/robustness.md has the figures.
"""

import http.server
import json
import os
import pty
import random
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

FAQBOT = os.path.abspath(sys.argv[1])
TRIES = int(sys.argv[2]) if len(sys.argv) > 2 else 100
WORDS = sys.argv[3] if len(sys.argv) > 3 else ""
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
random.seed(2026)

work = tempfile.mkdtemp(prefix="faqbot-faults-")
env = {"PATH": os.environ["PATH"], "HOME": work, "XDG_CACHE_HOME": work + "/cache", "XDG_STATE_HOME": work + "/state",
       "XDG_CONFIG_HOME": work + "/config", "FAQBOT_OFFLINE": "1", "TERM": "xterm"}
results = []


def run(*args, input="", timeout=600, **variables):
    return subprocess.run([FAQBOT, *args], input=input, capture_output=True, text=True, timeout=timeout,
                          env=env | variables, cwd=work)


def kill_after(seconds, *args, **variables):
    """Starts the program and kills it; whether it was still running."""
    process = subprocess.Popen([FAQBOT, *args], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, env=env | variables, cwd=work)
    try:
        process.wait(seconds)
        return False
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return True


def test(name):
    def wrap(body):
        if WORDS not in name:
            return
        begin = time.time()
        tries, failures = body()
        results.append((name, tries, len(failures)))
        print(f"{name}: {tries} tries, {len(failures)} failures, {time.time() - begin:.0f} s", flush=True)
        for failure in failures[:3]:
            print("   ", failure)
    wrap.__name__ = name
    return wrap


def faq(path, entries, word="thing"):
    with open(path, "w") as file:
        for at in range(entries):
            json.dump({"question": f"how do I use {word} number {at} of {at % 97}", "answer": f"Like {word} {at}."}, file)
            file.write("\n")
    return path


def answers(path, *args):
    questions = "\n".join(f"use the thing {at * 37 % 4000} of {at * 37 % 97}" for at in range(20))
    done = run("ask", "--json", "--top", "3", "--faq", path, *args, input=questions)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return done, [[match["id"] for match in row["matches"]] for row in rows]


def leftovers(folder):
    return [name for name in os.listdir(folder) if name.endswith(".tmp")] if os.path.exists(folder) else []


@test("kill while a FAQ is embedded")
def _():
    path = faq(work + "/embed.jsonl", 600)
    _, wanted = answers(path, "--no-cache")
    failures = []
    for at in range(TRIES):
        cache = f"{work}/embed-{at}"
        kill_after(random.uniform(0.02, 2.5), "ask", "--faq", path, "--cache-dir", cache, "use thing 5")
        done, found = answers(path, "--cache-dir", cache)
        if done.returncode or found != wanted or leftovers(cache):
            failures.append((at, done.stderr[-200:], leftovers(cache)))
        shutil.rmtree(cache)
    return TRIES, failures


@test("kill while a FAQ is read again")
def _():
    path, failures = work + "/reload.jsonl", []
    faq(work + "/after.jsonl", 60, "item")
    _, wanted = answers(work + "/after.jsonl", "--no-cache")
    for at in range(TRIES):
        cache = f"{work}/reload-{at}"
        faq(path, 20)
        server = subprocess.Popen([FAQBOT, "serve", "--faq", path, "--cache-dir", cache, "--listen", "127.0.0.1:0"],
                                  stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=env, cwd=work)
        while "listening" not in server.stderr.readline():
            pass
        shutil.copy(work + "/after.jsonl", path)
        time.sleep(random.uniform(0.2, 1.2))
        server.kill()
        server.wait()
        done, found = answers(path, "--cache-dir", cache)
        if done.returncode or found != wanted or leftovers(cache):
            failures.append((at, done.stderr[-200:], leftovers(cache)))
        shutil.rmtree(cache)
    return TRIES, failures


@test("kill while a file is converted")
def _():
    path = faq(work + "/convert.jsonl", 20000)
    run("convert", path, "-o", "whole.csv")
    whole = open(work + "/whole.csv").read()
    failures = []
    for at in range(TRIES):
        open(work + "/out.csv", "w").write("before")
        kill_after(random.uniform(0.005, 0.4), "convert", path, "-o", "out.csv", "--force")
        found = open(work + "/out.csv").read()
        if found not in ("before", whole):
            failures.append((at, len(found)))
    return TRIES, failures


@test("kill while a FAQ is calibrated")
def _():
    path = faq(work + "/calibrate.jsonl", 300)
    with open(work + "/labelled.jsonl", "w") as file:
        for at in range(200):
            expected = None if at % 3 == 0 else f"how-do-i-use-thing-number-{at}-of-{at % 97}"
            query = f"weather {at}" if at % 3 == 0 else f"use thing number {at}"
            file.write(json.dumps({"query": query, "expected": expected}) + "\n")
    args = ["calibrate", "--model", "hash", "--faq", path, "--queries", "labelled.jsonl", "--max-wrong", "50%"]
    run(*args)
    target = path + ".calibration.json"
    failures = []
    if not os.path.exists(target):
        return 0, ["no calibration to begin with"]
    for at in range(TRIES):
        kill_after(random.uniform(0.005, 0.4), *args)
        try:
            json.load(open(target))
        except ValueError as error:
            failures.append((at, error))
    done = run("ask", "--model", "hash", "--faq", path, "use thing 5")
    if done.returncode == 2:
        failures.append(done.stderr)
    return TRIES, failures


def chat(lines, last):
    """Types lines into a chat in a terminal and kills it in the last; what was shown."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(work)
        os.execve(FAQBOT, [FAQBOT, "--model", "hash", "--faq", work + "/chat.jsonl"], env)
    shown = b""

    def read(seconds):
        nonlocal shown
        until = time.time() + seconds
        while time.time() < until:
            if select.select([terminal], [], [], 0.02)[0]:
                try:
                    shown += os.read(terminal, 65536)
                except OSError:
                    return
    read(0.3)
    os.write(terminal, "".join(line + "\r" for line in lines).encode())
    read(0.5)
    os.write(terminal, (last + "\r").encode())
    read(random.uniform(0, 0.05))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(terminal)
    return shown.decode(errors="replace")


@test("kill at Enter, with a history of 1,200 lines")
def _():
    faq(work + "/chat.jsonl", 20)
    os.makedirs(work + "/state/faqbot", exist_ok=True)
    history = work + "/state/faqbot/history.txt"
    failures = []
    for at in range(TRIES):
        before = ["#V2"] + [f"line {number}" for number in range(1200)]
        open(history, "w").write("\n".join(before) + "\n")
        chat([f"first {at}", f"second {at}", f"third {at}"], f"last {at}")
        kept = open(history).read().splitlines()
        if not all(line in kept for line in ["line 1199", f"first {at}", f"second {at}", f"third {at}"]):
            failures.append((at, len(kept), kept[-4:]))
    return TRIES, failures


@test("lines typed ahead")
def _():
    failures = []
    for at in range(TRIES):
        shown = chat(["/list thing number 3 of", "/list thing number 7 of", "/list thing number 9 of"], "")
        for number in (3, 7, 9):
            if f"how-do-i-use-thing-number-{number}-of-{number}" not in shown:
                failures.append((at, number))
                break
    return TRIES, failures


@test("kill while a model is fetched")
def _():
    class Mirror(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            name = self.path.split("/resolve/main/")[1].removeprefix("onnx/")
            body = open(f"{ROOT}/models/all-MiniLM-L6-v2/{name}", "rb").read()
            self.send_response(200)
            for header in (("ETag", f'"{name}-1"'), ("X-Repo-Commit", "0123abcd"), ("Content-Length", str(len(body)))):
                self.send_header(*header)
            self.end_headers()
            for begin in range(0, len(body), 1 << 20):
                try:
                    self.wfile.write(body[begin:begin + (1 << 20)])
                except OSError:
                    return
                time.sleep(0.01)

        def log_message(self, *_):
            pass

    path = faq(work + "/fetched.jsonl", 20)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mirror)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    variables = {"HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}", "FAQBOT_OFFLINE": "0"}
    args = ["ask", "--model", "AllMiniLML6V2", "--no-cache", "--faq", path, "how do I use thing number 3 of 3"]
    tries, failures = min(TRIES, 100), []
    for at in range(tries):
        home = {"HF_HOME": f"{work}/hf-{at}"}
        kill_after(random.uniform(0.02, 0.5), *args, **variables, **home)
        done = run(*args, **variables, **home)
        if done.returncode or "Like thing 3." not in done.stdout:
            failures.append((at, done.stderr[-300:]))
        shutil.rmtree(home["HF_HOME"], ignore_errors=True)
    server.shutdown()
    return tries, failures


@test("broken cache files")
def _():
    # Large enough that vectors stay in their file and signals are kept beside it.
    path = faq(work + "/broken.jsonl", 4200)
    cache = work + "/broken"
    args = ["--cache-dir", cache]
    _, wanted = answers(path, *args)
    files = {name: open(f"{cache}/{name}", "rb").read() for name in os.listdir(cache)}
    tries, failures = 5 * TRIES, []
    for at in range(tries):
        for name in os.listdir(cache):
            os.remove(f"{cache}/{name}")
        for name, data in files.items():
            open(f"{cache}/{name}", "wb").write(data)
        name = random.choice(sorted(files))
        data = bytearray(files[name])
        # Whole files that are broken are embedded again, which takes long: one time in twenty.
        place = random.randrange(len(data)) if random.random() < 0.05 else random.randrange(len(data) // 2, len(data))
        match random.randrange(4):
            case 0: data[place] ^= 1 << random.randrange(8)
            case 1: data[place:place + 6144] = bytes(len(data[place:place + 6144]))
            case 2: data[place:place + 100] = random.randbytes(len(data[place:place + 100]))
            case 3: data = data if name.endswith(".vectors") and random.random() < 0.9 else data[:place]
        open(f"{cache}/{name}", "wb").write(data)
        first, found = answers(path, *args)
        again, healed = answers(path, *args)
        # What is approximated may change an ordering, but not without a word, and not a second time.
        if first.returncode or (found != wanted and "embedded again" not in first.stderr) or healed != wanted:
            failures.append((at, name, first.stderr[-200:], again.stderr[-200:]))
    return tries, failures


@test("signals cached for other texts")
def _():
    one, two = faq(work + "/one.jsonl", 4200, "thing"), faq(work + "/two.jsonl", 4200, "item")
    cache = work + "/swap"
    _, wanted = answers(one, "--cache-dir", cache)
    first = {name for name in os.listdir(cache) if name.endswith(".prepared")}
    answers(two, "--cache-dir", cache)
    second = {name for name in os.listdir(cache) if name.endswith(".prepared")} - first
    shutil.copy(f"{cache}/{second.pop()}", f"{cache}/{first.pop()}")
    done, found = answers(one, "--cache-dir", cache)
    return 1, [] if found == wanted else [done.stderr]


print("\n| test | tries | failures |\n|---|---:|---:|")
for name, tries, failures in results:
    print(f"| {name} | {tries} | {failures} |")
shutil.rmtree(work, ignore_errors=True)
sys.exit(any(failures for _, _, failures in results))
