// The review page: groups of questions that were not answered, one at a time. Texts become text nodes, never HTML.

const at = (id) => document.getElementById(id);
// This file is one of the server's, under whatever path that is reached.
const base = new URL("..", import.meta.url);
const faq = new URLSearchParams(location.search).get("faq") ?? undefined;
const KEY = "faqbot-token";
let groups = [];
let entries = [];
let decided = 0;
let working = false;
// The decision that is previewed.
let pending = null;
// Groups that were put off.
const later = new Set();

function element(name, text, attributes = {}) {
  const node = document.createElement(name);
  if (text !== undefined) node.textContent = text;
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

async function call(path, body) {
  const headers = {};
  const token = sessionStorage.getItem(KEY);
  if (token) headers.authorization = `Bearer ${token}`;
  if (body) headers["content-type"] = "application/json";
  let response;
  try {
    response = await fetch(new URL(path, base), { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body) });
  } catch {
    throw new Error("The server does not answer. Nothing is lost: try again.");
  }
  if (response.status === 401) {
    sessionStorage.removeItem(KEY);
    at("token").hidden = false;
    at("secret").focus();
    throw new Error(token ? "That is no token of this server." : "");
  }
  let value;
  try {
    value = await response.json();
  } catch {
    throw new Error(`The server answered ${response.status}, and nothing that can be read.`);
  }
  if (!response.ok) throw new Error(value.detail ?? `The server answered ${response.status}.`);
  return value;
}

function say(text) {
  at("status").textContent = text;
}

// One thing at a time: what is pressed meanwhile does nothing.
async function busy(work) {
  if (working) return;
  working = true;
  say("");
  const buttons = [...document.querySelectorAll("button")];
  buttons.forEach((button) => (button.disabled = true));
  try {
    await work();
  } catch (error) {
    say(error.message);
  } finally {
    buttons.forEach((button) => (button.disabled = false));
    working = false;
  }
  if (pending && !at("preview").contains(document.activeElement)) at("write").focus();
}

async function load(message = "") {
  say("Reading what was asked…");
  const open = await call(`v1/review${faq ? `?faq=${encodeURIComponent(faq)}` : ""}`);
  at("token").hidden = true;
  groups = open.groups.filter((group) => !later.has(group.id));
  entries = open.entries;
  at("about").textContent = open.faq;
  at("faqs").replaceChildren();
  for (const name of open.faqs.filter((name) => name !== open.faq)) at("faqs").append(element("a", name, { href: `?faq=${encodeURIComponent(name)}` }));
  show([message, open.calibrate].filter(Boolean).join(" "));
}

// The first group, as it is before anything was chosen.
function show(message = "") {
  const group = groups[0];
  at("group").hidden = !group;
  back();
  if (!group) {
    const rest = later.size ? `${later.size} put off: they come back when the page is loaded again.` : "Nothing is open: every question that was kept is answered or decided.";
    say(`${message} ${rest}`.trim());
    document.querySelector("h1").focus();
    return;
  }
  say(message);
  at("place").textContent = `${groups.length} open, ${decided} decided · asked ${group.count} ${group.count === 1 ? "time" : "times"}`;
  at("question").textContent = group.question;
  at("words").value = group.question;
  at("answer").value = "";
  at("new").open = false;
  at("questions").querySelectorAll("label").forEach((label) => label.remove());
  for (const question of group.questions) {
    const label = element("label");
    label.append(element("input", undefined, { type: "checkbox", checked: "", value: question.text }), element("span", question.text));
    const about = [question.count > 1 ? `${question.count} times` : "", question.down ? "did not help" : ""].filter(Boolean).join(", ");
    if (about) label.append(element("small", about));
    at("questions").append(label);
  }
  at("questions").hidden = group.questions.length < 2;
  at("entries").querySelectorAll("label, select").forEach((node) => node.remove());
  const listed = group.nearest.map((near) => near.id);
  if (group.suggestion && !listed.includes(group.suggestion)) listed.unshift(group.suggestion);
  listed.forEach((id, number) => {
    const near = group.nearest.find((near) => near.id === id);
    const question = near?.question ?? entries.find((entry) => entry.id === id)?.question ?? id;
    const label = element("label");
    const radio = element("input", undefined, { type: "radio", name: "entry", value: id });
    radio.checked = id === group.suggestion;
    const sure = near?.confidence == null ? "" : `${Math.round(100 * near.confidence)} % sure`;
    const chosen = id === group.suggestion && group.chosen ? "chosen by those who asked" : "";
    label.append(radio, element("span", `${number + 1}. ${question}`), element("small", [sure, chosen].filter(Boolean).join(", ")));
    at("entries").append(label);
  });
  const others = element("select", undefined, { "aria-label": "Another entry" });
  others.append(element("option", "another entry…", { value: "" }));
  for (const entry of entries.filter((entry) => !listed.includes(entry.id))) others.append(element("option", entry.question, { value: entry.id }));
  others.addEventListener("change", () => {
    document.querySelectorAll("[name=entry]").forEach((radio) => (radio.checked = !others.value && radio.value === group.suggestion));
    if (others.value) at("new").open = false;
  });
  at("entries").append(others);
  at("question").focus();
}

// From the preview to the choice, which is as it was.
function back() {
  pending = null;
  at("preview").hidden = true;
  at("choice").hidden = false;
  at("questions").disabled = false;
}

function checked() {
  return [...at("questions").querySelectorAll("input:checked")].map((box) => box.value);
}

function choice() {
  // What was left out is not what is added.
  if (at("words").value === groups[0].question && !checked().includes(groups[0].question)) at("words").value = checked()[0] ?? "";
  const words = at("words").value.trim() || undefined;
  if (at("new").open) {
    if (!at("answer").value.trim()) throw new Error("Write the answer, or choose an entry.");
    return { kind: "entry", question: words, answer: at("answer").value };
  }
  const entry = at("entries").querySelector("select").value || document.querySelector("[name=entry]:checked")?.value;
  if (!entry) throw new Error("Choose an entry, or write a new one.");
  return { kind: "phrasing", entry, phrasing: words };
}

async function preview(choose) {
  const questions = checked();
  if (!questions.length) throw new Error("Leave at least one question of the group.");
  const body = { faq, group: groups[0].id, questions, choice: choose() };
  const found = await call("v1/review/preview", body);
  pending = { ...body, revision: found.revision };
  const effect = found.effect;
  const harm = effect.wrong.length + effect.lost.length > 0;
  const parts = [`+${effect.answered} answered`];
  if (effect.mended) parts.push(`${effect.mended} no longer wrong`);
  parts.push(`${effect.wrong.length} now wrong`);
  if (effect.lost.length) parts.push(`${effect.lost.length} no longer answered`);
  at("choice").hidden = true;
  at("preview").hidden = false;
  at("questions").disabled = true;
  at("what").textContent = found.what;
  at("effect").textContent = `${parts.join(", ")}, of ${effect.questions} labelled ${effect.questions === 1 ? "question" : "questions"}`;
  at("effect").classList.toggle("harm", harm);
  at("worse").replaceChildren();
  for (const [what, list] of [["now wrong", effect.wrong], ["no longer answered", effect.lost]]) {
    for (const one of list) at("worse").append(element("li", `${what}: ${one.query} (should be ${one.expected ?? "no answer"}, is ${one.given ?? "none"})`));
  }
  for (const query of found.taken_in) at("worse").append(element("li", `left out, and answered by it all the same: ${query}`));
  for (const finding of found.findings) at("worse").append(element("li", `check: ${finding}`));
  at("file").textContent = found.file;
  at("lines").textContent = found.lines.map((line) => `+ ${line}`).join("\n");
}

async function write() {
  const decision = pending;
  const done = await call("v1/review/decide", decision);
  decided += 1;
  await load([`Written to ${done.file}.`, done.calibrate].filter(Boolean).join(" "));
}

at("token").addEventListener("submit", (event) => {
  event.preventDefault();
  const token = at("secret").value;
  at("secret").value = "";
  // Others cannot be sent.
  if (!/^[\x21-\x7e]+$/.test(token)) return say("That is no token of this server.");
  sessionStorage.setItem(KEY, token);
  // What was begun is not lost.
  if (at("group").hidden) return busy(load);
  at("token").hidden = true;
  say("Go on.");
  (pending ? at("write") : at("question")).focus();
});
at("choice").addEventListener("submit", (event) => {
  event.preventDefault();
  busy(() => preview(choice));
});
at("refuse").addEventListener("click", () => busy(() => preview(() => ({ kind: "not_ours" }))));
at("write").addEventListener("click", () => pending && busy(write));
at("back").addEventListener("click", () => {
  if (working) return;
  back();
  at("question").focus();
});
at("later").addEventListener("click", () => {
  if (working) return;
  later.add(groups.shift().id);
  show();
});
// A key that is held is not pressed again.
document.addEventListener(
  "keydown",
  (event) => {
    if (event.repeat && event.key === "Enter") {
      event.preventDefault();
      event.stopPropagation();
    }
  },
  true,
);
document.addEventListener("keydown", (event) => {
  if (event.altKey || at("group").hidden || working || !at("token").hidden) return;
  const send = event.key === "Enter" && (event.ctrlKey || event.metaKey);
  if ((event.ctrlKey || event.metaKey) && !send) return;
  if (event.key === "Escape") {
    if (pending) at("back").click();
    else at("question").focus();
    return;
  }
  if (pending) {
    if (event.key !== "Enter" || event.target.matches("button")) return;
    at("write").click();
    // A question has one line.
  } else if (send || (event.key === "Enter" && event.target === at("words"))) at("choice").requestSubmit();
  else if (event.target.matches("textarea, select, input:not([type=radio], [type=checkbox])")) return;
  else {
    const radio = [...document.querySelectorAll("[name=entry]")][Number(event.key) - 1];
    if (radio) {
      at("entries").querySelector("select").value = "";
      at("new").open = false;
      radio.checked = true;
      radio.focus();
    } else if (event.key === "x") at("refuse").click();
    else if (event.key === "l") at("later").click();
    else if (event.key === "n") {
      at("new").open = true;
      at("answer").focus();
    } else if (event.key === "Enter" && !event.target.matches("button, summary, a")) at("choice").requestSubmit();
    else return;
  }
  event.preventDefault();
});
busy(load);
