#!/usr/bin/env python3
"""Kills a server that keeps questions, under load, and looks at what it kept: store.py FAQBOT [TRIES] [URL]

Each try starts a server over a new SQLite database (or that at URL, a PostgreSQL for which psycopg is installed), asks from
eight threads, and kills it with SIGKILL after half a second to two. What was answered a second or more before the kill must
be kept, and the database be sound.
"""

import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

FAQ = "- {question: Where is my parcel?, answer: There.}\n- {question: How do I reset it?, answer: So.}\n"


def start(program, folder, url):
    command = [program, "serve", "--model", "hash", "--min-cosine", "0.4", "--faq", "faq.yaml", "--listen", "127.0.0.1:0", "--store", url]
    server = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True, env={"HOME": folder, "FAQBOT_OFFLINE": "1"})
    for line in server.stderr:
        if found := re.search(r"listening on (http://\S+)", line):
            threading.Thread(target=server.stderr.read, daemon=True).start()
            return server, found[1]
    raise SystemExit(f"the server did not start: {server.wait()}")


def load(address, answered, stop):
    while not stop.is_set():
        body = json.dumps({"query": random.choice(["where is my parcel", "reset it", "sing a song"])}).encode()
        request = urllib.request.Request(f"{address}/v1/ask", body, {"content-type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=5) as response:
                answered.append((json.load(response)["id"], time.monotonic()))
        except OSError:
            return


def kept(url):
    if url.startswith("sqlite:"):
        database = sqlite3.connect(url.removeprefix("sqlite:"))
        sound = database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        return sound, {row[0] for row in database.execute("SELECT id FROM faqbot_question")}
    import psycopg

    with psycopg.connect(url) as database:
        return True, {row[0] for row in database.execute("SELECT id FROM faqbot_question")}


def main():
    program = os.path.abspath(sys.argv[1])
    tries = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    failures, questions, lost_late = 0, 0, 0
    for number in range(tries):
        with tempfile.TemporaryDirectory() as folder:
            with open(f"{folder}/faq.yaml", "w") as file:
                file.write(FAQ)
            url = sys.argv[3] if len(sys.argv) > 3 else f"sqlite:{folder}/asked.db"
            server, address = start(program, folder, url)
            answered, stop = [], threading.Event()
            threads = [threading.Thread(target=load, args=(address, answered, stop)) for _ in range(8)]
            for thread in threads:
                thread.start()
            time.sleep(random.uniform(0.5, 2))
            killed = time.monotonic()
            server.send_signal(signal.SIGKILL)
            server.wait()
            stop.set()
            for thread in threads:
                thread.join()
            sound, ids = kept(url)
            lost = [at for name, at in answered if name not in ids]
            early = [at for at in lost if at < killed - 1]
            questions += len(answered)
            lost_late += len(lost) - len(early)
            # It is opened again as it is, and answers.
            again, address = start(program, folder, url)
            again.terminate()
            ended = again.wait(timeout=20)
            if early or not sound or ended != 0:
                failures += 1
                print(f"try {number}: {len(early)} lost, sound: {sound}, exit code after: {ended}", flush=True)
    print(f"{tries} kills, {questions} questions, {lost_late} lost of the last second, {failures} failures")
    sys.exit(1 if failures else 0)


main()
