"""Tests faqbot's server with clients of other authors: `python run.py PATH_TO_FAQBOT`.

Prints a line a test and exits with 1 if one failed. Python packages are those of requirements.txt;
Node's are those of package.json (`npm install --ignore-scripts`), in this folder or in the one that
NODE_MODULES names. What is not installed is skipped.
"""

import asyncio
import base64
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
import traceback
import urllib.error
import urllib.parse
import urllib.request
import warnings
from pathlib import Path

HERE = Path(__file__).resolve().parent
NODE_MODULES = Path(os.environ.get("NODE_MODULES") or HERE / "node_modules").resolve()
TOKEN = "a-token-of-the-tests-1"
WRONG = "a-token-of-the-tests-2"

FAQ = """\
title: Shop
greeting: Hello! How can I help?
fallback: Sorry, I have no answer to that.
contact: help@shop.example
entries:
  - id: ship
    question: How long does shipping take?
    also: [When will my parcel arrive?]
    answer: Orders arrive in **3 to 5** working days.
    source: https://shop.example/shipping
    tags: [orders, "kind:shipping"]
  - id: return
    question: Can I return an item?
    answer: Yes, within 30 days.
    tags: [orders, "kind:returns"]
  - id: password
    question: How do I reset my password?
    answer: Use the link on the sign-in page.
    tags: ["kind:account"]
  - id: device
    question: How do I reset my device?
    answer: Hold the power button for ten seconds.
    tags: ["kind:device"]
"""
SHIPPING = "How long does shipping take?"
SHIPPING_ANSWER = "Orders arrive in **3 to 5** working days."
RESET = "reset"
UNKNOWN = "What is the capital of France?"
FALLBACK = "Sorry, I have no answer to that."


class Skip(Exception):
    """What a test needs is not installed."""


tests = []


def test(name, timeout=30):
    """A test, that has `timeout` seconds."""

    def add(function):
        tests.append((name, timeout, function))
        return function

    return add


def module(name):
    try:
        return __import__(name, fromlist=["_"])
    except ImportError as error:
        raise Skip(f"no module {error.name}") from None


def node():
    found = shutil.which("node")
    if not found:
        raise Skip("no node")
    return found


def package(name):
    if not (NODE_MODULES / name).is_dir():
        raise Skip(f"no package {name} in {NODE_MODULES}")
    return NODE_MODULES / name


def same(found, expected, what="value"):
    assert found == expected, f"{what} is {found!r}, not {expected!r}"


def lacks_nothing(found, *expected):
    for part in expected:
        assert part in found, f"{part!r} is not in {found!r}"


# The server


class Server:
    """A faqbot that serves."""

    def __init__(self, folder, *options):
        self.process = subprocess.Popen(
            [FAQBOT, "serve", "--faq", f"shop={FOLDER / 'shop.yaml'}", "--listen", "127.0.0.1:0", *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=ENVIRONMENT,
            cwd=folder,
            text=True,
        )
        self.log = []
        self.url = None
        self.ready = threading.Event()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stderr:
            self.log.append(line)
            if "listening on http" in line:
                self.url = line.split("listening on ")[1].split()[0]
                self.ready.set()
        self.ready.set()

    def wait(self):
        self.ready.wait(60)
        if not self.url:
            self.process.kill()
            raise RuntimeError(f"the server does not start: {''.join(self.log)}")
        return self

    def stop(self):
        """Its exit code after SIGTERM."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return "none: it had to be killed"


def http(url, body=None, headers=None, method=None):
    """Status, headers and body of a response; JSON is read."""
    data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers or {}, method=method)
    if data is not None and not request.has_header("Content-type"):
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=15) as response:
            status, fields, text = response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        status, fields, text = error.code, error.headers, error.read()
    if "json" in (fields.get("content-type") or ""):
        text = json.loads(text)
    return status, fields, text


def get(url, body=None, **headers):
    """The body of a response that has to be good."""
    status, _, text = http(url, body, headers)
    assert status == 200, f"status {status}: {text}"
    return text


def questions(server):
    """How many questions were counted."""
    text = get(f"{server.url}/metrics").decode()
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith("faqbot_questions_total{"))


# The native API


@test("native: ask, batch, entries and feedback")
def _():
    url = main.url
    reply = get(f"{url}/v1/ask", {"query": SHIPPING, "session": "s1", "top": 2})
    same((reply["outcome"], reply["answer"], reply["session"]), ("answer", SHIPPING_ANSWER, "s1"))
    same(len(reply["matches"]), 2, "number of matches")
    same(get(f"{url}/v1/ask", {"query": UNKNOWN})["outcome"], "no_match")
    reset = get(f"{url}/v1/ask", {"query": RESET})
    same((reset["outcome"], sorted(reset["choices"])), ("ambiguous", ["device", "password", "return"]))
    batch = get(f"{url}/v1/ask:batch", {"queries": [SHIPPING, UNKNOWN]})
    same([one["outcome"] for one in batch["replies"]], ["answer", "no_match"])
    same(get(f"{url}/v1/faqs")["faqs"][0]["name"], "shop")
    same(get(f"{url}/v1/faqs/shop")["entries"], 4)
    first = get(f"{url}/v1/faqs/shop/entries?limit=3")
    same((len(first["entries"]), first["next"], first["total"]), (3, 3, 4))
    same(len(get(f"{url}/v1/faqs/shop/entries?offset=3")["entries"]), 1)
    same([one["id"] for one in get(f"{url}/v1/faqs/shop/entries?q=parcel")["entries"]], ["ship"])
    same(get(f"{url}/v1/faqs/shop/entries/return")["answer"], "Yes, within 30 days.")
    for body in ({"rating": "up"}, {"rating": "chosen", "entry": "device"}):
        status, _, text = http(f"{url}/v1/feedback", {"id": reset["id"], **body})
        same((status, text), (204, b""))


@test("native: errors are problem objects")
def _():
    for path, body, expected in (
        ("/v1/nothing", None, 404),
        ("/v1/faqs/shop/entries/nothing", None, 404),
        ("/v1/ask", None, 405),
        ("/v1/ask", b"{", 400),
        ("/v1/ask", {"query": 1}, 400),
        ("/v1/feedback", {"id": "00000000-0000-4000-8000-000000000000", "rating": "up"}, 404),
    ):
        status, fields, problem = http(f"{main.url}{path}", body)
        same((status, fields["content-type"]), (expected, "application/problem+json"), path)
        same(problem["status"], expected, f"status in the problem of {path}")
        lacks_nothing(problem, "type", "title", "detail")


@test("native: health and readiness")
def _():
    get(f"{main.url}/healthz")
    same(get(f"{main.url}/readyz")["ready"], True)
    text = get(f"{main.url}/metrics").decode()
    lacks_nothing(text, "faqbot_questions_total{")


# Azure's SDK


def azure(server, key="any"):
    sdk = module("azure.ai.language.questionanswering")
    core = module("azure.core.credentials")
    client = sdk.QuestionAnsweringClient(server.url, core.AzureKeyCredential(key), retry_total=0)

    def ask(**options):
        options = {"project_name": "shop", "deployment_name": "production", **options}
        return client.get_answers(**options).answers

    return ask, module("azure.ai.language.questionanswering.models")


@test("azure: an answer")
def _():
    ask, _ = azure(main)
    answers = ask(question=SHIPPING, top=3, user_id="someone", include_unstructured_sources=True)
    best = answers[0]
    same(best.answer, SHIPPING_ANSWER)
    same(best.questions, [SHIPPING, "When will my parcel arrive?"])
    same(best.source, "https://shop.example/shipping")
    same(best.metadata, {"tag": "orders", "kind": "shipping"})
    assert 0.5 < best.confidence <= 1 and best.qna_id > 0, f"{best.confidence}, {best.qna_id}"
    same(best.dialog.prompts, [])


@test("azure: no match has the id -1")
def _():
    ask, _ = azure(main)
    (only,) = ask(question=UNKNOWN)
    same((only.qna_id, only.confidence), (-1, 0.0))
    lacks_nothing(only.answer, FALLBACK)


@test("azure: the threshold")
def _():
    ask, _ = azure(main)
    asked = "when do you deliver"
    sure = ask(question=SHIPPING)[0].confidence
    same(ask(question=SHIPPING, confidence_threshold=max(0.01, sure - 0.05))[0].answer, SHIPPING_ANSWER)
    several = ask(question=asked, confidence_threshold=0.3, top=5)
    assert all(one.confidence >= 0.3 or one.qna_id == -1 for one in several), "an answer below the threshold"
    best = ask(question="how long is delivery")[0].confidence
    assert best < 0.99, f"the test needs an unsure answer, not {best}"
    same(ask(question="how long is delivery", confidence_threshold=0.99)[0].qna_id, -1)


@test("azure: an answer by its id")
def _():
    ask, _ = azure(main)
    number = ask(question=SHIPPING)[0].qna_id
    same(get(f"{main.url}/v1/faqs/shop/entries/ship")["number"], number)
    (only,) = ask(qna_id=number)
    same((only.qna_id, only.answer, only.confidence), (number, SHIPPING_ANSWER, 1.0))


def azure_filter(models, *pairs, operation="AND"):
    metadata = models.MetadataFilter(metadata=list(pairs), logical_operation=operation)
    return models.QueryFilters(metadata_filter=metadata)


@test("azure: a metadata filter")
def _():
    ask, models = azure(main)

    def filtered(*pairs, operation="AND"):
        return azure_filter(models, *pairs, operation=operation)

    device = "How do I reset my device?"
    same(ask(question=device, filters=filtered(("kind", "device")))[0].answer, "Hold the power button for ten seconds.")
    same(ask(question=SHIPPING, filters=filtered(("kind", "device")))[0].qna_id, -1)
    both = filtered(("kind", "shipping"), ("tag", "orders"))
    same(ask(question=SHIPPING, filters=both)[0].answer, SHIPPING_ANSWER)
    either = filtered(("kind", "device"), ("tag", "orders"), operation="OR")
    same(ask(question=SHIPPING, filters=either)[0].answer, SHIPPING_ANSWER)
    neither = filtered(("kind", "device"), ("tag", "orders"))
    same(ask(question=SHIPPING, filters=neither)[0].qna_id, -1)


@test("azure: a metadata filter decides what is ambiguous")
def _():
    ask, models = azure(main)
    for asked in ("How do I reset it?", RESET):
        same(ask(question=asked)[0].qna_id, 0, "id without a filter")
        best = ask(question=asked, filters=azure_filter(models, ("kind", "device")))[0]
        same(best.answer, "Hold the power button for ten seconds.")


@test("azure: prompts, and following one")
def _():
    ask, _ = azure(main)
    (only,) = ask(question=RESET, top=3)
    lacks_nothing(only.answer, "Did you mean")
    same(only.qna_id, 0)
    prompts = {one.display_text: one.qna_id for one in only.dialog.prompts}
    same(sorted(prompts), ["Can I return an item?", "How do I reset my device?", "How do I reset my password?"])
    (chosen,) = ask(qna_id=prompts["How do I reset my password?"])
    same(chosen.answer, "Use the link on the sign-in page.")


@test("azure: feedback, what is not honoured, and the span that answers")
def _():
    number = get(f"{main.url}/v1/faqs/shop/entries/ship")["number"]
    body = {"records": [{"userId": "someone", "userQuestion": "delivery", "qnaId": number}]}
    status, _, _ = http(f"{main.url}/language/query-knowledgebases/projects/shop/feedback?api-version=2021-10-01", body)
    same(status, 204)
    url = f"{main.url}/language/:query-knowledgebases?projectName=shop&deploymentName=production&api-version=2021-10-01"
    status, fields, _ = http(url, {"question": SHIPPING, "rankerType": "QuestionOnly"})
    same(status, 200)
    assert "rankerType" in (fields["faqbot-not-honoured"] or ""), f"header is {fields['faqbot-not-honoured']}"
    status, _, body = http(url, {"question": SHIPPING, "answerSpanRequest": {"enable": True}})
    same(status, 200)
    span = body["answers"][0]["answerSpan"]
    same(span["text"], SHIPPING_ANSWER)
    same((span["offset"], span["length"]), (0, len(SHIPPING_ANSWER)))


@test("azure: a key is the token")
def _():
    module("azure.core")
    errors = module("azure.core.exceptions")
    ask, _ = azure(guarded, TOKEN)
    same(ask(question=SHIPPING)[0].answer, SHIPPING_ANSWER)
    ask, _ = azure(guarded, WRONG)
    try:
        ask(question=SHIPPING)
    except errors.ClientAuthenticationError as error:
        same(error.status_code, 401)
    else:
        raise AssertionError("a wrong key is accepted")


# OpenAI's SDK


def openai(server, key="any"):
    sdk = module("openai")
    return sdk.OpenAI(base_url=f"{server.url}/v1", api_key=key, timeout=15, max_retries=0)


def user(*texts):
    roles = ("user", "assistant")
    return [{"role": roles[at % 2], "content": text} for at, text in enumerate(texts)]


@test("openai: a completion")
def _():
    client = openai(main)
    said = client.chat.completions.create(model="shop", messages=user(SHIPPING), temperature=0.2, max_tokens=100)
    same((said.object, said.model), ("chat.completion", "shop"))
    choice = said.choices[0]
    same((choice.index, choice.finish_reason, choice.message.role), (0, "stop", "assistant"))
    lacks_nothing(choice.message.content, SHIPPING_ANSWER)
    assert said.usage.total_tokens == said.usage.prompt_tokens + said.usage.completion_tokens
    assert said.id and abs(said.created - time.time()) < 600, f"id {said.id}, created {said.created}"
    parts = [{"role": "system", "content": "Be nice."}]
    parts.append({"role": "user", "content": [{"type": "text", "text": SHIPPING}]})
    said = client.chat.completions.create(model="shop", messages=parts)
    lacks_nothing(said.choices[0].message.content, SHIPPING_ANSWER)
    said = client.chat.completions.create(model="shop", messages=user(UNKNOWN))
    lacks_nothing(said.choices[0].message.content, FALLBACK)


@test("openai: a stream")
def _():
    chunks = list(openai(main).chat.completions.create(model="shop", messages=user(SHIPPING), stream=True))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    lacks_nothing(text, SHIPPING_ANSWER)
    same({chunk.object for chunk in chunks}, {"chat.completion.chunk"})
    same(len({chunk.id for chunk in chunks}), 1, "number of ids")
    same(chunks[0].choices[0].delta.role, "assistant")
    for chunk in chunks:
        assert "finish_reason" in chunk.choices[0].model_fields_set, f"no finish_reason in {chunk}"
    same([chunk.choices[0].finish_reason for chunk in chunks], [None] * (len(chunks) - 1) + ["stop"])
    same([chunk.usage for chunk in chunks], [None] * len(chunks))


@test("openai: a stream with its usage")
def _():
    stream = openai(main).chat.completions.create(
        model="shop", messages=user(SHIPPING), stream=True, stream_options={"include_usage": True}
    )
    *chunks, last = list(stream)
    same(last.choices, [], "the last chunk's choices")
    assert last.usage is not None, "the last chunk has no usage"
    for chunk in chunks:
        assert chunk.usage is None and "usage" in chunk.model_fields_set, f"usage has to be null in {chunk}"


@test("openai: responses")
def _():
    client = openai(main)
    said = client.responses.create(model="shop", input=SHIPPING)
    same((said.object, said.status, said.model), ("response", "completed", "shop"))
    lacks_nothing(said.output_text, SHIPPING_ANSWER)
    same(said.usage.total_tokens, said.usage.input_tokens + said.usage.output_tokens)
    back = client.responses.create(model="shop", input=RESET)
    lacks_nothing(back.output_text, "Did you mean")
    picked = client.responses.create(model="shop", input="1", previous_response_id=back.id)
    assert "Did you mean" not in picked.output_text, picked.output_text
    errors = module("openai")
    try:
        client.responses.create(model="shop", input="1", previous_response_id="resp_0")
        raise AssertionError("a response that is not there is gone on from")
    except errors.NotFoundError:
        pass
    picture = {"type": "input_image", "image_url": "data:image/png;base64," + "A" * 1_000_000, "detail": "auto"}
    parts = [picture, {"type": "input_text", "text": SHIPPING}]
    raw = client.responses.with_raw_response.create(model="shop", input=[{"role": "user", "content": parts}], tools=[{"type": "web_search"}])
    same(raw.headers["faqbot-not-honoured"], "tools, images")
    lacks_nothing(raw.parse().output_text, SHIPPING_ANSWER)


@test("openai: responses as a stream")
def _():
    with openai(main).responses.stream(model="shop", input=SHIPPING) as stream:
        events = list(stream)
        final = stream.get_final_response()
    lacks_nothing(final.output_text, SHIPPING_ANSWER)
    same((events[0].type, events[-1].type), ("response.created", "response.completed"))
    same([event.sequence_number for event in events], list(range(len(events))))
    lacks_nothing("".join(event.delta for event in events if event.type == "response.output_text.delta"), SHIPPING_ANSWER)


@test("openai: the SDK for JavaScript", 45)
def _():
    package("openai")
    environment = {**os.environ, "NODE_MODULES": str(NODE_MODULES), "NO_PROXY": "127.0.0.1"}
    command = [node(), HERE / "openai.mjs", main.url, "any", SHIPPING, UNKNOWN]
    done = subprocess.run(command, capture_output=True, text=True, timeout=40, env=environment, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr[-500:]
    said = json.loads(done.stdout)
    for name in ("plain", "streamed", "final", "chat"):
        lacks_nothing(said[name], SHIPPING_ANSWER)
    lacks_nothing(said["next"], FALLBACK)
    same((said["events"][0], said["events"][-1]), ("response.created", "response.completed"))


@test("openai: models")
def _():
    client = openai(main)
    same([(one.id, one.object) for one in client.models.list()], [("shop", "model")])
    same(client.models.retrieve("shop").id, "shop")
    errors = module("openai")
    try:
        client.chat.completions.create(model="shop", messages=[])
    except errors.BadRequestError as error:
        assert error.message and error.type == "invalid_request_error", f"{error.message}, {error.type}"
    else:
        raise AssertionError("no messages are no error")


@test("openai: embeddings")
def _():
    client = openai(main)
    texts = [SHIPPING, "Where is my parcel?"]
    # Without a format the SDK asks for base64 and decodes it itself.
    default = client.embeddings.create(model="shop", input=texts)
    floats = client.embeddings.create(model="shop", input=texts, encoding_format="float")
    coded = client.embeddings.create(model="shop", input=texts, encoding_format="base64")
    same([one.index for one in floats.data], [0, 1])
    for one, two, three in zip(default.data, floats.data, coded.data):
        size = len(two.embedding)
        same(size, 384, "dimensions")
        raw = base64.b64decode(three.embedding)
        same(len(raw), 4 * size, "bytes")
        for other in (one.embedding, struct.unpack(f"<{size}f", raw)):
            assert max(abs(a - b) for a, b in zip(two.embedding, other)) < 1e-6, "formats differ"
        assert abs(sum(x * x for x in two.embedding) - 1) < 1e-3, "not of length 1"
    single = client.embeddings.create(model="shop", input=SHIPPING, encoding_format="float")
    assert max(abs(a - b) for a, b in zip(single.data[0].embedding, floats.data[0].embedding)) < 1e-4
    same((floats.object, floats.data[0].object), ("list", "embedding"))


@test("openai: picking by number")
def _():
    client = openai(main)
    back = client.chat.completions.create(model="shop", messages=user(RESET)).choices[0].message.content
    lacks_nothing(back, "Did you mean", "1. ", "2. ")
    answers = {"device": "Hold the power button", "password": "Use the link"}
    for number in "12":
        line = next(line for line in back.splitlines() if line.strip().startswith(f"{number}. "))
        expected = next(answers[word] for word in answers if word in line)
        said = client.chat.completions.create(model="shop", messages=user(RESET, back, number))
        lacks_nothing(said.choices[0].message.content, expected)


@test("openai: Open WebUI's own prompts are not counted")
def _():
    client = openai(main)
    before = questions(main)
    history = f"### Chat History:\n<chat_history>\nUSER: {SHIPPING}\nASSISTANT: {SHIPPING_ANSWER}\n</chat_history>"
    for task, key in (
        ("Generate a concise, 3-5 word title with an emoji summarizing the chat history.", "title"),
        ("Generate 1-3 broad tags categorizing the main themes of the chat history.", "tags"),
        ("Suggest 3-5 relevant follow-up questions or prompts that the user might naturally ask next.", "follow_ups"),
    ):
        prompt = f'### Task:\n{task}\n### Output:\nJSON format: {{ "{key}": ... }}\n{history}'
        said = client.chat.completions.create(model="shop", messages=user(prompt)).choices[0].message.content
        lacks_nothing(json.loads(said), key)
    same(questions(main), before, "number of questions")
    client.chat.completions.create(model="shop", messages=user(SHIPPING))
    same(questions(main), before + 1, "number of questions")


@test("openai: the key is the token")
def _():
    sdk = module("openai")
    said = openai(guarded, TOKEN).chat.completions.create(model="shop", messages=user(SHIPPING))
    lacks_nothing(said.choices[0].message.content, SHIPPING_ANSWER)
    client = openai(guarded, WRONG)
    for call in (
        lambda: client.chat.completions.create(model="shop", messages=user(SHIPPING)),
        lambda: client.models.list(),
        lambda: client.embeddings.create(model="shop", input="x"),
    ):
        try:
            call()
        except sdk.AuthenticationError:
            continue
        raise AssertionError("a wrong key is accepted")


# MCP's SDK


def with_mcp(target, check, mode="auto", key=None):
    """Runs `check` with a client of a URL or of a command."""
    mcp = module("mcp")
    client_http = module("mcp.client.streamable_http")
    shared = module("mcp.shared._httpx_utils")

    async def run():
        if isinstance(target, str):
            headers = {"Authorization": f"Bearer {key}"} if key else None
            server = client_http.streamable_http_client(
                target, http_client=shared.create_mcp_http_client(headers=headers)
            )
        else:
            server = mcp.StdioServerParameters(command=target[0], args=target[1:], env=ENVIRONMENT)
        async with mcp.Client(server, mode=mode, read_timeout_seconds=15) as client:
            await check(client)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        asyncio.run(asyncio.wait_for(run(), 40))


async def fails(call):
    """Whether a call ends with an error of the protocol or of the tool."""
    mcp = module("mcp")
    try:
        return (await call).is_error
    except mcp.MCPError:
        return True


async def mcp_session(client):
    same(client.server_info.name, "faqbot")
    tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    same(sorted(tools), ["ask_faq", "fetch", "get_entry", "search", "search_faq"])
    for name, tool in tools.items():
        hints = tool.annotations
        assert hints.read_only_hint is True and hints.destructive_hint is not True, f"{name}: {hints}"
        assert tool.description, f"{name} has no description"
        same((tool.input_schema["type"], tool.output_schema["type"]), ("object", "object"), name)

    # The client checks what is returned against the output schemas.
    async def call(tool, **arguments):
        result = await client.call_tool(tool, arguments)
        assert not result.is_error, f"{tool}: {result.content}"
        assert result.content and result.content[0].text, f"{tool} has no text"
        return result.structured_content

    reply = await call("ask_faq", question=SHIPPING)
    same((reply["outcome"], reply["answer"]), ("answer", SHIPPING_ANSWER))
    reply = await call("ask_faq", question=UNKNOWN, faq="shop")
    same((reply["outcome"], reply.get("answer")), ("no_match", None))
    reply = await call("ask_faq", question=RESET)
    same((reply["outcome"], sorted(one["id"] for one in reply["choices"])), ("ambiguous", ["device", "password", "return"]))
    found = await call("search_faq", query="parcel", limit=2)
    same((len(found["matches"]), found["matches"][0]["id"]), (2, "ship"))
    entry = await call("get_entry", id="ship")
    same((entry["question"], entry["answer"]), (SHIPPING, SHIPPING_ANSWER))
    results = (await call("search", query="parcel"))["results"]
    lacks_nothing(results[0], "id", "title", "url")
    page = await call("fetch", id=results[0]["id"])
    same((page["id"], page["title"], page["text"]), (results[0]["id"], SHIPPING, SHIPPING_ANSWER))
    resources = (await client.list_resources()).resources
    lacks_nothing([str(one.uri) for one in resources], "faq://shop/ship", "faq://shop/device")
    read = (await client.read_resource("faq://shop/ship")).contents[0]
    lacks_nothing(read.text, SHIPPING, SHIPPING_ANSWER)
    assert await fails(client.read_resource("faq://shop/nothing")), "an unknown resource is no error"
    assert await fails(client.call_tool("nothing", {})), "an unknown tool is no error"
    assert await fails(client.call_tool("ask_faq", {})), "a missing argument is no error"


async def mcp_tool_errors(client):
    # The model sees only errors that are results: those of the protocol end in the client.
    for tool, arguments in (
        ("get_entry", {"id": "nothing"}),
        ("fetch", {"id": "nothing"}),
        ("ask_faq", {"question": SHIPPING, "faq": "nothing"}),
    ):
        try:
            result = await client.call_tool(tool, arguments)
        except module("mcp").MCPError as error:
            raise AssertionError(f"{tool} with {arguments} is an error of the protocol: {error}") from None
        assert result.is_error, f"{tool} with {arguments} is no error"


def stdio():
    return [FAQBOT, "mcp", "--faq", f"shop={FOLDER / 'shop.yaml'}"]


@test("mcp: over standard input and output", 60)
def _():
    with_mcp(stdio(), mcp_session)


@test("mcp: over standard input and output, with a handshake", 60)
def _():
    with_mcp(stdio(), mcp_session, "legacy")


@test("mcp: over HTTP")
def _():
    async def check(client):
        same(client.protocol_version, "2026-07-28")
        await mcp_session(client)

    with_mcp(f"{main.url}/mcp", check)


@test("mcp: over HTTP, with a handshake")
def _():
    async def check(client):
        await mcp_session(client)
        await client.send_ping()

    with_mcp(f"{main.url}/mcp", check, "legacy")


@test("mcp: what a tool does not find is an error result")
def _():
    with_mcp(f"{main.url}/mcp", mcp_tool_errors)


def mcp_request(method="tools/list", **params):
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def post_mcp(server, request=None, **headers):
    headers = {"Accept": "application/json, text/event-stream", **headers}
    return http(f"{server.url}/mcp", request or mcp_request(), headers)


@test("mcp: foreign origins are refused, own ones are not")
def _():
    same(post_mcp(main)[0], 200, "status without an origin")
    same(post_mcp(main, Origin="https://evil.example")[0], 403, "status for a foreign origin")
    same(post_mcp(main, Origin="null")[0], 403, "status for the origin null")
    same(post_mcp(main, Host="evil.example")[0], 403, "status for a foreign host")
    same(post_mcp(limited, Origin="https://shop.example")[0], 200, "status for an allowed origin")
    same(post_mcp(main, Origin=main.url)[0], 200, "status for the server's own origin")


@test("mcp: a public server has any name")
def _():
    status, _, text = post_mcp(limited, Host="faq.shop.example")
    same(status, 200, f"status of {text}")


@test("mcp: the token")
def _():
    async def check(client):
        assert (await client.list_tools()).tools

    with_mcp(f"{guarded.url}/mcp", check, key=TOKEN)
    for key in (WRONG, None):
        try:
            with_mcp(f"{guarded.url}/mcp", check, key=key)
        except Exception:
            continue
        raise AssertionError(f"the key {key} is accepted")


# Scenarios of the conformance suite for a server that has tools and resources of its own.
# The checks named are not for such a server.
CONFORMANCE = {
    "server-initialize": (),
    "ping": (),
    "tools-list": (),
    "resources-list": (),
    "dns-rebinding-protection": (),
    "server-stateless": (),
    "http-header-validation": (),
    "sep-2164-resource-not-found": (),
    "caching": ("sep-2549-prompts-list-caching-hints",),
}


def conformance(scenario):
    program = package("@modelcontextprotocol/conformance") / "dist/index.js"
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        command = [node(), "--import", (HERE / "globsync.mjs").as_uri(), program, "server"]
        command += ["--url", f"{main.url}/mcp", "--scenario", scenario, "-o", folder]
        done = subprocess.run(command, capture_output=True, text=True, timeout=40, stdin=subprocess.DEVNULL, cwd=folder)
        results = list(Path(folder).rglob("checks.json"))
        assert results, f"no results: {(done.stderr or done.stdout)[-300:]}"
        checks = json.loads(results[0].read_text())
    assert checks, "no checks"
    bad = []
    for check in checks:
        # Some checks need tools that only a server for tests has.
        untestable = (check.get("details") or {}).get("untestable")
        if check["status"] == "FAILURE" and not untestable and check["id"] not in CONFORMANCE[scenario]:
            bad.append(f"{check['id']}: {check.get('errorMessage')}")
    assert not bad, "; ".join(bad)


for scenario in CONFORMANCE:
    test(f"mcp conformance: {scenario}", 45)(lambda scenario=scenario: conformance(scenario))


# Bot Framework

botbuilder_said = {}


def botbuilder(server, key, *asked):
    package("botbuilder-ai")
    where = (server.url, key, asked)
    if where not in botbuilder_said:
        environment = {**os.environ, "NODE_MODULES": str(NODE_MODULES), "NO_PROXY": "127.0.0.1"}
        command = [node(), HERE / "botbuilder.mjs", server.url, key, *asked]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=40, env=environment, stdin=subprocess.DEVNULL
        )
        assert done.returncode == 0, done.stderr[-500:]
        botbuilder_said[where] = json.loads(done.stdout)
    return botbuilder_said[where]


def bot_class(name):
    said = botbuilder(main, "any", SHIPPING, UNKNOWN, RESET)[name]
    best = said[SHIPPING]["answers"][0]
    same((best["answer"], best["source"]), (SHIPPING_ANSWER, "https://shop.example/shipping"))
    assert 0.5 < best["score"] <= 1, f"score is {best['score']}"
    lacks_nothing(best["metadata"], {"name": "kind", "value": "shipping"}, {"name": "tag", "value": "orders"})
    # What QnAMakerDialog reads as no answer.
    unknown = said[UNKNOWN]["answers"]
    same([one["id"] for one in unknown], [-1])
    lacks_nothing(unknown[0]["answer"], FALLBACK)
    back = said[RESET]["answers"][0]
    lacks_nothing(back["answer"], "Did you mean")
    same(
        sorted(one["displayText"] for one in back["context"]["prompts"]),
        ["Can I return an item?", "How do I reset my device?", "How do I reset my password?"],
    )
    same(said["filtered"]["answers"][0]["answer"], "Hold the power button for ten seconds.")
    same(said["trained"], True, "training")


@test("botbuilder: CustomQuestionAnswering", 45)
def _():
    bot_class("custom")


@test("botbuilder: QnAMaker", 45)
def _():
    bot_class("maker")


@test("botbuilder: the key is the token", 90)
def _():
    for name, said in botbuilder(guarded, TOKEN, SHIPPING).items():
        same(said[SHIPPING]["answers"][0]["answer"], SHIPPING_ANSWER, name)
    for name, said in botbuilder(guarded, WRONG, SHIPPING).items():
        answers = said[SHIPPING].get("answers")
        assert not answers, f"{name}: a wrong key is accepted: {answers}"


# QnA Maker and Rasa over plain HTTP


@test("qnamaker: scores, ids and training")
def _():
    base = f"{main.url}/qnamaker/knowledgebases/shop"
    for path in ("generateAnswer", "generateanswer"):
        best = get(f"{base}/{path}", {"question": SHIPPING, "top": 3})["answers"][0]
        same(best["answer"], SHIPPING_ANSWER)
        assert 50 < best["score"] <= 100, f"score is {best['score']}"
        lacks_nothing(best["metadata"], {"name": "kind", "value": "shipping"})
    same(get(f"{base}/generateAnswer", {"question": UNKNOWN})["answers"][0]["id"], -1)
    same(get(f"{base}/generateAnswer", {"qnaId": best["id"]})["answers"][0]["answer"], SHIPPING_ANSWER)
    record = {"userId": "someone", "userQuestion": "delivery", "qnaId": best["id"]}
    same(http(f"{base}/train", {"feedbackRecords": [record]})[0], 204)


@test("rasa: the channel")
def _():
    url = f"{main.url}/webhooks/rest"
    same(get(f"{url}/")["status"], "ok")
    (said,) = get(f"{url}/webhook", {"sender": "someone", "message": SHIPPING})
    same(said["recipient_id"], "someone")
    lacks_nothing(said["text"], "3 to 5")
    (said,) = get(f"{url}/webhook", {"sender": "someone", "message": UNKNOWN})
    lacks_nothing(said["text"], FALLBACK)
    (said,) = get(f"{url}/webhook", {"sender": "someone", "message": RESET})
    payloads = {one["title"]: one["payload"] for one in said["buttons"]}
    (said,) = get(f"{url}/webhook", {"sender": "someone", "message": payloads["How do I reset my password?"]})
    lacks_nothing(said["text"], "sign-in page")


@test("rasa: parsing, version and status")
def _():
    parsed = get(f"{main.url}/model/parse", {"text": SHIPPING, "message_id": "m1"})
    same((parsed["text"], parsed["message_id"], parsed["intent"]["name"]), (SHIPPING, "m1", "ship"))
    assert 0.5 < parsed["intent"]["confidence"] <= 1
    same(parsed["intent_ranking"][0], parsed["intent"])
    same(parsed["entities"], [])
    same(get(f"{main.url}/model/parse", {"text": UNKNOWN})["intent"]["name"], "nlu_fallback")
    lacks_nothing(get(f"{main.url}/version"), "version", "minimum_compatible_version")
    lacks_nothing(get(f"{main.url}/status"), "model_file", "num_active_training_jobs")


# Tokens and the rate

GUARDED = (
    ("/v1/ask", {"query": SHIPPING}),
    ("/v1/ask:batch", {"queries": [SHIPPING]}),
    ("/v1/faqs", None),
    ("/v1/faqs/shop", None),
    ("/v1/faqs/shop/entries", None),
    ("/v1/faqs/shop/entries/ship", None),
    ("/v1/feedback", {"id": "00000000-0000-4000-8000-000000000000", "rating": "up"}),
    ("/metrics", None),
    ("/language/:query-knowledgebases?projectName=shop", {"question": SHIPPING}),
    ("/language/query-knowledgebases/projects/shop/feedback", {"records": []}),
    ("/qnamaker/knowledgebases/shop/generateAnswer", {"question": SHIPPING}),
    ("/qnamaker/knowledgebases/shop/generateanswer", {"question": SHIPPING}),
    ("/qnamaker/knowledgebases/shop/train", {"feedbackRecords": []}),
    ("/webhooks/rest/", None),
    ("/webhooks/rest/webhook", {"sender": "someone", "message": SHIPPING}),
    ("/model/parse", {"text": SHIPPING}),
    ("/version", None),
    ("/status", None),
    ("/v1/chat/completions", {"model": "shop", "messages": user(SHIPPING)}),
    ("/v1/models", None),
    ("/v1/models/shop", None),
    ("/v1/embeddings", {"model": "shop", "input": SHIPPING}),
    ("/mcp", mcp_request()),
)


@test("tokens: needed, and a wrong one refused, at every address")
def _():
    for path, body in GUARDED:
        accept = {"Accept": "application/json, text/event-stream"}
        for headers in (
            {},
            {"Authorization": f"Bearer {WRONG}"},
            {"Authorization": TOKEN},
            {"Authorization": "Bearer "},
            {"Authorization": f"Bearer {TOKEN[:-1]}"},
            {"Authorization": f"EndpointKey {WRONG}"},
            {"Ocp-Apim-Subscription-Key": WRONG},
        ):
            status, fields, text = http(guarded.url + path, body, {**accept, **headers})
            same(status, 401, f"status of {path} with {headers}")
            assert fields["www-authenticate"], f"{path} has no WWW-Authenticate"
            assert "3 to 5" not in str(text), f"{path} answers"
        status, _, text = http(guarded.url + path, body, {**accept, "Authorization": f"Bearer {TOKEN}"})
        assert status in (200, 204, 404), f"{path} with the token: {status} {text}"
    for path in ("/healthz", "/readyz"):
        same(http(guarded.url + path)[0], 200, path)


@test("tokens: in the header that a client uses")
def _():
    ask = {"question": SHIPPING}
    for path, header in (
        ("/language/:query-knowledgebases?projectName=shop", {"Ocp-Apim-Subscription-Key": TOKEN}),
        ("/qnamaker/knowledgebases/shop/generateAnswer", {"Authorization": f"EndpointKey {TOKEN}"}),
    ):
        same(get(guarded.url + path, ask, **header)["answers"][0]["answer"], SHIPPING_ANSWER, path)


# An address each: the server counts by the header that its proxy sets.
RATED = [one for one in GUARDED if one[1] and "feedback" not in one[0] and "train" not in one[0] and one[0] != "/mcp"]


@test("rate: too many questions are refused")
def _():
    for at, (path, body) in enumerate(RATED):
        headers = {"X-Forwarded-For": f"192.0.2.{at + 1}"}
        replies = [http(limited.url + path, body, headers) for _ in range(4)]
        statuses = [one[0] for one in replies]
        same(statuses, [200, 200, 200, 429], f"statuses of {path}")
        after = replies[-1][1]["retry-after"]
        assert after and after.isdigit() and 0 < int(after) <= 60, f"{path}: Retry-After is {after}"
    path, body = RATED[0]
    same(http(limited.url + path, body, {"X-Forwarded-For": "192.0.2.200"})[0], 200, "status of another address")


@test("rate: it is for agents too")
def _():
    call = mcp_request("tools/call", name="ask_faq", arguments={"question": SHIPPING})
    replies = [post_mcp(limited, call, **{"X-Forwarded-For": "198.51.100.1"}) for _ in range(4)]
    refused = [status == 429 or "error" in text or text["result"].get("isError") for status, _, text in replies]
    same(refused, [False, False, False, True], "refused")


@test("rate: an address cannot be made up")
def _():
    path, body = RATED[0]
    statuses = [
        http(limited.url + path, body, {"X-Forwarded-For": f"203.0.113.{at}, 198.51.100.7"})[0] for at in range(4)
    ]
    same(statuses, [200, 200, 200, 429])


# The OpenAPI description


@test("openapi: names of operations are unique")
def _():
    document = get(f"{main.url}/openapi.json")
    names = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    same(sorted(names), sorted(set(names)))


SCHEMATHESIS = """\
# Requests that the description cannot rule out: no question and no id, an id of no entry, no
# message of the user.
"""
for path in (
    "/language/:query-knowledgebases",
    "/language/query-knowledgebases/projects/{project}/feedback",
    "/qnamaker/knowledgebases/{id}/generateAnswer",
    "/qnamaker/knowledgebases/{id}/train",
    "/v1/chat/completions",
    "/v1/responses",
):
    SCHEMATHESIS += f'[[operations]]\ninclude-name = "POST {path}"\nchecks.positive_data_acceptance.enabled = false\n'


@test("openapi: schemathesis finds nothing", 100)
def _():
    module("schemathesis")
    program = shutil.which("schemathesis", path=sysconfig.get_path("scripts")) or shutil.which("schemathesis")
    if not program:
        raise Skip("no schemathesis")
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        config = Path(folder, "schemathesis.toml")
        config.write_text(SCHEMATHESIS)
        command = [program, "--config-file", config, "run", f"{main.url}/openapi.json", "--no-color"]
        command += ["--max-examples", "30", "--request-timeout", "10", "--seed", "1", "--no-shrink"]
        command += ["--generation-database", "none", "--suppress-health-check", "all", "--warnings", "off"]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=95, cwd=folder, stdin=subprocess.DEVNULL
        )
    if LOG:
        Path(LOG).write_text(done.stdout + done.stderr)
    if done.returncode:
        summary = done.stdout.rpartition("= SUMMARY =")[2] or done.stdout
        lines = [line.strip() for line in (done.stdout + done.stderr).splitlines()]
        found = [line for line in lines if line.startswith(("- ST", "curl "))]
        raise AssertionError(" ".join(found)[:3000] or " ".join(summary.split())[-1000:])


def run(name, timeout, function):
    """The line of a test."""
    outcome = []

    def body():
        try:
            function()
            outcome.append("ok " + name)
        except Skip as error:
            outcome.append(f"skipped {name}: {error}")
        except BaseException as error:
            while isinstance(error, BaseExceptionGroup):
                error = error.exceptions[0]
            if LOG:
                traceback.print_exception(error)
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            outcome.append(f"FAILED {name}: {reason.removeprefix('AssertionError: ')}")

    thread = threading.Thread(target=body, daemon=True)
    thread.start()
    thread.join(timeout)
    return outcome[0] if outcome else f"FAILED {name}: not done after {timeout} s"


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    FAQBOT = str(Path(sys.argv[1]).resolve())
    # Only tests that have one of these in their names.
    only = sys.argv[2:]
    # Where schemathesis's whole report goes; with it, errors are shown with their lines.
    LOG = os.environ.get("CLIENTS_LOG")
    failed = 0
    with tempfile.TemporaryDirectory() as temporary:
        FOLDER = Path(temporary)
        (FOLDER / "shop.yaml").write_text(FAQ)
        (FOLDER / "tokens").write_text(TOKEN + "\n")
        ENVIRONMENT = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": temporary,
            "XDG_CACHE_HOME": temporary,
            "FAQBOT_OFFLINE": "1",
        }
        os.environ["NO_PROXY"] = "127.0.0.1"
        servers = []
        try:
            main = Server(temporary, "--mcp")
            servers.append(main)
            main.wait()
            guarded = Server(temporary, "--mcp", "--token-file", str(FOLDER / "tokens"))
            servers.append(guarded)
            limited = Server(
                temporary, "--mcp", "--public", "--rate", "3", "--allow-origin", "https://shop.example",
                "--trusted-proxy", "X-Forwarded-For",
            )
            servers.append(limited)
            guarded.wait()
            limited.wait()
            for name, timeout, function in tests:
                if only and not any(part in name for part in only):
                    continue
                line = run(name, timeout, function)
                failed += line.startswith("FAILED")
                print(line, flush=True)
        finally:
            for at, server in enumerate(servers):
                code = server.stop()
                if code != 0:
                    failed += 1
                    print(f"FAILED server {at + 1} ends with 0: exit code is {code}")
    sys.exit(1 if failed else 0)
