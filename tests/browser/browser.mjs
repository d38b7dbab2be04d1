// What the scripts with a real browser share: the program and the browser, or a reason to skip; and how they check.
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export const WAIT = 8000; // for one thing to happen

const skip = (reason) => {
  console.log(`skipped: ${reason}`);
  process.exit(0);
};

export const program = process.argv[2];
if (!program) {
  console.error(`usage: node ${path.basename(process.argv[1])} PATH_TO_FAQBOT`);
  process.exit(2);
}
export const chromiumPath = process.env.CHROMIUM || "/usr/bin/chromium";
if (!fs.existsSync(chromiumPath)) skip(`no browser at ${chromiumPath}`);

function module(name) {
  const places = [fileURLToPath(import.meta.url)];
  const folder = process.env.NODE_MODULES;
  if (folder) places.unshift(path.resolve(folder, "x.js"), path.resolve(folder, "..", "x.js"));
  for (const place of places) {
    try {
      return createRequire(place)(name);
    } catch {}
  }
  return skip(`the module ${name} is missing`);
}
export const { chromium } = module("playwright-core");
export const axe = module("axe-core");

export function bounded(promise, time, message) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error(message)), time)));
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

export function check(condition, message) {
  if (!condition) throw new Error(message);
}

export function same(found, expected, message) {
  check(found === expected, `${message}: ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`);
}

export async function until(condition, message, time = WAIT, pause = 30) {
  const end = Date.now() + time;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(typeof message === "function" ? await message() : message);
    await sleep(pause);
  }
}
