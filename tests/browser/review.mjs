// Tests of the review page in a real browser: node review.mjs PATH_TO_FAQBOT
// Environment: CHROMIUM (default /usr/bin/chromium), NODE_MODULES (a folder with the modules of package.json),
// SCREENSHOTS (a folder for pictures of the main states), ONLY (run tests with this in their name), TIMES.
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { axe, bounded, check, chromium, chromiumPath, program, same, until, WAIT } from "./browser.mjs";
import { hostileFaq, PAYLOADS } from "./hostile.mjs";

const TEST = 45_000; // for one test
const ALL = 300_000; // for everything

// ---- The server: each test has its own, with its own FAQ and store. The model "hash" matches by shared words ----

const SHOP = `title: Shop help
# This comment stays.
entries:
  - id: password
    question: How do I reset my password?
    also:
      - I forgot my password
    answer: Open **Settings** and click *Reset password*.
  - id: shipping
    question: How long does shipping take?
    answer: Two to five days.
  - id: device
    question: How do I reset my device?
    answer: Hold the button.
  - id: hours
    question: When are you open?
    answer: From nine to five.
`;
const ASKED = ["do you sell gift vouchers", "do you sell gift vouchers", "do you sell vouchers", "reset", "reset", "weather in Paris"];
const VOUCHERS = "do you sell gift vouchers";
const WEATHER = "weather in Paris";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "faqbot-review-"));
const environment = { PATH: process.env.PATH, HOME: folder, XDG_CACHE_HOME: path.join(folder, "cache"), FAQBOT_OFFLINE: "1" };
const servers = new Set();

async function run(place, args, listen) {
  const child = spawn(program, ["serve", "--listen", listen, "--store", `sqlite:${path.join(place, "asked.db")}`, "--model", "hash", "--no-cache", ...args],
    { env: environment, cwd: place, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  const ended = new Promise((resolve) => child.on("close", (code, signal) => resolve(signal ?? code)));
  child.on("error", (error) => (said += error));
  child.stderr.on("data", (data) => (said += data));
  const stop = (signal = "SIGTERM") => (servers.delete(stop), child.kill(signal), bounded(ended, 15_000, "the server did not end"));
  servers.add(stop);
  const end = Date.now() + 30_000;
  while (Date.now() < end && child.exitCode === null) {
    const url = said.match(/listening on (http:\/\/\S+)/)?.[1];
    if (url) return { url: url.replace(/\/$/, ""), stop };
    await sleep(30);
  }
  await stop("SIGKILL");
  throw new Error(`the server did not start: ${said}`);
}

// Starts a server over `faq` and asks `asked`, so that their groups are open.
async function shop({ faq = SHOP, asked = ASKED, args = [], cosine = "0.4", token } = {}) {
  const place = fs.mkdtempSync(path.join(folder, "shop-"));
  const file = path.join(place, "shop.yaml");
  fs.writeFileSync(file, faq);
  const all = ["--faq", "shop.yaml", "--min-cosine", cosine, ...args];
  const server = await run(place, all, "127.0.0.1:0");
  const me = {
    place,
    url: server.url,
    stop: server.stop,
    faq: () => fs.readFileSync(file, "utf8"),
    edit: (text) => fs.writeFileSync(file, text),
    read: (name) => (fs.existsSync(path.join(place, name)) ? fs.readFileSync(path.join(place, name), "utf8") : null),
    again: async () => (me.stop = (await run(place, all, new URL(me.url).host)).stop),
    post: async (address, body) => {
      const headers = { "content-type": "application/json", ...(token ? { authorization: `Bearer ${token}` } : {}) };
      const response = await fetch(me.url + address, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body), signal: AbortSignal.timeout(WAIT) });
      return { status: response.status, ...(await response.json().catch(() => ({}))) };
    },
    ask: async (...queries) => {
      let last;
      for (const query of queries) last = await me.post("/v1/ask", { query });
      return last;
    },
    // The file is read again a moment after it is written.
    answers: (query, id) => until(async () => {
      const { outcome, matches } = await me.ask(query);
      return outcome === "answer" && matches[0].id === id;
    }, `${query} is not answered by ${id}`, 15_000, 700),
    open: async () => (await me.post("/v1/review")).groups,
    // What was asked is written a moment after the answer.
    kept: (count) => until(async () => (await me.open()).reduce((sum, group) => sum + group.count, 0) >= count, `${count} questions are not kept`),
  };
  let count = 0;
  for (const query of asked) count += (await me.ask(query)).outcome !== "answer";
  if (asked.length) same(count > 0, true, "questions without an answer");
  await me.kept(count);
  return me;
}

// ---- Helpers ----

const words = (text) => text.replace(/\s+/g, " ").trim();
const question = (page) => page.getByRole("heading", { level: 2 });
const status = async (page) => words(await page.getByRole("status").innerText());
const button = (page, name) => page.getByRole("button", { name: new RegExp(`^${name}`) });
const write = (page) => button(page, "Write it");
const see = (page) => button(page, "See what it changes");
const answer = (page) => page.getByLabel(/answer/i);
const lines = (page) => page.locator("pre").innerText();
const effect = async (page) => words(await page.getByLabel("What it changes").innerText());
const press = (page, ...keys) => keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());

async function openReview(page, server, query = "") {
  await page.goto(`${server.url}/review${query}`, { timeout: WAIT });
}

// Waits until the group of `text` is shown.
async function shows(page, text) {
  await until(async () => (await question(page).isVisible()) && (await see(page).isVisible()) && (await question(page).innerText()) === text,
    async () => `${text} is not shown, but: ${await page.locator("main").innerText()}`.slice(0, 400));
  await until(() => see(page).isEnabled(), "the buttons stay disabled");
}

async function previewed(page) {
  await until(async () => (await write(page).isVisible()) && (await write(page).isEnabled()), async () => `no preview: ${await status(page)}`);
}

const said = (page, pattern) => until(async () => pattern.test(await status(page)), async () => `${pattern} is not said, but "${await status(page)}"`);

const focused = (page) => page.evaluate(() => {
  const active = document.activeElement;
  return `${active?.localName ?? ""} ${active?.getAttribute?.("aria-label") ?? active?.innerText ?? ""}`.replace(/\s+/g, " ").trim();
});

// The focus must not be lost to the body, nor be on something that is hidden or disabled.
async function focusIs(page, pattern, when) {
  await until(async () => pattern.test(await focused(page)), async () => `the focus ${when} is on "${(await focused(page)).slice(0, 80)}" instead of ${pattern}`, 2000);
  check(await page.evaluate(() => document.activeElement.checkVisibility() && !document.activeElement.disabled), `the focus ${when} is on something hidden`);
}

async function noViolations(page, what) {
  const session = await page.context().newCDPSession(page);
  await session.send("Runtime.evaluate", { expression: axe.source });
  await session.detach();
  const found = await bounded(page.evaluate(() => window.axe.run(document, { rules: { "target-size": { enabled: true } }, resultTypes: ["violations"] })), 20_000, "axe took too long");
  if (found.violations.length) later.push(`axe, ${what}: ${found.violations.map((v) => `${v.id} (${v.help}) at ${v.nodes.map((n) => n.target.flat().join(" ")).slice(0, 2).join(" and ")}`).join(" | ")}`);
}

async function notWide(page, what) {
  const found = await page.evaluate(() => {
    const out = [];
    const scroller = document.scrollingElement;
    if (scroller.scrollWidth > scroller.clientWidth) out.push(`the page is ${scroller.scrollWidth} wide in ${scroller.clientWidth}`);
    for (const e of document.querySelectorAll("body *")) {
      const box = e.getBoundingClientRect();
      if (box.width && (box.left < -1 || box.right > innerWidth + 1)) out.push(`${e.localName} "${e.textContent.slice(0, 20)}" is from ${box.left} to ${box.right}`);
    }
    return out.slice(0, 3);
  });
  if (found.length) later.push(`too wide, ${what}: ${found.join("; ")}`);
}

// Texts of users and of the FAQ are only ever text: no element and no attribute comes from them.
const harmful = (page) => page.evaluate(() => {
  const known = new Set("html,head,meta,title,link,script,body,header,h1,h2,p,main,form,label,input,button,section,fieldset,legend,details,summary,textarea,kbd,ul,li,pre,small,span,select,option,optgroup,noscript,div,strong,ol,bdi,code,hr,br,nav,a".split(","));
  const out = [];
  for (const e of document.querySelectorAll("*")) {
    if (!known.has(e.localName) || e.namespaceURI !== "http://www.w3.org/1999/xhtml") out.push(`element ${e.outerHTML.slice(0, 100)}`);
    for (const { name } of e.attributes) {
      if (name.startsWith("on") || (name === "style" ? e.style.length > 0 : ["srcdoc", "ping", "formaction"].includes(name))) out.push(`attribute ${name} ${e.outerHTML.slice(0, 100)}`);
    }
    if (["fixed", "absolute", "sticky"].includes(getComputedStyle(e).position)) out.push(`position ${e.outerHTML.slice(0, 100)}`);
  }
  if (document.scripts.length !== 1 || document.querySelectorAll("link").length !== 1) out.push("another script or style");
  if (window.pwned) out.push("a script ran");
  return out;
});

async function harmless(page, what) {
  const found = await harmful(page);
  check(found.length === 0, `${what}: ${found.slice(0, 3).join(" | ")}`);
}

// ---- The runner: each test has its own context, and what all of them must keep is checked after it ----

const started = Date.now();
const browser = await chromium.launch({ executablePath: chromiumPath, args: ["--no-sandbox"], timeout: 30_000 });
const pictures = process.env.SCREENSHOTS;
if (pictures) fs.mkdirSync(pictures, { recursive: true });

async function picture(page, name) {
  if (!pictures) return;
  await page.screenshot({ path: path.join(pictures, `review-${name}.png`), timeout: WAIT, fullPage: true });
}

let failed = 0;
const later = []; // Failures that do not end a test.
async function test(name, body, { mayLog, ...settings } = {}) {
  if (process.env.ONLY && !name.includes(process.env.ONLY)) return;
  if (Date.now() - started > ALL) {
    console.log(`FAILED ${name}: no time left`);
    failed += 1;
    return;
  }
  const context = await browser.newContext({ locale: "en-US", viewport: { width: 900, height: 700 }, ...settings });
  context.setDefaultTimeout(WAIT);
  const requests = [];
  const problems = [];
  later.length = 0;
  const paths = /^\/(review|favicon\.ico|assets\/review\.(js|css)|v1\/review(\/preview|\/decide)?)$/;
  context.on("request", (request) => {
    requests.push(request);
    const url = new URL(request.url());
    if (url.hostname !== "127.0.0.1" || !paths.test(url.pathname)) problems.push(`request to ${request.url().slice(0, 200)}`);
  });
  context.on("console", (message) => {
    const text = message.text();
    if (["error", "warning"].includes(message.type()) && !mayLog?.test(text)) problems.push(`console: ${text.slice(0, 300)}`);
  });
  context.on("weberror", (event) => problems.push(`uncaught: ${String(event.error()?.message || event.error()).slice(0, 300)}`));
  context.on("dialog", (dialog) => {
    problems.push(`dialog: ${dialog.message()}`);
    dialog.dismiss().catch(() => {});
  });
  await context.addInitScript(() => addEventListener("securitypolicyviolation", (event) => console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`), true));
  const page = await context.newPage();
  const sent = (name) => requests.filter((request) => request.method() === "POST" && request.url().endsWith(`/v1/review/${name}`)).length;
  const time = Date.now();
  try {
    await bounded(body(page, { requests, sent, context }), TEST, "took too long");
    check(!(await page.evaluate(() => window.pwned)), "a script of a text ran");
    check(later.length === 0, [...new Set(later)].join(" || "));
    check(problems.length === 0, problems.slice(0, 3).join(" | "));
    console.log(`ok ${name}`);
  } catch (error) {
    failed += 1;
    const extra = problems.length && !problems.includes(error.message) ? ` [${problems.slice(0, 2).join(" | ")}]` : "";
    console.log(`FAILED ${name}: ${words(String(error.message).split("\n").slice(0, 3).join(" ")).slice(0, 900)}${error.message.startsWith("console") ? "" : extra}`);
    if (pictures) await page.screenshot({ path: path.join(pictures, `failed ${name.replace(/\W+/g, "-")}.png`), timeout: 3000 }).catch(() => {});
  }
  if (process.env.TIMES) console.log(`   ${Date.now() - time} ms`);
  await bounded(context.close(), 5000, "").catch(() => {});
  for (const stop of [...servers]) {
    const code = await stop().catch((error) => error.message);
    if (code === 0) continue;
    failed += 1;
    console.log(`FAILED ${name}: the server ends with ${code}`);
  }
}

const conflict = /status of 409/;
const gone = /ERR_CONNECTION|ERR_SOCKET|ERR_EMPTY_RESPONSE|Failed to fetch|Failed to load/;

async function tests() {
  await test("keyboard only: a phrasing, a new entry, not ours, and the files after each", async (page, { sent }) => {
    const server = await shop();
    await openReview(page, server);
    await shows(page, VOUCHERS);
    await focusIs(page, /^h2/, "after loading");
    const place = words(await page.locator("main").innerText());
    check(/3 open/.test(place) && /3 times/.test(place), `counts: ${place.slice(0, 120)}`);
    await picture(page, "group");

    // The second group is "reset": choose an entry by its digit.
    await press(page, "l");
    await shows(page, "reset");
    await focusIs(page, /^h2/, "after Later");
    same(server.faq(), SHOP, "the FAQ after Later");
    const entries = await page.getByRole("radio").all();
    const number = (await Promise.all(entries.map((one) => one.locator("xpath=..").innerText()))).findIndex((text) => text.includes("my device")) + 1;
    check(number > 0, "the device is not among the entries");
    await press(page, String(number));
    check(await entries[number - 1].isChecked(), `${number} does not choose the entry`);
    await press(page, "Enter");
    await previewed(page);
    await focusIs(page, /Write it/, "in the preview");
    same(server.faq(), SHOP, "the FAQ before it is written");
    const shown = await lines(page);
    check(shown.includes("- reset"), `lines: ${shown}`);
    await press(page, "Enter");
    await said(page, /shop\.yaml/);
    await shows(page, WEATHER);
    await focusIs(page, /^h2/, "after writing");
    const one = SHOP.replace("reset my device?\n", "reset my device?\n    also:\n      - reset\n");
    same(server.faq(), one, "the FAQ after a phrasing");
    same(server.read("shop.yaml.bak"), SHOP, "the copy");
    await server.answers("reset", "device");

    // Not ours.
    await press(page, "x");
    await previewed(page);
    await focusIs(page, /Write it/, "in the preview of not ours");
    same(server.faq(), one, "the FAQ before not ours is written");
    await press(page, "Enter");
    await until(() => server.faq() !== one, "not ours is not written");
    const two = `${one}  - question: ${WEATHER}\n    out_of_scope: true\n`;
    same(server.faq(), two, "the FAQ after not ours");
    same((await server.ask(WEATHER)).outcome, "no_match", "the outcome of what is not ours");

    // A new entry, for the group that was put off.
    await page.reload();
    await shows(page, VOUCHERS);
    await press(page, "n");
    await focusIs(page, /^textarea/, "after n");
    await page.keyboard.type("Yes: *many*, # of them");
    await press(page, "Enter");
    await page.keyboard.type("1, x, l and n are only letters here");
    await press(page, "Escape");
    await focusIs(page, /^h2/, "after Esc in the answer");
    await press(page, "Enter");
    await previewed(page);
    check((await lines(page)).includes("Yes: *many*"), `lines: ${await lines(page)}`);
    await picture(page, "preview-new-entry");
    await press(page, "Enter");
    await until(() => server.faq() !== two, "the new entry is not written");
    const text = server.faq();
    check(text.startsWith(two) && text.includes(`question: ${VOUCHERS}`), `the FAQ after a new entry: ${text.slice(two.length)}`);
    await server.answers(VOUCHERS, "do-you-sell-gift-vouchers");
    same((await server.ask(VOUCHERS)).answer, "Yes: *many*, # of them\n1, x, l and n are only letters here", "the new answer");
    check((server.read("shop.queries.jsonl") ?? "").includes('"do you sell vouchers"'), `the labelled questions: ${server.read("shop.queries.jsonl")}`);
    same(server.read("shop.yaml.bak"), SHOP, "the copy at the end");
    await said(page, /Nothing is open/);
    await picture(page, "empty");
    same(sent("decide"), 3, "decisions");
    same((await server.open()).length, 0, "open groups");
  });

  await test("Esc goes back from the preview and writes nothing", async (page, { sent }) => {
    const server = await shop();
    await openReview(page, server);
    await shows(page, VOUCHERS);
    await press(page, "Enter");
    await previewed(page);
    await press(page, "Escape");
    await shows(page, VOUCHERS);
    await focusIs(page, /^(h2|button See)/, "after Esc");
    await press(page, "x");
    await previewed(page);
    await button(page, "Back").click();
    await shows(page, VOUCHERS);
    same(server.faq(), SHOP, "the FAQ");
    same(sent("decide"), 0, "decisions");
    same(server.read("shop.yaml.bak"), null, "the copy");
  });

  await test("going back from the preview keeps what was typed and chosen", async (page) => {
    const server = await shop();
    await openReview(page, server);
    await shows(page, VOUCHERS);
    await page.getByRole("checkbox").nth(1).uncheck();
    await press(page, "n");
    await page.keyboard.type("An answer that took ten minutes to write");
    await page.getByLabel("In these words").fill("Which vouchers are there?");
    await see(page).click();
    await previewed(page);
    await press(page, "Escape");
    await shows(page, VOUCHERS);
    same(await answer(page).inputValue(), "An answer that took ten minutes to write", "the answer after Esc");
    same(await page.getByLabel("In these words").inputValue(), "Which vouchers are there?", "the words after Esc");
    same(await page.getByRole("checkbox").nth(1).isChecked(), false, "the question that was left out is chosen again");
  });

  await test("the entry that was chosen is still chosen after going back", async (page) => {
    const server = await shop();
    await openReview(page, server);
    await shows(page, VOUCHERS);
    await press(page, "2", "Enter");
    await previewed(page);
    await press(page, "Escape");
    await shows(page, VOUCHERS);
    check(await page.getByRole("radio").nth(1).isChecked(), "another entry is chosen now");
  });

  await test("later shows the next group, and does not claim that all is decided", async (page, { sent }) => {
    const server = await shop();
    await openReview(page, server);
    for (const text of [VOUCHERS, "reset", WEATHER]) {
      await shows(page, text);
      await press(page, "l");
    }
    await until(async () => !(await see(page).isVisible()), "the last group stays");
    same(sent("preview") + sent("decide"), 0, "requests");
    same(server.faq(), SHOP, "the FAQ");
    check(!/every question .* is answered or decided/.test(await status(page)), `with three groups put off the page says: ${await status(page)}`);
    await page.reload();
    await shows(page, VOUCHERS);
  });

  await test("leaving a question of a group out", async (page, { requests }) => {
    const server = await shop({ asked: [...ASKED, "do you sell old vouchers"] });
    const [group] = await server.open();
    same(group.questions.length, 3, "questions of the group");
    const [, out, kept] = group.questions.map((one) => one.text).sort((a, b) => (b === group.question) - (a === group.question));
    await openReview(page, server);
    await shows(page, group.question);
    const boxes = page.getByRole("checkbox");
    same(await boxes.count(), 3, "boxes");
    check((await boxes.evaluateAll((all) => all.every((box) => box.checked))), "not all are taken at first");
    await page.locator("label").filter({ has: page.getByText(out, { exact: true }) }).getByRole("checkbox").focus();
    await press(page, "Space", "n");
    await page.keyboard.type("Yes.");
    await press(page, "Escape", "Enter");
    await previewed(page);
    check(/of 2 labelled/.test(await effect(page)), `the effect counts: ${await effect(page)}`);
    await press(page, "Enter");
    await until(() => server.faq() !== SHOP, "nothing is written");
    const decided = JSON.parse(requests.find((request) => request.url().endsWith("/decide")).postData());
    same(decided.questions.length, 2, "questions that are meant");
    check(!decided.questions.includes(out), "left out, but decided");
    await until(() => server.read("shop.queries.jsonl"), "no labelled questions");
    same(server.read("shop.queries.jsonl").trim().split("\n").map((line) => JSON.parse(line).query).join(), kept, "labelled questions");
  });

  await test("a question that is left out is not what is added", async (page) => {
    const server = await shop();
    await openReview(page, server);
    await shows(page, VOUCHERS);
    await page.getByRole("checkbox").first().uncheck();
    await press(page, "1", "Enter");
    await previewed(page);
    check(!(await lines(page)).includes(VOUCHERS), `left out, but added: ${await lines(page)}`);
  });

  await test("what is changed while the preview is open is not passed over", async (page, { requests }) => {
    const server = await shop();
    await openReview(page, server);
    await shows(page, VOUCHERS);
    await press(page, "n");
    await page.keyboard.type("Yes.");
    await press(page, "Escape", "Enter");
    await previewed(page);
    const box = page.getByRole("checkbox").nth(1);
    if (!(await box.isVisible()) || !(await box.isEnabled())) return; // it cannot be changed: fine
    await box.click();
    if (!(await write(page).isVisible())) return; // the preview is closed: fine
    if (await box.isChecked()) return;
    await write(page).click();
    await until(() => server.faq() !== SHOP, "nothing is written");
    const decided = JSON.parse(requests.find((request) => request.url().endsWith("/decide")).postData());
    same(decided.questions.length, 2, "questions decided, with one box cleared in the preview");
  });

  await test("the preview names the entry that is changed", async (page) => {
    const server = await shop();
    await openReview(page, server);
    await shows(page, VOUCHERS);
    await press(page, "1");
    const name = words(await page.locator("label").filter({ has: page.locator("input[type=radio]:checked") }).locator("span").innerText()).replace(/^1\. /, "");
    await press(page, "Enter");
    await previewed(page);
    check((await page.locator("main").innerText()).includes(name), `"${name}" is changed, but the preview shows: ${words(await page.locator("main").innerText())}`);
  });

  await test("leaving all questions out is refused, in words", async (page, { sent }) => {
    const server = await shop();
    await openReview(page, server);
    await shows(page, VOUCHERS);
    for (const box of await page.getByRole("checkbox").all()) await box.uncheck();
    await press(page, "x");
    await said(page, /at least one question/i);
    same(sent("decide"), 0, "decisions");
    check(await question(page).isVisible(), "the group is gone");
  }, { mayLog: conflict });

  await test("a preview shows what would become wrong", async (page, { sent }) => {
    const server = await shop({ asked: ["do you sell gift vouchers", "do you sell vouchers", "do you sell old vouchers", "reset", "reset", "reset", "reset"] });
    const group = (await server.open()).find((one) => one.question.includes("vouchers"));
    same((await server.post("/v1/review/decide", { group: group.id, choice: { kind: "entry", question: "Do you sell gift vouchers?", answer: "Yes." } })).status, 200, "a decision");
    const text = server.faq();
    await openReview(page, server);
    await shows(page, "reset");
    await press(page, "1");
    await page.getByLabel("In these words").fill("do you sell vouchers");
    await press(page, "Enter");
    await previewed(page);
    const shown = await effect(page);
    check(/[1-9]\d* now wrong|[1-9]\d* no longer answered/.test(shown), `the effect: ${shown}`);
    check(/(now wrong|no longer answered): do you sell vouchers/.test(shown), `what becomes wrong is not named: ${shown}`);
    check(/check:/.test(shown), `no finding of the check: ${shown}`);
    await picture(page, "preview-harm");
    await noViolations(page, "harm");
    same(await page.getByLabel("What it changes").evaluate((e) => !!e.checkVisibility()), true, "visible");
    await press(page, "Escape");
    await shows(page, "reset");
    same(server.faq(), text, "the FAQ");
    same(sent("decide"), 0, "decisions in the page");
    const wrong = shown.match(/should be ([^,]*), is ([^)]*)\)/);
    check(!wrong || wrong[1] !== wrong[2], `what is called wrong is as it should be: ${shown}`);
  });

  await test("a wrong token and a right one", async (page, { requests }) => {
    const good = "right-token-0123456789";
    const tokens = path.join(folder, "tokens");
    fs.writeFileSync(tokens, `another-token-0123456789\n${good}\n`);
    const server = await shop({ args: ["--token-file", tokens], token: good });
    same((await fetch(`${server.url}/v1/review`)).status, 401, "the API without a token");
    await openReview(page, server);
    const secret = page.getByLabel("Token");
    await secret.waitFor();
    await focusIs(page, /^input/, "for the token");
    check(!(await question(page).isVisible()), "a group is shown without a token");
    same(await secret.getAttribute("type"), "password", "type");
    await picture(page, "token");
    await noViolations(page, "token");
    await page.keyboard.type("wrong-token-0123456789");
    await press(page, "Enter");
    await said(page, /token/i);
    await focusIs(page, /^input/, "after a wrong token");
    await picture(page, "token-wrong");
    await page.keyboard.type(good);
    await press(page, "Enter");
    await shows(page, VOUCHERS);
    await focusIs(page, /^h2/, "after the right token");
    check(!(await secret.isVisible()), "the token is still asked for");
    same(await status(page), "", "the status");
    check(requests.every((request) => !request.url().includes("token-0")), "the token stands in an address");
    await press(page, "x");
    await previewed(page);
    await press(page, "Enter");
    await until(() => server.faq().includes("out_of_scope"), "nothing is written");
    await page.reload();
    await shows(page, "reset");
  }, { mayLog: /status of 401/ });

  await test("a token that is taken back loses nothing, and any text may be tried as a token", async (page) => {
    const good = "right-token-0123456789";
    const tokens = path.join(folder, "tokens");
    fs.writeFileSync(tokens, `${good}\n`);
    const server = await shop({ args: ["--token-file", tokens], token: good });
    await openReview(page, server);
    const secret = page.getByLabel("Token");
    await secret.fill(good);
    await press(page, "Enter");
    await shows(page, VOUCHERS);
    await press(page, "n");
    await page.keyboard.type("A long answer");
    await press(page, "Escape");
    await page.route("**/v1/review/preview", (route) => route.fulfill({ status: 401, contentType: "application/json", body: '{"status":401}' }), { times: 1 });
    await press(page, "Enter");
    await secret.waitFor();
    await focusIs(page, /^input/, "when the token is asked for again");
    await secret.fill(good);
    await press(page, "Enter");
    await until(async () => !(await secret.isVisible()), "the token is still asked for");
    await shows(page, VOUCHERS);
    if ((await answer(page).inputValue()) !== "A long answer") later.push("the answer is lost when the token is asked for again");
    await page.evaluate(() => sessionStorage.clear());
    await page.reload();
    await secret.waitFor();
    await secret.fill("w\u00f6rong \u{1F600} token 0123");
    await press(page, "Enter");
    await until(async () => /token|answer/i.test(await status(page)), "nothing is said");
    if (!/token/i.test(await status(page))) later.push(`a token that no header can hold: "${await status(page)}"`);
    await page.reload();
    await secret.waitFor({ timeout: 3000 }).catch(() => later.push("after such a token and a reload, no token is asked for"));
  }, { mayLog: /status of 401/ });

  await test("public without tokens: no review", async (page) => {
    const server = await run(fs.mkdtempSync(path.join(folder, "public-")), ["--public"], "127.0.0.1:0");
    same((await page.goto(`${server.url}/review`)).status(), 404, "the page");
    for (const [method, address] of [["GET", ""], ["POST", "/preview"], ["POST", "/decide"]]) {
      same((await fetch(`${server.url}/v1/review${address}`, { method, headers: { "content-type": "application/json" }, body: method === "POST" ? "{}" : undefined })).status, 404, address);
    }
  }, { mayLog: /status of 404/ });

  await test("a strict policy, and no page of another site may decide", async (page) => {
    const server = await shop();
    const response = await page.goto(`${server.url}/review`);
    const policy = response.headers()["content-security-policy"];
    for (const part of ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"]) check(policy.includes(part), `${part} is not in ${policy}`);
    check(!/unsafe|\*|http/.test(policy), policy);
    await shows(page, VOUCHERS);
    const [{ id }] = await server.open();
    const body = JSON.stringify({ group: id, choice: { kind: "not_ours" } });
    for (const headers of [{ origin: "https://evil.invalid", "content-type": "application/json" }, { "content-type": "text/plain" }]) {
      const { status } = await fetch(`${server.url}/v1/review/decide`, { method: "POST", headers, body });
      check(status >= 400, `${JSON.stringify(headers)}: ${status}`);
    }
    same(server.faq(), SHOP, "the FAQ");
  });

  await test("hostile questions and a hostile FAQ, at 320 px", async (page) => {
    const long = "Donaudampfschifffahrt".repeat(22);
    const others = [long, `${long} \u202E\u05E9\u05DC\u05D5\u05DD \u0645\u0631\u062D\u0628\u0627 \u2067abc`, `family ${"\u{1F469}\u200D\u{1F469}\u200D\u{1F467}\u200D\u{1F466}".repeat(60)}`, `parcel \u0301\u0302${"Z\u0335\u0321\u0316".repeat(80)}`, "whose\u00A0parcel\u200B\u2028this\u0007"];
    const faq = hostileFaq();
    faq.entries = faq.entries.filter((_, n) => n % 4 === 0);
    faq.entries.push({ id: long, question: `Where is ${long}?`, answer: long }, { id: "rtl", question: "\u202E\u05E9\u05DC\u05D5\u05DD \u{1F600}?", answer: "\u202E\u05DB\u05DF" });
    const server = await shop({ faq: JSON.stringify(faq), cosine: "0.999", asked: [...PAYLOADS.map((payload, n) => `${payload} ${n}`).filter((_, n) => n % 2), ...others] });
    const open = await server.open();
    check(open.length > 3, `${open.length} groups`);
    await openReview(page, server);
    for (const [n, group] of open.entries()) {
      await until(async () => (await question(page).isVisible()) && (await page.getByRole("checkbox", { includeHidden: true }).count()) === group.questions.length, `group ${n} is not shown: ${group.question.slice(0, 80)}`);
      same(await question(page).evaluate((e) => e.textContent), group.question, "the question");
      await harmless(page, `group ${n}`);
      await notWide(page, `group ${n}: ${group.question.slice(0, 30)}`);
      if (n < 2) await picture(page, `hostile-${n}`);
      if (n % 8 === 0) {
        await button(page, "Not ours").click();
        await previewed(page);
        await harmless(page, `preview ${n}`);
        await notWide(page, `preview ${n}`);
        await press(page, "Escape");
        await until(() => see(page).isVisible(), "no way back");
        await page.locator("summary").click();
        await answer(page).fill(`${PAYLOADS[n % PAYLOADS.length]} ${long}`);
        await see(page).click();
        await previewed(page);
        await harmless(page, `entry ${n}`);
        await notWide(page, `entry ${n}`);
        if (n === 0) await picture(page, "hostile-preview");
        await press(page, "Escape");
        await until(() => see(page).isVisible(), "no way back");
      }
      await button(page, "Later").click();
    }

    // One is written, so that the FAQ holds it, and is read again.
    await page.reload();
    await until(() => see(page).isVisible(), "no group");
    await until(() => see(page).isEnabled(), "disabled");
    const before = server.faq();
    await see(page).click();
    await previewed(page);
    await press(page, "Enter");
    await until(() => server.faq() !== before, "nothing is written");
    await until(() => button(page, "Later").isEnabled(), "disabled");
    await harmless(page, "after writing");
    await notWide(page, "after writing");
    await until(async () => (await server.ask(open[0].question)).outcome === "answer", "what was added is not answered", 15_000, 700);
  }, { viewport: { width: 320, height: 568 }, hasTouch: true, isMobile: true });

  for (const [name, settings] of [["wide", {}], ["narrow", { viewport: { width: 320, height: 640 } }], ["dark", { colorScheme: "dark" }], ["dark narrow", { colorScheme: "dark", viewport: { width: 320, height: 640 } }]]) {
    await test(`axe and pictures: ${name}`, async (page) => {
      const server = await shop({ asked: ["do you sell gift vouchers", "do you sell vouchers", "do you sell vouchers"] });
      const key = name.replace(" ", "-");
      const state = async (what) => {
        await picture(page, `${key}-${what}`);
        await noViolations(page, what);
        await notWide(page, what);
      };
      await openReview(page, server);
      await until(() => see(page).isVisible(), "no group");
      await until(() => see(page).isEnabled(), "disabled");
      if (name.includes("dark")) {
        const colour = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        check(colour.match(/\d+/g).slice(0, 3).every((part) => Number(part) < 80), `the background is ${colour}`);
      }
      await state("group");
      await press(page, "n");
      await page.keyboard.type("Yes, **many**.");
      await state("new-entry");
      await press(page, "Escape", "Enter");
      await previewed(page);
      await state("preview");
      await press(page, "Enter");
      await said(page, /Nothing is open/);
      await state("empty");
    }, settings);
  }

  await test("keys: a visible focus everywhere, and each control is reached with Tab", async (page) => {
    const server = await shop();
    await openReview(page, server);
    await shows(page, VOUCHERS);
    const seen = new Set();
    for (let n = 0; n < 20; n += 1) {
      await press(page, "Tab");
      const now = await focused(page);
      if (now.startsWith("body")) continue;
      seen.add(now);
      check(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle !== "none"), `no visible focus on ${now}`);
    }
    for (const wanted of [/Another entry/, /See what/, /Not ours/, /Later/, /summary/]) check([...seen].some((one) => wanted.test(one)), `${wanted} is not reached: ${[...seen].join(" | ")}`);
    // Keys with Ctrl or in a field are not commands.
    await press(page, "Control+x", "Control+l", "Alt+x");
    await page.getByLabel("In these words").fill("");
    await page.getByLabel("In these words").pressSequentially("x1ln");
    same(await page.getByLabel("In these words").inputValue(), "x1ln", "what was typed");
    await shows(page, VOUCHERS);
    check(!(await write(page).isVisible()), "a preview opened");
  });

  await test("an entry that is not among the nearest", async (page) => {
    const faq = `${SHOP}${Array.from({ length: 30 }, (_, n) => `  - id: e${n}\n    question: Is number ${n} green?\n    answer: Yes ${n}.\n`).join("")}`;
    const server = await shop({ faq });
    await openReview(page, server);
    await shows(page, VOUCHERS);
    await page.getByLabel("Another entry").selectOption({ label: "Is number 17 green?" });
    same(await page.locator("input[type=radio]:checked").count(), 0, "entries chosen beside it");
    await see(page).click();
    await previewed(page);
    await press(page, "Enter");
    await until(() => server.faq() !== faq, "nothing is written");
    same(server.faq(), faq.replace("number 17 green?\n", `number 17 green?\n    also:\n      - ${VOUCHERS}\n`), "the FAQ");
    await until(async () => (await question(page).innerText()) !== VOUCHERS, "the group stays");
  });

  await test("a digit after an answer was written chooses that entry", async (page) => {
    const server = await shop();
    await openReview(page, server);
    await shows(page, VOUCHERS);
    await press(page, "n");
    await page.keyboard.type("An answer");
    await press(page, "Escape", "1");
    check(await page.getByRole("radio").first().isChecked(), "1 does not choose");
    await press(page, "Enter");
    await previewed(page);
    check(!(await lines(page)).includes("An answer"), `an entry is chosen, but the preview is of a new one: ${await lines(page)}`);
  });

  await test("Enter twice does not decide twice, and a held Enter does not write", async (page, { sent }) => {
    const server = await shop();
    await openReview(page, server);
    await shows(page, VOUCHERS);
    await page.route("**/v1/review/decide", async (route) => {
      await sleep(400);
      await route.continue();
    });
    await press(page, "Enter");
    await previewed(page);
    await press(page, "Enter", "Enter", "Enter");
    await write(page).evaluate((e) => (e.click(), e.click()));
    await until(() => server.faq() !== SHOP, "nothing is written");
    await shows(page, "reset");
    await sleep(600);
    same(sent("decide"), 1, "decisions");
    await shows(page, "reset");
    const text = server.faq();
    same(text.split(`- ${VOUCHERS}`).length - 1, 1, "times that it was added");

    // Held down: repeats of one press preview at most.
    await page.keyboard.down("Enter");
    for (let n = 0; n < 25; n += 1) {
      await sleep(40);
      await page.keyboard.down("Enter");
    }
    await page.keyboard.up("Enter");
    await sleep(700);
    same(sent("decide"), 1, "decisions after Enter was held");
    same(server.faq(), text, "the FAQ after Enter was held");
  }, { mayLog: conflict });

  await test("x or l twice in a hurry do one thing", async (page, { sent }) => {
    const server = await shop();
    await openReview(page, server);
    await shows(page, VOUCHERS);
    await page.route("**/v1/review/preview", async (route) => {
      await sleep(300);
      await route.continue();
    });
    await press(page, "x", "x", "l", "Enter", "1");
    await previewed(page);
    await sleep(500);
    check(await write(page).isVisible(), "the preview is gone");
    check((await lines(page)).includes("out_of_scope"), `another preview came after it: ${await lines(page)}`);
    same(sent("decide"), 0, "decisions");
    same(sent("preview"), 1, "previews");
  });

  await test("Esc while it is being written", async (page) => {
    const server = await shop();
    await openReview(page, server);
    await shows(page, VOUCHERS);
    await page.route("**/v1/review/decide", async (route) => {
      await sleep(500);
      await route.continue();
    }, { times: 1 });
    await press(page, "Enter");
    await previewed(page);
    await press(page, "Enter", "Escape");
    await until(() => server.faq() !== SHOP, "nothing is written");
    await sleep(700);
    check(!/does not answer/.test(await status(page)), `it was written, but the page says: ${await status(page)}`);
    await shows(page, "reset");
    await said(page, /shop\.yaml/);
  });

  await test("the server goes and comes back: said, and nothing is lost", async (page) => {
    const server = await shop();
    await openReview(page, server);
    await shows(page, VOUCHERS);
    await page.getByRole("checkbox").nth(1).uncheck();
    await press(page, "n");
    await page.keyboard.type("A precious answer");
    await press(page, "Escape");
    same(await server.stop(), 0, "exit code");
    await press(page, "Enter");
    await said(page, /server|answer/i);
    await picture(page, "server-gone");
    await noViolations(page, "server gone");
    await focusIs(page, /^(h2|button)/, "after the error");
    same(await answer(page).inputValue(), "A precious answer", "the answer");
    same(await page.getByRole("checkbox").nth(1).isChecked(), false, "the question left out");
    await server.again();
    await press(page, "Enter");
    await previewed(page);
    if (await status(page)) later.push(`the error still stands there after it went well: ${await status(page)}`);

    // Gone again, with the preview open.
    same(await server.stop(), 0, "exit code");
    await press(page, "Enter");
    await said(page, /server|answer/i);
    check(await write(page).isVisible(), "the preview is gone");
    same(server.faq(), SHOP, "the FAQ");
    await server.again();
    await focusIs(page, /Write it/, "after the error in the preview");
    await press(page, "Enter");
    await until(() => server.faq().includes("A precious answer"), "not written after the server came back");
    await until(async () => (await question(page).innerText()) !== VOUCHERS, "the group stays");
  }, { mayLog: gone });

  await test("the server is away while the page loads", async (page) => {
    const server = await shop();
    await page.route("**/v1/review", (route) => route.abort(), { times: 1 });
    await openReview(page, server);
    await said(page, /server|answer/i);
    check(!/Nothing is open/.test(await status(page)), "the page claims that nothing is open");
    await page.reload();
    await shows(page, VOUCHERS);
  }, { mayLog: gone });

  await test("an answer that is no JSON, and one with an error, are said in words", async (page) => {
    const server = await shop();
    await openReview(page, server);
    await shows(page, VOUCHERS);
    for (const [code, body] of [[502, "<html>Bad gateway</html>"], [200, "<html>Sign in</html>"], [500, '{"title":"Internal Server Error","status":500,"detail":"the disk is full"}']]) {
      await page.route("**/v1/review/preview", (route) => route.fulfill({ status: code, body }), { times: 1 });
      await press(page, "Enter");
      await until(async () => (await status(page)).length > 3, `${code} is not said`);
      await until(() => see(page).isEnabled(), "disabled");
      check(!/Unexpected token|JSON|undefined/.test(await status(page)), `${code} is said as: ${await status(page)}`);
    }
    await said(page, /disk is full/);
  }, { mayLog: /status of 50\d/ });

  await test("decided elsewhere meanwhile: said, and the next group is within reach", async (page, { context }) => {
    const server = await shop();
    const other = await context.newPage();
    await openReview(page, server);
    await openReview(other, server);
    await shows(page, VOUCHERS);
    await shows(other, VOUCHERS);

    // Before the preview.
    await press(other, "x");
    await previewed(other);
    await press(other, "Enter");
    await shows(other, "reset");
    await page.bringToFront();
    await press(page, "Enter");
    await said(page, /decided|no such group/);
    await picture(page, "conflict");
    if ((await question(page).innerText()) === VOUCHERS) await press(page, "l");
    await shows(page, "reset");

    // Between the preview and the writing.
    await press(page, "Enter");
    await previewed(page);
    await other.bringToFront();
    await press(other, "x");
    await previewed(other);
    await press(other, "Enter");
    await shows(other, WEATHER);
    const text = server.faq();
    await page.bringToFront();
    await press(page, "Enter");
    await said(page, /decided|no such group/);
    same(server.faq(), text, "the FAQ");
    if (await write(page).isVisible()) await press(page, "Escape");
    if ((await question(page).innerText()) === "reset") await press(page, "l");
    await shows(page, WEATHER);
    await focusIs(page, /^h2/, "after the conflict");
  }, { mayLog: conflict });

  await test("a decision that settles another group too does not leave that one on the page", async (page) => {
    // "gift vouchers" is a group of its own until the first one is decided.
    const server = await shop({ asked: ["do you sell gift vouchers", "do you sell gift vouchers", "gift vouchers for sale?", WEATHER] });
    same((await server.open()).length, 3, "groups at first");
    await openReview(page, server);
    await shows(page, VOUCHERS);
    await press(page, "1", "Enter");
    await previewed(page);
    await press(page, "Enter");
    await until(() => server.faq() !== SHOP, "nothing is written");
    await until(async () => (await question(page).innerText()) !== VOUCHERS, "the group stays");
    const open = (await server.open()).map((group) => group.question);
    check(open.includes(await question(page).innerText()), `the page goes on with "${await question(page).innerText()}", which is not open any more: ${open}`);
  }, { mayLog: conflict });

  await test("left-out questions that stay open come back without a reload", async (page) => {
    const server = await shop({ asked: ["do you sell gift vouchers", "do you sell gift vouchers", "do you sell vouchers", "do you sell gift"], cosine: "0.95" });
    await openReview(page, server);
    await shows(page, VOUCHERS);
    for (const name of ["do you sell vouchers", "do you sell gift"]) {
      const box = page.getByRole("checkbox", { name, exact: true });
      if (await box.count()) await box.uncheck();
    }
    await press(page, "1", "Enter");
    await previewed(page);
    await press(page, "Enter");
    await until(() => server.faq() !== SHOP, "nothing is written");
    await until(async () => !(await write(page).isVisible()), "the preview stays");
    check((await server.open()).length > 0, "nothing is open");
    await sleep(300);
    check(!/Nothing is open/.test(await status(page)), `the page says "${await status(page)}" while the left-out questions are open`);
  });

  await test("the file is edited, and broken, by hand meanwhile", async (page) => {
    const server = await shop();
    await openReview(page, server);
    await shows(page, VOUCHERS);
    const edited = SHOP.replace("Two to five days.", "Three days.");
    await press(page, "1", "Enter");
    await previewed(page);
    server.edit(edited);
    await press(page, "Enter");
    await until(async () => server.faq() !== edited || (await status(page)), "nothing happens");
    check(server.faq().includes("Three days."), "the edit by hand is lost");
    if (await write(page).isVisible()) await press(page, "Escape");
    await until(() => see(page).isEnabled(), "disabled");

    const broken = "entries:\n  - question: [unclosed\n";
    server.edit(broken);
    await press(page, "1", "Enter");
    await until(async () => (await write(page).isVisible()) || (await status(page)).length > 3, "nothing happens");
    if (await write(page).isVisible()) {
      await press(page, "Enter");
      await until(async () => !/^(|Written.*)$/.test(await status(page)), "no error");
    }
    same(server.faq(), broken, "a broken file");
  }, { mayLog: /status of (4|5)\d\d/ });

  await test("nothing is open: said, the focus is somewhere, and keys do no harm", async (page, { sent }) => {
    const server = await shop({ asked: [] });
    await openReview(page, server);
    await said(page, /Nothing is open/);
    await noViolations(page, "empty");
    await press(page, "1", "x", "l", "n", "Enter", "Escape");
    await said(page, /Nothing is open/);
    same(sent("preview") + sent("decide"), 0, "requests");
  });

  await test("the focus after the last group", async (page) => {
    const server = await shop({ asked: [WEATHER] });
    await openReview(page, server);
    await shows(page, WEATHER);
    await press(page, "x");
    await previewed(page);
    await press(page, "Enter");
    await said(page, /Nothing is open/);
    check(!(await focused(page)).startsWith("body"), "the focus is lost to the body");
  });

  await test("what the preview says is read: the focus or a live region leads to it", async (page) => {
    const server = await shop();
    await openReview(page, server);
    await shows(page, VOUCHERS);
    await press(page, "1", "Enter");
    await previewed(page);
    const read = await page.evaluate(() => {
      const active = document.activeElement;
      const described = (active.getAttribute("aria-describedby") ?? "").split(" ").map((id) => document.getElementById(id)?.textContent ?? "").join(" ");
      const live = [...document.querySelectorAll("[role=status], [role=alert], [aria-live]")].map((e) => e.textContent).join(" ");
      return `${described} ${live} ${active.matches("section, pre, p, h2") ? active.textContent : ""}`;
    });
    check(/answered/.test(read), `what it changes is not read: "${read}"`);
  });

  await test("several FAQs: each has its own page", async (page) => {
    const place = fs.mkdtempSync(path.join(folder, "two-"));
    fs.writeFileSync(path.join(place, "a.yaml"), SHOP);
    fs.writeFileSync(path.join(place, "b.yaml"), SHOP.replaceAll("password", "pincode"));
    const server = await run(place, ["--faq", "a=a.yaml", "--faq", "b=b.yaml", "--min-cosine", "0.4"], "127.0.0.1:0");
    for (const [faq, query] of [["a", WEATHER], ["b", VOUCHERS]]) {
      await fetch(`${server.url}/v1/ask`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ faq, query }) });
      await until(async () => (await (await fetch(`${server.url}/v1/review?faq=${faq}`)).json()).groups.length === 1, `${query} is not kept`);
    }
    await openReview(page, server, "?faq=b");
    await shows(page, VOUCHERS);
    await press(page, "x");
    await previewed(page);
    await press(page, "Enter");
    await said(page, /Nothing is open/);
    check(fs.readFileSync(path.join(place, "b.yaml"), "utf8").includes("out_of_scope"), "not written");
    same(fs.readFileSync(path.join(place, "a.yaml"), "utf8"), SHOP, "the other FAQ");
    await openReview(page, server, "?faq=a");
    await shows(page, WEATHER);
    await openReview(page, server, "?faq=nosuch");
    await said(page, /nosuch/);
    await openReview(page, server);
    await until(async () => (await status(page)) || (await question(page).isVisible()), "nothing is shown");
    if (pictures) await picture(page, "several");
    check(await page.getByRole("link").count() || await page.getByRole("combobox").first().isVisible() || (await question(page).isVisible()), `no way to the FAQs: ${await status(page)}`);
  }, { mayLog: /status of 4\d\d/ });
}

try {
  await bounded(tests(), ALL + 3000, "took too long");
  if (process.env.TIMES) console.log(`all: ${Date.now() - started} ms`);
} catch (error) {
  failed += 1;
  console.log(`FAILED all: ${error.message}`);
} finally {
  await bounded(browser.close(), 5000, "").catch(() => {});
  for (const stop of [...servers]) await stop("SIGKILL").catch(() => {});
  fs.rmSync(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);
