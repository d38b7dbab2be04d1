#!/usr/bin/env python3
"""Clients that misbehave, bounded in number and time, while others ask. Run by hand:

    cargo build --release && python3 tests/faults/serve.py target/release/faqbot

For each kind: how many of the questions asked meanwhile were answered, and the slowest. docs/robustness.md has the figures.
"""

import json
import os
import re
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

FAQBOT = os.path.abspath(sys.argv[1])
work = tempfile.mkdtemp(prefix="faqbot-serve-")
env = {"PATH": os.environ["PATH"], "HOME": work, "XDG_CACHE_HOME": work, "FAQBOT_OFFLINE": "1"}
resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
server = subprocess.Popen([FAQBOT, "serve", "--listen", "127.0.0.1:0"], stderr=subprocess.PIPE, text=True, env=env, cwd=work)
PORT = next(int(found[1]) for line in server.stderr if (found := re.search(r"127\.0\.0\.1:(\d+)", line)))
threading.Thread(target=server.stderr.read, daemon=True).start()
HEAD = b"POST /v1/ask HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"


def connect():
    return socket.create_connection(("127.0.0.1", PORT), timeout=60)


def memory():
    return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{server.pid}/status").read())[1]) // 1024


def ask():
    body = json.dumps({"query": "can i hug my therapist"}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}/v1/ask", body, {"content-type": "application/json"})
    return json.load(urllib.request.urlopen(request, timeout=60))["outcome"] == "answer"


def meanwhile(name, misbehave):
    """Misbehaves, and asks a question every tenth of a second until that ends."""
    thread = threading.Thread(target=misbehave)
    thread.start()
    answered, lost, slowest = 0, 0, 0
    while thread.is_alive():
        begin = time.time()
        try:
            answered += ask()
        except OSError:
            lost += 1
        slowest = max(slowest, time.time() - begin)
        time.sleep(0.1)
    thread.join()
    print(f"| {name} | {answered} | {lost} | {1000 * slowest:.0f} ms | {memory()} MB |", flush=True)
    return lost


def opens_and_closes():
    for _ in range(100_000):
        connect().close()


def a_byte_a_second():
    slow = [connect() for _ in range(400)]
    text = HEAD + b"content-length: 40\r\n\r\n" + b'{"query": "can i hug my therapist"}     '
    for at in range(30):
        for one in slow:
            try:
                one.send(text[at:at + 1])
            except OSError:
                pass
        time.sleep(1)


def stop_midway():
    for at in range(2_000):
        one = connect()
        one.send((HEAD + b"content-length: 1000\r\n\r\n{\"query\": \"can i")[:at % 120 + 1])
        if at % 2:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        one.close()


def a_gigabyte():
    for head in (b"content-length: 1073741824\r\n\r\n", b"transfer-encoding: chunked\r\n\r\n"):
        for _ in range(5):
            one = connect()
            try:
                one.sendall(HEAD + head)
                for _ in range(1024):
                    chunk = b" " * (1 << 20)
                    one.sendall(chunk if b"length" in head else b"100000\r\n" + chunk + b"\r\n")
            except OSError:
                pass
            one.close()


def bombs():
    for body in [b"[" * 200_000, b'{"query": ' * 20_000, b'{"query": "\xff\xfe"}', b'{"query": "' + b"\\ud800" * 30_000 + b'"}',
                 b'{"query": "' + b"a " * 100_000 + b'"}', b'{"query": 1e999999}', b'{"query": "x", "top": ' + b"9" * 100_000 + b"}"] * 20:
        one = connect()
        try:
            one.sendall(HEAD + b"connection: close\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
            while one.recv(65536):
                pass
        except OSError:
            pass
        one.close()


print("| clients | answered meanwhile | lost | slowest | memory after |\n|---|---:|---:|---:|---:|")
lost = sum([
    meanwhile("100,000 connections opened and closed", opens_and_closes),
    meanwhile("400 that send a byte a second", a_byte_a_second),
    meanwhile("2,000 that stop midway", stop_midway),
    meanwhile("10 that send 1 GB", a_gigabyte),
    meanwhile("140 bodies that are none, or bombs", bombs),
])
server.terminate()
code = server.wait(30)
print(f"\nexit code {code}")
sys.exit(lost > 0 or code != 0)
