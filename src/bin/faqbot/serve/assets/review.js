// The review page: groups of questions that were not answered, one at a time. Texts become text nodes, never HTML.

const at = (id) => document.getElementById(id);
const faq = new URLSearchParams(location.search).get("faq") ?? undefined;
const KEY = "faqbot-token";
let groups = [];
let entries = [];
let decided = 0;
let pending = null;

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
  const response = await fetch(path, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body) });
  if (response.status === 401) {
    sessionStorage.removeItem(KEY);
    at("token").hidden = false;
    at("secret").focus();
    throw new Error(token ? "That is no token of this server." : "");
  }
  const value = await response.json();
  if (!response.ok) throw new Error(value.detail ?? response.statusText);
  return value;
}

function say(text) {
  at("status").textContent = text;
}

async function busy(work) {
  const buttons = [...document.querySelectorAll("button")];
  buttons.forEach((button) => (button.disabled = true));
  try {
    await work();
  } catch (error) {
    say(error instanceof TypeError ? "The server does not answer." : error.message);
  } finally {
    buttons.forEach((button) => (button.disabled = false));
  }
}

async function load() {
  say("Reading what was asked…");
  const open = await call(`/v1/review${faq ? `?faq=${encodeURIComponent(faq)}` : ""}`);
  at("token").hidden = true;
  groups = open.groups;
  entries = open.entries;
  at("about").textContent = open.faq;
  say("");
  show(open.calibrate ?? "");
}

function show(message = "") {
  const group = groups[0];
  pending = null;
  at("preview").hidden = true;
  at("choice").hidden = false;
  at("group").hidden = !group;
  if (!group) {
    say(`${message} Nothing is open: every question that was kept is answered or decided.`.trim());
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
  others.addEventListener("change", () => document.querySelectorAll("[name=entry]").forEach((radio) => (radio.checked = !others.value && radio.value === group.suggestion)));
  at("entries").append(others);
  at("question").focus();
}

function choice() {
  const words = at("words").value.trim() || undefined;
  if (at("new").open && at("answer").value.trim()) return { kind: "entry", question: words, answer: at("answer").value };
  const entry = at("entries").querySelector("select").value || document.querySelector("[name=entry]:checked")?.value;
  if (!entry) throw new Error("Choose an entry, or write a new one.");
  return { kind: "phrasing", entry, phrasing: words };
}

function request(choice) {
  const left = [...at("questions").querySelectorAll("input")].filter((box) => !box.checked).map((box) => box.value);
  return { faq, group: groups[0].id, leave_out: left, choice };
}

async function preview(choice) {
  const body = request(choice);
  const found = await call("/v1/review/preview", body);
  pending = body;
  const effect = found.effect;
  const parts = [`+${effect.answered} answered`];
  if (effect.mended) parts.push(`${effect.mended} no longer wrong`);
  parts.push(`${effect.wrong.length} now wrong`);
  if (effect.lost.length) parts.push(`${effect.lost.length} no longer answered`);
  at("effect").textContent = `${parts.join(", ")}, of ${effect.questions} labelled ${effect.questions === 1 ? "question" : "questions"}`;
  at("worse").replaceChildren();
  for (const [what, list] of [["now wrong", effect.wrong], ["no longer answered", effect.lost]]) {
    for (const one of list) at("worse").append(element("li", `${what}: ${one.query} (should be ${one.expected ?? "no answer"}, is ${one.given ?? "none"})`));
  }
  for (const finding of found.findings) at("worse").append(element("li", `check: ${finding}`));
  at("file").textContent = found.file;
  at("lines").textContent = found.lines.map((line) => `+ ${line}`).join("\n");
  at("choice").hidden = true;
  at("preview").hidden = false;
  at("write").disabled = false;
  at("write").focus();
}

async function write() {
  const done = await call("/v1/review/decide", pending);
  groups.shift();
  decided += 1;
  if (pending.choice.kind === "entry") await load();
  show([`Written to ${done.file}.`, done.calibrate].filter(Boolean).join(" "));
}

at("token").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(KEY, at("secret").value);
  at("secret").value = "";
  busy(load);
});
at("choice").addEventListener("submit", (event) => {
  event.preventDefault();
  busy(() => preview(choice()));
});
at("refuse").addEventListener("click", () => busy(() => preview({ kind: "not_ours" })));
at("write").addEventListener("click", () => busy(write));
at("back").addEventListener("click", () => show());
at("later").addEventListener("click", () => {
  groups.shift();
  show();
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || at("group").hidden) return;
  if (event.key === "Escape") {
    if (pending) show();
    else at("question").focus();
    return;
  }
  if (event.target.matches("textarea, select, input:not([type=radio], [type=checkbox])") || pending) return;
  const radios = [...document.querySelectorAll("[name=entry]")];
  const radio = radios[Number(event.key) - 1];
  if (radio) {
    at("entries").querySelector("select").value = "";
    radio.checked = true;
    radio.focus();
  } else if (event.key === "x") at("refuse").click();
  else if (event.key === "l") at("later").click();
  else if (event.key === "n") {
    at("new").open = true;
    at("answer").focus();
  } else if (event.key === "Enter" && !event.target.matches("button, summary, a")) at("choice").requestSubmit();
  else return;
  event.preventDefault();
});
busy(load);
