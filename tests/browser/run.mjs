// Tests of the chat page and the widget in a real browser: node run.mjs PATH_TO_FAQBOT
// Environment: CHROMIUM (default /usr/bin/chromium), NODE_MODULES (a folder with the modules of package.json),
// SCREENSHOTS (a folder for pictures of the main states), ONLY (run tests with this in their name).
import { spawn } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import zlib from "node:zlib";
import { axe, bounded, check, chromium, chromiumPath, program, same, until, WAIT } from "./browser.mjs";
import { hostileFaq, hostileTopic, PAYLOADS } from "./hostile.mjs";

const TEST = 60_000; // for one test
const ALL = 600_000; // for everything

// ---- The server and the sites that use it ----

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "faqbot-browser-"));
const shop = {
  title: "Shop help",
  greeting: "Hello! Ask me about *orders*.",
  fallback: "Sorry, I do not know that one.",
  contact: "Write to [the shop](https://example.com/contact).",
  entries: [
    { id: "password", question: "How do I reset my password?", also: ["I forgot my password"],
      answer: "Open **Settings** and click *Reset password*.\n\n1. Read the mail.\n2. Follow its [link](https://example.com/reset).",
      source: "https://example.com/manual", tags: ["account"] },
    { id: "device", question: "How do I reset my device?", answer: "Hold the button for ten seconds, then let go:\n\n```\nhold 10\n```",
      source: "Device manual, page 4", follow_ups: ["shipping"] },
    { id: "why-hold", question: "Why?", answer: "So that nobody resets it by chance.", only_after: ["device"] },
    { id: "shipping", question: "How long does shipping take?", also: ["When will my parcel arrive?"],
      answer: "Two to five days.\n\n| Country | Days |\n|---|---|\n| Germany | 2 |\n| Spain | 5 |" },
  ],
};
const long = "Donaudampfschifffahrt".repeat(25);
const columns = Array.from({ length: 14 }, (_, n) => `Heading${n}`);
const row = (cells) => `| ${cells.join(" | ")} |`;
const wide = {
  title: `Wide ${long}`,
  greeting: long,
  fallback: long,
  contact: `[${long}](https://example.com/${long})`,
  entries: [
    { id: "word", question: "What is a long word?", answer: long, source: `https://example.com/${long}` },
    { id: "table", question: "Where is the big table of prices?",
      answer: [row(columns), row(columns.map(() => "---")), row(columns.map((c) => c + c)), row([long])].join("\n") },
    { id: "code", question: "Which shell command starts the engine?", answer: `\`\`\`\n${long}\n\`\`\`\n\nand \`${long}\`` },
    { id: "arabic", question: "How is a guest welcomed in Arabic?", answer: "مرحبا بكم في المتجر.\n\n- واحد" },
    { id: "list", question: "Can penguins fly?", source: long,
      answer: `# ${long}\n\n> > > > > ${long}\n\n- a\n  - b\n    - c\n      - d\n        - e\n          - ${long}\n\n<https://example.com/${long}>` },
    { id: long, question: `${long}?`, also: ["Who discovered radium?"], answer: "Marie Curie." },
    { id: "x1", question: `How do I cook ${"very ".repeat(30)}red rice?`, also: ["How do I cook red rice?"], answer: "Slowly." },
    { id: "x2", question: `How do I cook ${long} brown rice?`, also: ["How do I cook brown rice?"], answer: "Slower." },
  ],
};
const files = { shop, wide, hostile: hostileFaq() };
for (const [name, faq] of Object.entries(files)) fs.writeFileSync(path.join(folder, `${name}.yaml`), JSON.stringify(faq));

const environment = { PATH: process.env.PATH, HOME: folder, XDG_CACHE_HOME: path.join(folder, "cache"), FAQBOT_OFFLINE: "1" };

async function startServer(listen, origin, ...options) {
  const faqs = Object.keys(files).flatMap((name) => ["--faq", `${name}=${path.join(folder, `${name}.yaml`)}`]);
  const child = spawn(program, ["serve", ...faqs, "--listen", listen, "--allow-origin", origin, "--frame-ancestors", origin, "--public", ...options],
    { env: environment, cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  const ended = new Promise((resolve) => child.on("close", (code, signal) => resolve(signal ?? code)));
  child.on("error", (error) => (said += error));
  child.stderr.on("data", (data) => (said += data));
  const end = Date.now() + 40_000;
  while (Date.now() < end && child.exitCode === null) {
    const url = said.match(/listening on (http:\/\/\S+)/)?.[1];
    if (url) return { child, url: url.replace(/\/$/, ""), stop: (signal = "SIGTERM") => (child.kill(signal), bounded(ended, 15_000, "the server did not end")) };
    await sleep(50);
  }
  child.kill("SIGKILL");
  throw new Error(`the server did not start: ${said}`);
}

let server;
const sites = {
  plain: () => null,
  strict: () => `default-src 'none'; script-src 'self' ${server.url}; connect-src ${server.url}; style-src 'self'`,
  trusted: () => `script-src 'self' ${server.url}; connect-src ${server.url}; style-src 'self'; require-trusted-types-for 'script'`,
  named: () => `script-src 'self' ${server.url}; connect-src ${server.url}; style-src 'self'; require-trusted-types-for 'script'; trusted-types site faqbot`,
  framed: () => `default-src 'none'; frame-src ${server.url}; style-src 'self'`,
  unnamed: () => `script-src 'self' ${server.url}; connect-src ${server.url}; style-src 'self'; require-trusted-types-for 'script'; trusted-types site`,
};

// /KIND?lang=..&attributes=.. is a page with the widget: `times` times, with its script in the `place` head or body; or
// `frame` with the chat page in a frame.
function site(request, response) {
  const url = new URL(request.url, "http://site");
  const kind = url.pathname.slice(1);
  if (kind === "favicon.ico") return response.writeHead(204).end();
  if (kind === "site.css") {
    response.setHeader("content-type", "text/css");
    return response.end("body { font: 18px serif; margin: 2rem } * { letter-spacing: 1px } button { background: red; display: block } div { padding: 9px }");
  }
  if (!(kind in sites)) return response.writeHead(404).end();
  const policy = sites[kind]();
  if (policy) response.setHeader("content-security-policy", policy);
  response.setHeader("content-type", "text/html; charset=utf-8");
  const asked = (name, otherwise) => url.searchParams.get(name) ?? otherwise;
  const script = `<script src="${server.url}/widget.js" data-faq="${asked("faq", "shop")}" ${asked("attributes", "")} defer></script>`;
  const scripts = kind === "framed" ? "" : script.repeat(Number(asked("times", 1)));
  const inHead = asked("place", "body") === "head";
  const frame = kind === "framed" ? `<iframe src="${server.url}/shop" width="600" height="500" title="Chat"></iframe>` : "";
  response.end(`<!doctype html><html lang="${asked("lang", "en")}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>A shop</title><link rel="stylesheet" href="/site.css">${inHead ? scripts : ""}</head>
<body><main><h1>A shop</h1><p><a href="#more">More</a> ${"We sell good things. ".repeat(60)}</p>${frame}</main>${inHead ? "" : scripts}</body></html>`);
}

async function startSite() {
  const listener = http.createServer(site);
  await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
  return { listener, url: `http://127.0.0.1:${listener.address().port}` };
}

const allowedSite = await startSite();
const otherSite = await startSite();

// ---- Helpers ----

const ITEM = ":is([role=log] > li, [role=log] > ol > li, [role=log] > div, [role=log] > article)";
const items = (page) => page.locator(ITEM);
const replies = (page) => page.locator(`${ITEM}.bot:has(.text, button)`);
const field = (page) => page.locator("textarea");
const button = (where, name) => where.getByRole("button", { name, exact: true });

async function openChat(page, address = "/") {
  await page.goto(server.url + address, { timeout: WAIT });
  await field(page).waitFor({ timeout: WAIT });
}

// Waits for the reply that comes after `act` and returns it.
async function reply(page, act) {
  const before = await replies(page).count();
  await act();
  await until(async () => (await replies(page).count()) > before, "no reply");
  return replies(page).nth(before);
}

async function ask(page, question) {
  return reply(page, async () => {
    await field(page).fill(question, { timeout: WAIT });
    await field(page).press("Enter");
  });
}

const asWords = async (locator) => (await locator.innerText({ timeout: WAIT })).replace(/\s+/g, " ").trim();

async function has(locator, ...texts) {
  const found = await asWords(locator);
  for (const text of texts) check(text instanceof RegExp ? text.test(found) : found.includes(text), `${text} is not in: ${found.slice(0, 300)}`);
  return found;
}

async function openWidget(page, kind = "plain", query = "", at = allowedSite) {
  await page.goto(`${at.url}/${kind}${query}`, { timeout: WAIT });
  // Its button, or its panel where that is open since the page before.
  await page.locator("faqbot-widget :is(.open, .panel):visible").first().waitFor({ timeout: WAIT });
}

// Opens the panel, unless it is open since it was on the page before, and waits for what it begins with.
async function openPanel(page) {
  const round = page.locator("faqbot-widget button").first();
  if (await round.isVisible()) await round.click({ timeout: WAIT });
  await page.locator("faqbot-widget [role=dialog] textarea").waitFor({ timeout: WAIT });
  await page.locator("faqbot-widget [role=log] li").first().waitFor({ timeout: WAIT });
}

// The focused element, also within shadow roots.
const focused = (page) => page.evaluate(() => {
  let active = document.activeElement;
  const hosts = [];
  while (active?.shadowRoot?.activeElement) {
    hosts.push(active.localName);
    active = active.shadowRoot.activeElement;
  }
  const style = active ? getComputedStyle(active) : {};
  return { host: hosts.at(-1) ?? "", tag: active?.localName ?? "", name: active?.getAttribute?.("aria-label") ?? active?.innerText ?? "",
    role: active?.getAttribute?.("role") ?? "", outline: style.outlineStyle !== "none" || style.boxShadow !== "none" };
});

async function noViolations(page, options = {}) {
  await page.evaluate(() => Promise.race([Promise.all(document.getAnimations().map((a) => a.finished)), new Promise((r) => setTimeout(r, 1000))]).then(() => 0, () => 0));
  const session = await page.context().newCDPSession(page);
  await session.send("Runtime.evaluate", { expression: axe.source });
  await session.detach();
  const found = await bounded(page.evaluate((settings) => window.axe.run(document, settings),
    { rules: { "target-size": { enabled: true } }, resultTypes: ["violations"], ...options }), 30_000, "axe took too long");
  if (found.violations.length) later.push("axe: " + found.violations.map((v) => `${v.id} (${v.help}) at ${v.nodes.map((n) => n.target.flat().join(" ")).slice(0, 2).join(" and ")}`).join(" | "));
}

// Failures that do not end a test.
const later = [];

// Nothing wider than the window, and nothing of the conversation outside it.
async function notWide(page, what) {
  const found = await page.evaluate(() => {
    const out = [];
    const scroller = document.scrollingElement;
    if (scroller.scrollWidth > scroller.clientWidth) out.push(`the page is ${scroller.scrollWidth} wide in ${scroller.clientWidth}`);
    const roots = [document, ...[...document.querySelectorAll("*")].flatMap((e) => e.shadowRoot ?? [])];
    for (const root of roots) {
      for (const log of root.querySelectorAll("[role=log]")) {
        if (log.scrollWidth > log.clientWidth) out.push(`the conversation is ${log.scrollWidth} wide in ${log.clientWidth}`);
      }
      for (const e of root.querySelectorAll("[role=log] li, textarea, [role=log] button, .panel, form button, header h1")) {
        const box = e.getBoundingClientRect();
        if (box.width && (box.left < -1 || box.right > innerWidth + 1)) out.push(`${e.localName} "${e.textContent.slice(0, 20)}" is from ${box.left} to ${box.right}`);
      }
    }
    return out.slice(0, 4);
  });
  check(found.length === 0, `${what}: ${found.join("; ")}`);
}

// What an answer may not hold; bubbles are the items of the conversation, or #answer without JavaScript.
const harmful = (page) => page.evaluate(() => {
  const out = [];
  const allowed = new Set("p,br,hr,a,b,strong,i,em,s,del,ins,u,mark,small,sub,sup,kbd,samp,var,q,cite,abbr,dfn,time,bdi,bdo,span,div,code,pre,ul,ol,li,dl,dt,dd,blockquote,h1,h2,h3,h4,h5,h6,table,thead,tbody,tfoot,tr,th,td,caption,section,article,wbr,center,strike,tt".split(","));
  const areas = document.querySelectorAll("[role=log] .text, [role=log] .asked, [role=log] .source, [role=log] .you p, [role=log] details, #answer, body > header");
  for (const area of areas) {
    const bubble = area.closest("li") ?? area;
    const edge = bubble.getBoundingClientRect();
    for (const e of area.querySelectorAll("*")) {
      const own = area.localName === "details" && e.localName === "summary" || area.localName === "header" && e.localName === "h1" || e.id === "answer" || e.closest(".choices, .below");
      const said = e.outerHTML.slice(0, 120);
      if (!own && !allowed.has(e.localName)) out.push(`element ${said}`);
      if (e.namespaceURI !== "http://www.w3.org/1999/xhtml" && !own) out.push(`namespace ${said}`);
      for (const { name, value } of e.attributes) {
        if (name.startsWith("on") || ["style", "name", "src", "srcset", "ping", "action", "formaction", "autofocus", "slot", "is", "part"].includes(name) || (name === "tabindex" && !["table", "pre"].includes(e.localName))) out.push(`attribute ${name} ${said}`);
        if (name === "id" && e.id !== "answer") out.push(`id ${said}`);
        if (name === "class" && !own && e !== area && !["text", "note", "choices", "source", "asked"].includes(value)) out.push(`class ${said}`);
        if (name === "href" && !["http:", "https:", "mailto:", "tel:"].includes(e.protocol)) out.push(`link ${said}`);
      }
      if (e.localName === "a" && e.hasAttribute("href") && !own && !e.rel.includes("noopener") && new URL(e.href).origin !== location.origin) out.push(`rel ${said}`);
      const style = getComputedStyle(e);
      if (!["static", "relative"].includes(style.position) && !own) out.push(`position ${style.position} ${said}`);
      if (e.shadowRoot) out.push(`shadow root ${said}`);
      let scrolls = false;
      for (let p = e.parentElement; p && p !== bubble.parentElement; p = p.parentElement) scrolls ||= getComputedStyle(p).overflowX !== "visible";
      const box = e.getBoundingClientRect();
      if (box.width && !scrolls && (box.left < edge.left - 2 || box.right > edge.right + 2 || box.top < edge.top - 2 || box.bottom > edge.bottom + 2)) out.push(`outside its bubble ${said}`);
    }
  }
  if (window.pwned) out.push("a script ran");
  if (!areas.length) out.push("nothing to look at");
  return out;
});

async function harmless(page, what) {
  const found = await harmful(page);
  check(found.length === 0, `${what}: ${found.slice(0, 3).join(" | ")}`);
}

// ---- The runner: each test has its own context, and what all of them must keep is checked after it ----

const started = Date.now();
const browser = await chromium.launch({ executablePath: chromiumPath, args: ["--no-sandbox", "--host-resolver-rules=MAP plain.test 127.0.0.1"], timeout: 30_000 });
const pictures = process.env.SCREENSHOTS;
if (pictures) fs.mkdirSync(pictures, { recursive: true });

async function picture(page, name) {
  if (!pictures) return;
  await page.waitForTimeout(300);
  await page.screenshot({ path: path.join(pictures, `${name}.png`), timeout: WAIT });
}

let failed = 0;
async function test(name, body, { mayLog, more, ...settings } = {}) {
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
  const hosts = [server.url, ...(more ? [more] : []), allowedSite.url, otherSite.url, `http://plain.test:${new URL(server.url).port}`].map((url) => new URL(url).host);
  const paths = /^\/(|shop\/?|wide|hostile|widget\.js|assets\/[\w.-]+|v1\/(ask|feedback|faqs\/\w+)|plain|strict|trusted|named|unnamed|framed|site\.css)$/;
  context.on("request", (request) => {
    requests.push(request);
    const url = new URL(request.url());
    if (!hosts.includes(url.host) || !paths.test(url.pathname.replace(/^\/help\/faq(?=\/|$)/, "") || "/")) problems.push(`request to ${request.url().slice(0, 200)}`);
  });
  context.on("console", (message) => {
    const text = message.text();
    if (["error", "warning"].includes(message.type()) && !mayLog?.test(text)) problems.push(`console: ${text.slice(0, 300)}`);
  });
  context.on("weberror", (event) => {
    const text = String(event.error()?.message || event.error()?.stack || event.error());
    if (!mayLog?.test(text)) problems.push(`uncaught: ${text.slice(0, 300)}`);
  });
  context.on("dialog", (dialog) => {
    problems.push(`dialog: ${dialog.message()}`);
    dialog.dismiss().catch(() => {});
  });
  await context.addInitScript(() => addEventListener("securitypolicyviolation", (event) => console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`), true));
  const page = await context.newPage();
  const time = Date.now();
  try {
    await bounded(body(page, { requests, context }), TEST, "took too long");
    if (settings.javaScriptEnabled !== false) check(!(await page.evaluate(() => window.pwned)), "a script of the FAQ ran");
    check(later.length === 0, [...new Set(later)].join(" || "));
    check(problems.length === 0, problems.slice(0, 3).join(" | "));
    console.log(`ok ${name}`);
  } catch (error) {
    failed += 1;
    const extra = problems.length && !problems.includes(error.message) ? ` [${problems.slice(0, 2).join(" | ")}]` : "";
    console.log(`FAILED ${name}: ${String(error.message).split("\n")[0].slice(0, 900)}${error.message.startsWith("console") ? "" : extra}`);
    if (pictures) await page.screenshot({ path: path.join(pictures, `failed ${name.replace(/\W+/g, "-")}.png`), timeout: 3000 }).catch(() => {});
  }
  if (process.env.TIMES) console.log(`   ${Date.now() - time} ms`);
  await bounded(context.close(), 5000, "").catch(() => {});
}

const CHOICE = "How do I reset my device?";
const PASSWORD = "How do I reset my password?";
const NOTHING = "how do i become an astronaut";

async function tests() {
  await test("an answer with its question, text, source and confidence", async (page) => {
    await openChat(page);
    await has(page.locator("[role=log]"), "Hello! Ask me about orders.");
    await picture(page, "page-empty");
    const answer = await ask(page, "i forgot my password");
    await has(answer, PASSWORD, "Open Settings and click Reset password.", "https://example.com/manual", /Sure|Fairly sure/);
    same(await answer.locator("strong").innerText(), "Settings", "Markdown");
    same(await answer.locator("ol li").count(), 2, "list items");
    const details = answer.locator("details");
    check(!(await asWords(details)).match(/\d/), "numbers are shown before the details are opened");
    await details.locator("summary").click();
    await has(details, /\d/);
    same(await field(page).inputValue(), "", "the field after asking");
    await picture(page, "page-answer");
    const table = await ask(page, "How long does shipping take?");
    same(await table.locator("td").count(), 4, "cells");
    const box = await table.boundingBox();
    check(box.y + box.height <= 700 && box.y >= 0, "the newest answer is not in view");
  });

  await test("links of an answer open elsewhere and say nothing of the page", async (page) => {
    await openChat(page);
    const link = (await ask(page, PASSWORD)).locator(".text a").first();
    same(await link.getAttribute("target"), "_blank", "target");
    check((await link.getAttribute("rel"))?.includes("noopener"), "rel");
  });

  await test("a choice leads to its answer", async (page) => {
    await openChat(page);
    const choices = await ask(page, "reset");
    await has(choices, "Did you mean:", PASSWORD, CHOICE, "None of these");
    await picture(page, "page-choices");
    const answer = await reply(page, () => button(choices, CHOICE).click());
    await has(answer, "Hold the button for ten seconds", "Device manual, page 4", "How long does shipping take?");
    await picture(page, "page-chosen");
    // The server knows what was picked.
    await has(await ask(page, "why?"), "So that nobody resets it by chance.");
    await has(await reply(page, () => button(answer, "How long does shipping take?").click()), "Germany");
  });

  await test("none of these leads to the contact", async (page) => {
    await openChat(page);
    const choices = await ask(page, "how do i reset it");
    const before = await items(page).count();
    await button(choices, "None of these").click();
    await until(async () => (await items(page).count()) > before, "nothing happened");
    await until(async () => (await asWords(page.locator("[role=log]"))).includes("Write to the shop"), async () => `no contact: ${await asWords(items(page).last())}`);
    await has(page.locator("[role=log]"), "Sorry, I do not know that one.");
    await picture(page, "page-none-of-these");
  });

  await test("no answer shows the fallback and the contact", async (page) => {
    await openChat(page);
    await has(await ask(page, NOTHING), "Sorry, I do not know that one.", "Write to the shop.");
    await picture(page, "page-no-answer");
  });

  await test("thumbs are sent and stay pressed", async (page, { requests }) => {
    await openChat(page);
    const answer = await ask(page, PASSWORD);
    const up = button(answer, "This helped");
    const down = button(answer, "This did not help");
    same(await up.getAttribute("aria-pressed"), "false", "before");
    const sent = page.waitForResponse((r) => r.url().endsWith("/v1/feedback"));
    await up.click();
    const response = await sent;
    check(response.ok(), `feedback is answered with ${response.status()}`);
    await until(async () => (await up.getAttribute("aria-pressed")) === "true", "aria-pressed stays false");
    if (!(await down.isDisabled())) {
      await down.click();
      await until(async () => (await down.getAttribute("aria-pressed")) === "true", "the other thumb cannot be pressed");
      same(await up.getAttribute("aria-pressed"), "false", "the first thumb after the second");
    }
    check(requests.filter((r) => r.url().endsWith("/v1/feedback")).every((r) => r.method() === "POST"), "method");
  });

  await test("the copy button copies the answer", async (page) => {
    await openChat(page);
    const answer = await ask(page, PASSWORD);
    await button(answer, "Copy the answer").click();
    const copied = await until(() => page.evaluate(() => navigator.clipboard.readText()), "nothing was copied");
    check(copied.includes("Settings"), `copied: ${copied}`);
  }, { permissions: ["clipboard-read", "clipboard-write"] });

  await test("the page works where the browser sees no secure context", async (page) => {
    await page.goto(`http://plain.test:${new URL(server.url).port}/`);
    await field(page).waitFor();
    same(await page.evaluate(() => isSecureContext), false, "secure");
    const answer = await ask(page, PASSWORD);
    await has(answer, "Open Settings");
    const copy = button(answer, "Copy the answer");
    if (await copy.count()) {
      await copy.click();
      await page.waitForTimeout(100);
    }
    await button(answer, "This helped").click();
    await until(async () => (await button(answer, "This helped").getAttribute("aria-pressed")) === "true", "the thumb");
  });

  await test("keyboard only, from loading to a thumb", async (page) => {
    await openChat(page);
    const tabTo = async (wanted, key = "Tab") => {
      for (let n = 0; n < 25; n += 1) {
        const now = await focused(page);
        if (wanted(now)) return now;
        await page.keyboard.press(key);
        const next = await focused(page);
        check(next.tag === "body" || next.outline, `no visible focus on ${next.tag} ${next.name}`);
      }
      throw new Error(`not reached with ${key}`);
    };
    await tabTo((now) => now.tag === "textarea");
    await page.keyboard.type("reset");
    await reply(page, () => page.keyboard.press("Enter"));
    same((await focused(page)).tag, "textarea", "focus after asking");
    await tabTo((now) => now.name === CHOICE, "Shift+Tab");
    await has(await reply(page, () => page.keyboard.press("Enter")), "Hold the button");
    await page.waitForTimeout(100);
    if ((await focused(page)).tag === "body") later.push("the focus is lost after a choice");
    await tabTo((now) => now.tag === "textarea");
    await page.keyboard.type(PASSWORD);
    await has(await reply(page, () => page.keyboard.press("Enter")), "Open Settings");
    await tabTo((now) => now.name === "This helped", "Shift+Tab");
    await page.keyboard.press("Space");
    await until(async () => (await items(page).last().locator("[aria-pressed=true]").count()) === 1, "the thumb is not pressed");
    same((await focused(page)).name, "This helped", "focus after the thumb");
  });

  await test("Enter sends; Shift+Enter, input methods and empty questions do not", async (page, { requests }) => {
    await openChat(page);
    const asked = () => requests.filter((r) => r.url().endsWith("/v1/ask")).length;
    await field(page).press("Enter");
    await field(page).fill("   \n ");
    await field(page).press("Enter");
    await field(page).fill("one");
    await field(page).press("Shift+Enter");
    await page.keyboard.type("two");
    same(await field(page).inputValue(), "one\ntwo", "after Shift+Enter");
    await field(page).evaluate((e) => e.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", isComposing: true, bubbles: true, cancelable: true })));
    await page.waitForTimeout(200);
    same(asked(), 0, "questions sent");
    await reply(page, () => button(page.locator("form"), "Ask").click());
    same(asked(), 1, "questions sent by the button");
  });

  await test("questions asked quickly are answered in order", async (page) => {
    await openChat(page);
    await reply(page, async () => {
      for (const question of [PASSWORD, CHOICE]) {
        await field(page).fill(question);
        await field(page).press("Enter");
      }
    });
    await page.waitForTimeout(300);
    // What is sent too early is answered later or stays in the field.
    if (await field(page).inputValue()) await reply(page, () => field(page).press("Enter"));
    const log = await asWords(page.locator("[role=log]"));
    const places = [log.indexOf("Open Settings"), log.indexOf("Hold the button")];
    check(places[0] > 0 && places[0] < places[1], `order: ${log.slice(0, 400)}`);
  });

  await test("a very long question is not lost without a word", async (page) => {
    await openChat(page);
    check((await asWords(await ask(page, "why ".repeat(30_000)))).length > 10, "an empty reply");
    await picture(page, "page-long-question");
    await has(await ask(page, PASSWORD), "Open Settings");
  }, { mayLog: /status of 4\d\d/ });

  await test("the status region holds the newest reply only", async (page) => {
    await openChat(page);
    const status = page.locator("[role=status]");
    same(await status.count(), 1, "status regions");
    await ask(page, PASSWORD);
    await until(async () => (await status.innerText()).includes("Open Settings"), "the first reply");
    await ask(page, CHOICE);
    await until(async () => (await status.innerText()).includes("Hold the button"), "the second reply");
    check(!(await status.innerText()).includes("Open Settings"), "the first reply is still there");
    await ask(page, "reset");
    await until(async () => (await status.innerText()).includes("Did you mean"), "choices are not read");
    const said = await status.innerText();
    check(said.includes(PASSWORD) && said.includes(CHOICE), `choices are not read: ${said}`);
    const box = await status.boundingBox();
    check(box && box.width <= 2 && box.height <= 2, "the region can be seen");
  });

  await test("320 px wide without scrolling sideways", async (page) => {
    await openChat(page);
    await notWide(page, "empty");
    await ask(page, PASSWORD);
    await notWide(page, "answer");
    await picture(page, "page-320");
    await ask(page, "reset");
    await notWide(page, "choices");
    await picture(page, "page-320-choices");
    await ask(page, NOTHING);
    await notWide(page, "no answer");
    for (const e of [field(page), button(page.locator("form"), "Ask")]) {
      const box = await e.boundingBox();
      check(box.y + box.height <= 568 && box.x + box.width <= 320, "the form is out of view");
    }
  }, { viewport: { width: 320, height: 568 }, hasTouch: true, isMobile: true });

  for (const [width, height] of [[320, 568], [1200, 800]]) {
    await test(`long words and wide tables at ${width} px`, async (page) => {
      await openChat(page, "/wide");
      await notWide(page, "greeting");
      for (const entry of wide.entries) {
        await ask(page, entry.also?.[0] ?? entry.question);
        await notWide(page, entry.id.slice(0, 10));
        if (entry.id === "table") await picture(page, `wide-table-${width}`);
      }
      await ask(page, "How do I cook rice?");
      await notWide(page, "choices");
      await ask(page, NOTHING);
      await notWide(page, "no answer");
      await ask(page, long);
      await notWide(page, "a long question");
      await picture(page, `wide-${width}`);
    }, { viewport: { width, height } });
  }

  await test("what is written from right to left is shown so", async (page) => {
    await openChat(page, "/wide");
    const answer = await ask(page, "How is a guest welcomed in Arabic?");
    const direction = (locator) => locator.evaluate((e) => getComputedStyle(e).direction);
    same(await direction(answer.locator(".text").first()), "rtl", "the answer");
    await ask(page, "شكرا");
    same(await direction(page.locator(".you p").last()), "rtl", "the question");
    same(await direction(page.locator(".you p").first()), "ltr", "a question in English");
    await picture(page, "right-to-left");
  });

  await test("a wide table can be scrolled by keyboard and axe finds nothing", async (page) => {
    await openChat(page, "/wide");
    const answer = await ask(page, "Where is the big table of prices?");
    check(await answer.evaluate((e) => [...e.querySelectorAll("*")].some((x) => x.scrollWidth > x.clientWidth && ["auto", "scroll"].includes(getComputedStyle(x).overflowX))), "the table cannot be scrolled");
    await ask(page, "Which shell command starts the engine?");
    await noViolations(page);
  }, { viewport: { width: 320, height: 568 } });

  await test("axe: empty page, answer, choices, no answer", async (page) => {
    await openChat(page);
    await noViolations(page);
    await (await ask(page, PASSWORD)).locator("summary").click();
    await noViolations(page);
    await ask(page, "reset");
    await noViolations(page);
    await ask(page, NOTHING);
    await noViolations(page);
  });

  await test("axe: dark", async (page) => {
    await openChat(page);
    const back = await page.evaluate(() => [document.body, document.documentElement].map((e) => getComputedStyle(e).backgroundColor).find((c) => c !== "rgba(0, 0, 0, 0)"));
    check((back?.match(/\d+/g) ?? [255]).slice(0, 3).every((n) => n < 80), `the page is not dark: ${back}`);
    const answer = await ask(page, PASSWORD);
    await answer.locator("summary").click();
    await button(answer, "This helped").click();
    await ask(page, CHOICE);
    await picture(page, "page-dark");
    await ask(page, "reset");
    await noViolations(page);
    await picture(page, "page-dark-choices");
  }, { colorScheme: "dark" });

  for (const colorScheme of ["light", "dark"]) {
    await test(`the placeholder can be read (${colorScheme})`, async (page) => {
      await openChat(page);
      const ratio = await field(page).evaluate((e) => {
        const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
        const paint = (color) => {
          canvas.fillStyle = color;
          canvas.fillRect(0, 0, 1, 1);
          return [...canvas.getImageData(0, 0, 1, 1).data];
        };
        for (let p = e, all = []; p; p = p.parentElement) {
          all.unshift(getComputedStyle(p).backgroundColor);
          if (!p.parentElement) ["Canvas", ...all].forEach(paint);
        }
        const light = (data) => data.slice(0, 3).map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
          .reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
        const back = light([...canvas.getImageData(0, 0, 1, 1).data]);
        const front = light(paint(getComputedStyle(e, "::placeholder").color));
        return (Math.max(back, front) + 0.05) / (Math.min(back, front) + 0.05);
      });
      check(ratio >= 4.5, `contrast ${ratio.toFixed(2)}`);
    }, { colorScheme });
  }

  await test("forced colours and large text", async (page) => {
    await openChat(page);
    await ask(page, "reset");
    await page.evaluate(() => (document.documentElement.style.fontSize = "200%")).catch(() => {});
    await notWide(page, "at 200 %");
    await picture(page, "page-forced-colours");
  }, { forcedColors: "active", viewport: { width: 640, height: 700 } });

  await test("reduced motion", async (page) => {
    await page.route("**/v1/ask", async (route) => {
      await sleep(500);
      await route.continue();
    });
    const moving = () => page.evaluate(() => {
      const seconds = (text) => Math.max(...text.split(",").map((t) => parseFloat(t) * (t.includes("ms") ? 0.001 : 1)));
      return [...document.querySelectorAll("*")].flatMap((e) => {
        const out = [];
        for (const style of [getComputedStyle(e), getComputedStyle(e, "::before"), getComputedStyle(e, "::after")]) {
          if (style.animationName !== "none" && seconds(style.animationDuration) > 0.01) out.push(`${e.localName} animation ${style.animationName}`);
          if (seconds(style.transitionDuration) > 0.01) out.push(`${e.localName} transition ${style.transitionProperty}`);
          if (style.scrollBehavior === "smooth") out.push(`${e.localName} smooth scrolling`);
        }
        return out;
      });
    });
    await openChat(page);
    await reply(page, async () => {
      await field(page).fill(PASSWORD);
      await field(page).press("Enter");
      await page.waitForTimeout(200);
      same((await moving()).join(), "", "while waiting");
      await picture(page, "page-waiting");
    });
    same((await moving()).join(), "", "after the answer");
  }, { reducedMotion: "reduce" });

  await test("without JavaScript", async (page) => {
    await page.goto(server.url);
    await has(page.locator("main"), "Hello! Ask me about orders.");
    const send = async (question) => {
      await page.locator("input[name=q]").fill(question);
      await button(page, "Ask").click();
      await page.waitForLoadState();
    };
    await send("i forgot my password");
    await has(page.locator("main"), "Open Settings and click Reset password.");
    same(await page.locator("input[name=q]").inputValue(), "i forgot my password", "the question");
    await picture(page, "nojs-answer");
    await has(page.locator("main"), PASSWORD, "example.com/manual");
    await send("reset");
    await has(page.locator("main"), "Did you mean:");
    await picture(page, "nojs-choices");
    await page.getByRole("link", { name: CHOICE }).click();
    await has(page.locator("main"), "Hold the button");
    await send(NOTHING);
    await has(page.locator("main"), "Sorry, I do not know that one.", "Write to the shop");
    await page.goto(`${server.url}/wide`);
    await send("Can penguins fly?");
    same(new URL(page.url()).pathname, "/wide", "the FAQ after asking");
    await notWide(page, "wide");
  }, { javaScriptEnabled: false, viewport: { width: 320, height: 568 } });

  const languages = { de: "de-AT", fr: "fr-CA", es: "es-MX", en: "en-GB" };
  const words = {}; // by language, what the interface says
  for (const [language, locale] of Object.entries(languages)) {
    await test(`language ${language}`, async (page) => {
      await openChat(page);
      same(await page.evaluate(() => document.documentElement.lang), language, "lang");
      const answer = await ask(page, PASSWORD);
      await answer.locator("summary").click();
      await ask(page, "reset");
      await ask(page, NOTHING);
      await page.route("**/v1/ask", (route) => route.abort());
      await field(page).fill("x");
      await field(page).press("Enter");
      await until(() => items(page).last().evaluate((e) => e.querySelector("button") && !e.querySelector("details")), "no message");
      words[language] = await page.evaluate(() => [...document.querySelectorAll("main *")].flatMap((e) =>
        [e.getAttribute("aria-label"), e.getAttribute("title"), e.getAttribute("placeholder"),
          ...[...e.childNodes].filter((n) => n.nodeType === 3 && !e.closest(".text .text, .you")).map((n) => n.data.trim())])
        .filter((t) => t && /\p{L}{3}/u.test(t)));
      await picture(page, `page-${language}`);
      check(words[language].length > 10, "hardly any text");
      await noViolations(page);
      const plain = await (await fetch(`${server.url}/?q=reset`, { headers: { "accept-language": locale } })).text();
      check(plain.includes(`lang="${language}"`), "the language without JavaScript");
    }, { locale, mayLog: /ERR_FAILED/ });
  }
  await test("languages share no interface text", async () => {
    const ofFaq = JSON.stringify(shop);
    const out = [];
    for (const language of ["de", "fr", "es"]) {
      for (const text of new Set(words[language])) {
        if (words.en.includes(text) && !ofFaq.includes(text) && text !== "Chat") out.push(`${language}: ${text}`);
      }
    }
    same(out.filter((t) => !/: (Source: http|Open|Settings|and click|Reset)/.test(t)).join("; "), "", "English text");
  });
  await test("an unknown language is English", async (page) => {
    await openChat(page);
    same(await page.evaluate(() => document.documentElement.lang), "en", "lang");
  }, { locale: "it-IT" });

  // ---- The widget ----

  for (const kind of ["plain", "strict", "trusted", "named"]) {
    await test(`widget on a site of another origin (${kind})`, async (page, { requests }) => {
      await openWidget(page, kind, "?attributes=data-title='Ask+the+shop'");
      await page.waitForTimeout(300);
      const early = requests.filter((r) => r.url().startsWith(server.url)).map((r) => new URL(r.url()).pathname);
      same(early.join(), "/widget.js", "requests before the first click");
      const round = page.locator("faqbot-widget button").first();
      same(await round.getAttribute("aria-label"), "Ask the shop", "label");
      if (kind === "strict") await picture(page, "widget-closed");
      await openPanel(page);
      const panel = page.locator("faqbot-widget [role=dialog]");
      await until(async () => (await focused(page)).tag === "textarea", "the field is not focused");
      await has(panel, "Ask the shop", "Hello! Ask me about orders.");
      const answer = await ask(page, "i forgot my password");
      await has(answer, "Open Settings");
      if (kind === "strict") await picture(page, "widget-open");
      const choices = await ask(page, "reset");
      await has(await reply(page, () => button(choices, CHOICE).click()), "Hold the button");
      await button(answer, "This helped").click();
      await until(async () => (await button(answer, "This helped").getAttribute("aria-pressed")) === "true", "the thumb");
      check(requests.some((r) => r.url().endsWith("/assets/chat.js")), "chat.js is not used");
      const box = await panel.boundingBox();
      check(box.x >= 0 && box.y >= 0 && box.x + box.width <= 900 && box.y + box.height <= 700, `the panel is out of the window: ${JSON.stringify(box)}`);
      const spacing = await page.evaluate(() => getComputedStyle(document.querySelector("faqbot-widget").shadowRoot.querySelector("[role=log]")).letterSpacing);
      if (spacing !== "normal") later.push(`the site's rule * { letter-spacing } changes the widget: ${spacing}`);
    });
  }

  await test("widget once, though its script is there twice", async (page) => {
    await openWidget(page, "plain", "?times=2");
    same(await page.locator("faqbot-widget").count(), 1, "widgets");
  });

  for (const attributes of ["type=module", "type=module async"]) {
    await test(`widget as a module (${attributes})`, async (page) => {
      await openWidget(page, "strict", `?attributes=${attributes}`);
      await openPanel(page);
      await has(await ask(page, "i forgot my password"), "Open Settings");
    });
  }

  for (const place of ["head", "body"]) {
    await test(`widget stays with its conversation when the body is replaced (script in ${place})`, async (page) => {
      await openWidget(page, "plain", `?place=${place}`);
      await openPanel(page);
      await has(await ask(page, "i forgot my password"), "Open Settings");
      // As Turbo does: another body, whose scripts run again, with a copy of the element from its snapshot of the page.
      await page.evaluate((source) => {
        const copy = document.querySelector("faqbot-widget").cloneNode(true);
        const body = document.createElement("body");
        body.innerHTML = "<h1>Another page</h1>";
        body.append(copy);
        document.documentElement.replaceChild(body, document.body);
        if (!source) return;
        const script = Object.assign(document.createElement("script"), { src: source });
        script.dataset.faq = "shop";
        body.append(script);
      }, place === "body" ? `${server.url}/widget.js` : null);
      await page.waitForTimeout(300);
      same(await page.locator("faqbot-widget").count(), 1, "widgets");
      await has(page.locator("faqbot-widget [role=log]"), "Open Settings");
      // As htmx does: other content in the same body.
      await page.evaluate(() => (document.body.innerHTML = "<h1>A third</h1>"));
      await has(await ask(page, "how long does shipping take"), "Two to five days");
      await page.evaluate(() => document.querySelector("faqbot-widget").remove());
      await page.waitForTimeout(100);
      same(await page.locator("faqbot-widget").count(), 0, "widgets after it was removed on purpose");
    });
  }

  await test("widget goes on, on the next page of the site", async (page, { requests }) => {
    await openWidget(page);
    await openPanel(page);
    await has(await ask(page, "i forgot my password"), "Open Settings");
    const choices = await ask(page, "reset");
    await has(await reply(page, () => button(choices, CHOICE).click()), "Hold the button");
    await page.goto(`${allowedSite.url}/strict?place=head`);
    const log = page.locator("faqbot-widget [role=log]");
    await log.waitFor();
    await until(async () => (await replies(page).count()) === 4, async () => `${await replies(page).count()} replies on the next page`);
    await has(log, "i forgot my password", "Open Settings", "Did you mean", "Hold the button");
    same((await focused(page)).host, "", "what has the focus on the next page");
    await has(await ask(page, "why?"), "So that nobody resets it by chance");
    await button(page.locator("faqbot-widget"), "Close").click();
    const before = requests.length;
    await page.goto(`${allowedSite.url}/plain`);
    await page.waitForTimeout(300);
    same(await page.locator("faqbot-widget [role=dialog]").count(), 0, "panels after it was closed");
    same(requests.slice(before).filter((r) => r.url().startsWith(server.url)).length, 1, "requests where it is closed");
    await openPanel(page);
    await has(log, "Hold the button", "So that nobody");
  });

  for (const width of [390, 900]) {
    await test(`widget above a keyboard on the screen, ${width} px wide`, async (page) => {
      await openWidget(page);
      await openPanel(page);
      await has(await ask(page, "i forgot my password"), "Open Settings");
      // What a phone with its keyboard open says, which this browser has not.
      await page.evaluate(() => {
        for (const [name, value] of Object.entries({ height: 320, offsetTop: 40 })) Object.defineProperty(visualViewport, name, { value });
        visualViewport.dispatchEvent(new Event("resize"));
      });
      const panel = await page.locator("faqbot-widget [role=dialog]").boundingBox();
      check(panel.y >= 40 && panel.y + panel.height <= 361, `the panel is from ${panel.y} to ${panel.y + panel.height}`);
      const box = await field(page).boundingBox();
      check(box.y >= 40 && box.y + box.height <= 360, `the field is from ${box.y} to ${box.y + box.height}`);
      await picture(page, `widget-keyboard-${width}`);
    }, { viewport: { width, height: 700 } });
  }

  await test("the chat page in a frame, of a site that may", async (page) => {
    await page.goto(`${allowedSite.url}/framed`);
    const frame = page.frameLocator("iframe");
    await frame.locator("textarea").fill("i forgot my password");
    await frame.locator("textarea").press("Enter");
    await until(async () => (await frame.locator("[role=log]").innerText()).includes("Open Settings"), "no answer in the frame");
    await picture(page, "framed");
  });

  await test("the chat page in a frame, of a site that may not", async (page) => {
    await page.goto(`${otherSite.url}/framed`);
    await page.waitForTimeout(500);
    same(await page.frameLocator("iframe").locator("textarea").count(), 0, "fields in the frame");
  }, { mayLog: /frame-ancestors|Framing/ });

  const below = await startServer("127.0.0.1:0", allowedSite.url, "--base-path", "/help/faq");
  await test("page and widget under a path", async (page) => {
    for (const address of ["/shop", "/shop/", ""]) {
      await page.goto(below.url + address);
      await field(page).waitFor();
      await has(await ask(page, "i forgot my password"), "Open Settings");
    }
    await page.goto(`${allowedSite.url}/plain?attributes=data-manual`);
    await page.evaluate((address) => {
      const script = Object.assign(document.createElement("script"), { src: `${address}/widget.js` });
      script.dataset.faq = "shop";
      document.body.append(script);
    }, below.url);
    await page.locator("faqbot-widget").waitFor({ state: "attached" });
    await openPanel(page);
    await has(await ask(page, "i forgot my password"), "Open Settings");
  }, { more: below.url });
  await below.stop();

  await test("widget where the site does not allow its policy for trusted types", async (page) => {
    await openWidget(page, "unnamed");
    await openPanel(page);
    await has(await ask(page, "i forgot my password"), "Settings", "Reset password");
    if (!(await asWords(page.locator("[role=log]"))).includes("Hello!")) later.push("the greeting is missing");
  }, { mayLog: /TrustedTypePolicy|^CSP: trusted-types/ });

  await test("widget: Escape, focus and Tab", async (page) => {
    await openWidget(page);
    const round = page.locator("faqbot-widget button").first();
    await round.focus();
    await page.keyboard.press("Enter");
    await page.locator("faqbot-widget textarea").waitFor();
    await until(async () => (await focused(page)).tag === "textarea", "the field is not focused");
    await ask(page, "reset");
    for (const key of ["Tab", "Shift+Tab"]) {
      const seen = new Set();
      for (let n = 0; n < 30; n += 1) {
        await page.keyboard.press(key);
        const now = await focused(page);
        same(now.host, "faqbot-widget", `focus leaves the panel with ${key}`);
        check(now.outline, `no visible focus on ${now.tag} ${now.name}`);
        seen.add(now.tag + now.name);
      }
      for (const wanted of ["textarea", "buttonClose", "buttonNone of these"]) check([...seen].some((s) => s.startsWith(wanted)), `${wanted} is not reached with ${key}: ${[...seen]}`);
    }
    await field(page).fill("a draft");
    await page.keyboard.press("Escape");
    await page.locator("faqbot-widget [role=dialog]").waitFor({ state: "hidden" });
    let now = await focused(page);
    same(`${now.host} ${now.tag} ${now.name}`, "faqbot-widget button Ask a question", "focus after Escape");
    await page.keyboard.press("Enter");
    await page.locator("faqbot-widget [role=dialog]").waitFor({ state: "visible" });
    await has(page.locator("faqbot-widget [role=log]"), "Did you mean");
    same(await field(page).inputValue(), "a draft", "the draft after closing and opening");
    await button(page.locator("faqbot-widget"), "Close").click();
    await page.locator("faqbot-widget [role=dialog]").waitFor({ state: "hidden" });
    now = await focused(page);
    same(now.tag, "button", "focus after closing");
  });

  await test("widget: keys typed in it do not reach the site", async (page) => {
    await openWidget(page);
    await page.evaluate(() => {
      window.keys = "";
      document.addEventListener("keydown", (event) => (window.keys += event.key));
    });
    await openPanel(page);
    await field(page).focus();
    await page.keyboard.type("s/");
    same(await page.evaluate(() => window.keys), "", "keys the site's shortcuts would see");
  });

  await test("widget: position and language", async (page) => {
    await openWidget(page, "plain", "?attributes=data-position=left+data-lang=de");
    const box = await page.locator("faqbot-widget button").first().boundingBox();
    check(box.x < 100 && box.y > 500, "not at the lower left");
    await openPanel(page);
    const panel = page.locator("faqbot-widget [role=dialog]");
    check((await panel.boundingBox()).x < 100, "the panel is not at the left");
    await has(panel, /Frage/);
    await has(await ask(page, "reset"), "Meinten Sie");
    await openWidget(page, "plain", "?lang=fr-FR");
    await openPanel(page);
    check(/Fermer/.test(await page.locator("faqbot-widget").evaluate((e) => e.shadowRoot.innerHTML)), "not French");
    await openWidget(page, "plain", "?lang=es");
    await openPanel(page);
    check(/Cerrar/.test(await page.locator("faqbot-widget").evaluate((e) => e.shadowRoot.innerHTML)), "not Spanish");
  });

  await test("axe: widget closed, open, with answer and choices", async (page) => {
    await openWidget(page);
    await noViolations(page);
    await openPanel(page);
    await noViolations(page);
    await ask(page, PASSWORD);
    await ask(page, "reset");
    await noViolations(page);
  });

  await test("axe: widget in the dark", async (page) => {
    await openWidget(page);
    await openPanel(page);
    await ask(page, PASSWORD);
    await ask(page, "reset");
    await picture(page, "widget-dark");
    await noViolations(page.locator("faqbot-widget").page());
  }, { colorScheme: "dark" });

  await test("widget at 320 px", async (page) => {
    await openWidget(page);
    await notWide(page, "closed");
    await picture(page, "widget-320-closed");
    await openPanel(page);
    await ask(page, PASSWORD);
    await notWide(page, "answer");
    await ask(page, "reset");
    await notWide(page, "choices");
    await picture(page, "widget-320");
    await openWidget(page, "plain", "?faq=wide");
    await openPanel(page);
    for (const entry of wide.entries) await ask(page, entry.also?.[0] ?? entry.question);
    await notWide(page, "wide answers");
    await picture(page, "widget-320-wide");
  }, { viewport: { width: 320, height: 568 }, hasTouch: true, isMobile: true });

  await test("widget on a site that is not allowed says so", async (page) => {
    await openWidget(page, "plain", "", otherSite);
    await page.locator("faqbot-widget button").first().click();
    await page.waitForTimeout(1500);
    const panel = page.locator("faqbot-widget [role=dialog]");
    await picture(page, "widget-not-allowed");
    check(await panel.isVisible(), "the panel closes without a word");
    if (await field(page).count()) {
      await field(page).fill(PASSWORD);
      await field(page).press("Enter");
      await until(async () => /not|try again/i.test(await panel.innerText()), "no message");
      await picture(page, "widget-not-allowed");
    }
  }, { mayLog: /CORS|Failed to load|ERR_FAILED|Failed to fetch|40\d/ });

  // ---- The server goes away and comes back at the same address ----

  const gone = /ERR_CONNECTION|ERR_SOCKET|ERR_EMPTY_RESPONSE|Failed to fetch|dynamically imported|Failed to load/;
  await test("the server ends and comes back: Try again, and nothing typed is lost", async (page, { context }) => {
    await openChat(page);
    await ask(page, PASSWORD);
    const other = await context.newPage();
    await openWidget(other);
    const listen = new URL(server.url).host;
    same(await server.stop(), 0, "exit code");
    const log = page.locator("[role=log]");
    await field(page).fill(CHOICE);
    await field(page).press("Enter");
    const again = button(page, "Try again");
    await again.waitFor();
    check((await asWords(log)).includes(CHOICE) || (await field(page).inputValue()) === CHOICE, "the question is gone");
    await picture(page, "page-server-gone");
    check((await page.locator("[role=status]").innerText()).trim().length > 5, "the message is not read");
    await noViolations(page);
    await again.click();
    await page.waitForTimeout(500);
    await again.waitFor();
    same(await again.count(), 1, "buttons to try again");
    if ((await field(page).inputValue()) !== CHOICE) await field(page).fill("a draft");
    const draft = await field(page).inputValue();

    // The widget, first opened while the server is away.
    await other.bringToFront();
    await other.locator("faqbot-widget button").first().click();
    await other.waitForTimeout(1000);
    const silent = !(await other.locator("faqbot-widget [role=dialog]").isVisible());
    await picture(other, "widget-server-gone");

    server = await startServer(listen, allowedSite.url);
    same(new URL(server.url).host, listen, "address");
    await page.bringToFront();
    await again.click();
    await until(async () => (await asWords(log)).includes("Hold the button"), async () => `no answer after trying again: ${await asWords(log)}`);
    same(await again.count(), 0, "buttons to try again after the answer");
    same((await asWords(log)).split(`You: ${CHOICE}`).length - 1, 1, "times the question stands there");
    if (draft === "a draft") same(await field(page).inputValue(), draft, "the draft");
    await has(log, "Open Settings");

    await other.bringToFront();
    if (silent) await other.locator("faqbot-widget button").first().click();
    const retry = button(other.locator("faqbot-widget"), "Try again");
    if (await retry.count()) await retry.click();
    await other.locator("faqbot-widget textarea").waitFor();
    await has(await ask(other, PASSWORD), "Open Settings");
    check(!silent, "the widget closes without a word when the server is away");
  }, { mayLog: gone });

  await test("the server is killed while it answers", async (page) => {
    await openChat(page);
    const listen = new URL(server.url).host;
    await page.route("**/v1/ask", async (route) => {
      await server.stop("SIGKILL");
      await route.continue();
    }, { times: 1 });
    await field(page).fill(CHOICE);
    await field(page).press("Enter");
    await button(page, "Try again").waitFor();
    server = await startServer(listen, allowedSite.url);
    await button(page, "Try again").click();
    await until(async () => (await asWords(page.locator("[role=log]"))).includes("Hold the button"), "no answer after trying again");
  }, { mayLog: gone });

  // ---- Hostile text ----

  await test("hostile greeting, title and questions", async (page) => {
    await openChat(page, "/hostile");
    await harmless(page, "greeting");
    for (const [n, payload] of PAYLOADS.entries()) {
      const text = payload.replace(/[\n\t]/g, " ");
      const before = await page.locator(`${ITEM}.you`).count();
      await ask(page, `${text} ${n}`);
      const said = await page.locator(`${ITEM}.you`).nth(before).locator("p").evaluate((e) => e.textContent);
      check(said.includes(text.trim()), `question ${n} is shown as ${said}`);
    }
    await harmless(page, "questions");
    await picture(page, "hostile-questions");
  });

  await test("hostile answers, sources and ids", async (page) => {
    await openChat(page, "/hostile");
    for (const [n] of PAYLOADS.entries()) {
      const answer = await ask(page, hostileTopic(n));
      await has(answer, `Start ${n}`);
      await answer.locator("summary").click();
    }
    await harmless(page, "answers");
    await notWide(page, "answers");
    await ask(page, NOTHING);
    await harmless(page, "fallback and contact");
    for (const up of await page.getByRole("button", { name: "This helped" }).all()) {
      const sent = page.waitForResponse((r) => r.url().endsWith("/v1/feedback"));
      await up.evaluate((e) => e.click());
      const response = await sent;
      check(response.ok(), `feedback is answered with ${response.status()}`);
    }
    await picture(page, "hostile-answers");
  });

  await test("hostile text in the address", async (page) => {
    for (const [n, payload] of PAYLOADS.entries()) {
      await page.goto(`${server.url}/${n % 2 ? "hostile" : ""}?q=${encodeURIComponent(payload)}`);
      await field(page).waitFor();
      await until(async () => (await page.locator("[role=log] li.bot").count()) > 0, `the question of the address is not answered: ${payload.slice(0, 40)}`);
      await harmless(page, `payload ${n}`);
    }
  });

  await test("hostile text without JavaScript", async (page) => {
    for (const [n, payload] of PAYLOADS.entries()) {
      for (const query of [payload, n % 4 ? null : hostileTopic(n)]) {
        if (!query) continue;
        await page.goto(`${server.url}/hostile?q=${encodeURIComponent(query)}`);
        const found = await harmful(page);
        check(found.length === 0, `payload ${n}: ${found.slice(0, 2).join(" | ")}`);
        const known = await page.evaluate(() => [document.scripts.length, document.querySelectorAll("form").length, document.querySelectorAll("input").length, document.querySelectorAll("iframe, img, svg, object, embed, base, video, audio, style, dialog, meta[http-equiv]").length].join());
        same(known, "1,1,1,0", `elements of the page with payload ${n}`);
        const value = await page.locator("input[name=q]").inputValue();
        check(value.replace(/\s/g, "") === query.replace(/\s/g, ""), `the field holds ${value}`);
      }
    }
  }, { javaScriptEnabled: false });

  await test("hostile text in the widget", async (page) => {
    await openWidget(page, "plain", `?faq=hostile&attributes=${encodeURIComponent(`data-title="&lt;img src=evil onerror=window.pwned=1&gt;"`)}`);
    await openPanel(page);
    for (let n = 0; n < PAYLOADS.length; n += 3) await ask(page, hostileTopic(n));
    const bad = await page.evaluate(() => [...document.querySelector("faqbot-widget").shadowRoot.querySelectorAll(".text *")].filter((e) => e.matches("script, img, svg, iframe, style, [style], [id]:not(#answer), [onclick], form, input") || [...e.attributes].some((a) => a.name.startsWith("on"))).map((e) => e.outerHTML.slice(0, 100)));
    same(bad.join(" | "), "", "elements");
  });

  await test("small enough: widget, chat, styles and one language", async () => {
    const size = (name) => bounded(new Promise((resolve, reject) => http.get(`${server.url}/${name}`, { headers: { "accept-encoding": "gzip" } }, (response) => {
      const parts = [];
      response.on("data", (part) => parts.push(part));
      response.on("end", () => {
        const body = Buffer.concat(parts);
        if (response.statusCode !== 200) reject(new Error(`${name}: ${response.statusCode}`));
        else if (response.headers["content-encoding"] === "gzip") resolve(body.length);
        else resolve(zlib.gzipSync(body).length);
      });
    }).on("error", reject)), WAIT, "no reply");
    const sizes = {};
    for (const name of ["widget.js", "assets/chat.js", "assets/chat.css", "assets/texts-de.js"]) sizes[name] = await size(name);
    const total = Object.values(sizes).reduce((a, b) => a + b);
    check(total < 15_000, `${total} bytes: ${JSON.stringify(sizes)}`);
    if (process.env.TIMES) console.log(`   ${total} bytes: ${JSON.stringify(sizes)}`);
  });
}

try {
  server = await startServer("127.0.0.1:0", allowedSite.url);
  await bounded(tests(), ALL + 3000, "took too long");
  if (process.env.TIMES) console.log(`all: ${Date.now() - started} ms`);
} catch (error) {
  failed += 1;
  console.log(`FAILED all: ${error.message}`);
} finally {
  await bounded(browser.close(), 5000, "").catch(() => {});
  const code = await server?.stop().catch((error) => error.message);
  if (server && code !== 0) {
    failed += 1;
    console.log(`FAILED the server ends with 0: ${code}`);
  }
  for (const { listener } of [allowedSite, otherSite]) listener.close();
  fs.rmSync(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);
