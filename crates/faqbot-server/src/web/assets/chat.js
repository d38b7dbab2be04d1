// A conversation with a FAQ, built into an element. Texts from the server become nodes, never markup: what is not on
// the list below does not get in, whoever wrote the FAQ.

const TAGS = new Set(("a b blockquote br code del dd dl dt em h1 h2 h3 h4 h5 h6 hr i li ol p pre s strong sub sup table " +
  "tbody td th thead tr ul").split(" "));
const ATTRIBUTES = { a: ["title"], ol: ["start"], td: ["colspan", "rowspan"], th: ["colspan", "rowspan"] };
const LINKS = new Set(["http:", "https:", "mailto:", "tel:"]);
const LANGUAGES = ["en", "de", "fr", "es"];
const SURE = 0.9;
// Replies that are kept for the next page, at most.
const KEPT = 20;
const ICONS = {
  up: "M7 11v9H4v-9zm0 0 4-8c1.5 0 2.5 1 2.2 2.6L12.5 9H19c1 0 1.7.9 1.5 1.9l-1.4 7.4c-.2 1-1 1.7-2 1.7H7",
  down: "M17 13V4h3v9zm0 0-4 8c-1.5 0-2.5-1-2.2-2.6l.7-3.4H5c-1 0-1.7-.9-1.5-1.9l1.4-7.4C5.1 4.7 5.9 4 6.9 4H17",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  done: "M4 13l5 5L20 6",
};

let policy;
try {
  policy = window.trustedTypes ? window.trustedTypes.createPolicy("faqbot", { createHTML: (html) => html }) : { createHTML: (html) => html };
} catch {
  // The site lets no other policy in, or this file was loaded twice: answers are shown as plain text.
}

/** An element with properties and children. */
export function element(name, properties = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== null) node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== undefined && child !== null));
  return node;
}

/** Safe HTML as nodes, by the list of what may be. */
export function safe(html) {
  const box = element("div", { class: "text", dir: "auto" });
  if (!policy) {
    box.append(element("p", {}, html.replace(/<[^>]*>/g, "").trim()));
    return box;
  }
  copy(new DOMParser().parseFromString(policy.createHTML(html), "text/html").body, box);
  return box;
}

function copy(from, to) {
  for (const child of from.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) to.append(child.data);
    if (child.nodeType !== Node.ELEMENT_NODE) continue;
    const name = child.localName;
    if (!TAGS.has(name)) continue;
    if (name === "a" && !LINKS.has(child.protocol)) {
      copy(child, to);
      continue;
    }
    const node = document.createElement(name);
    for (const attribute of ATTRIBUTES[name] ?? []) {
      if (child.hasAttribute(attribute)) node.setAttribute(attribute, child.getAttribute(attribute));
    }
    // What may be wider than its place is scrolled, with the keyboard too.
    if (name === "table" || name === "pre") node.tabIndex = 0;
    if (name === "a") {
      node.href = child.href;
      node.target = "_blank";
      node.rel = "noopener noreferrer nofollow";
    }
    copy(child, node);
    to.append(node);
  }
}

/** Where an answer comes from: a link where it is an address. */
function from(texts, source) {
  const link = /^https?:\/\/\S+$/.test(source)
    ? element("a", { href: source, target: "_blank", rel: "noopener noreferrer nofollow" }, source) : source;
  return element("p", { class: "source" }, `${texts.source} `, link);
}

/** Letters and digits, to see whether two questions are the same but for dots and case. */
function letters(text) {
  return text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ").trim();
}

/** The beginning of a text. */
function begin(text) {
  const letters = [...text];
  return letters.length > 70 ? `${letters.slice(0, 70).join("").trimEnd()}…` : text;
}

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** The texts of the interface in the first language of these that there is. */
export async function textsIn(base, ...wanted) {
  const known = wanted.map((tag) => (tag ?? "").split("-")[0].toLowerCase()).find((tag) => LANGUAGES.includes(tag));
  return (await import(new URL(`assets/texts-${known ?? "en"}.js`, base))).default;
}

/** A conversation in `root`, with the server at `base`; `keep` is given what was said, to `resume` it on another page. */
export class Chat {
  constructor(root, { base, faq, texts, keep }) {
    Object.assign(this, { base, faq, texts, keep });
    this.replies = [];
    this.session = session();
    this.log = element("ol");
    const log = element("div", { class: "log", role: "log", "aria-live": "off", "aria-label": texts.chat, tabindex: "0" }, this.log);
    // The only live region: it holds the newest reply, so that nothing is read out twice.
    this.live = element("p", { class: "hidden", role: "status" });
    this.field = element("textarea", {
      rows: "1", id: "faqbot-field", autocomplete: "off", enterkeyhint: "send", dir: "auto",
      onkeydown: (event) => {
        if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
          event.preventDefault();
          this.submit();
        }
      },
      oninput: () => this.fit(),
    });
    const form = element("form", { class: "ask", onsubmit: (event) => { event.preventDefault(); this.submit(); } },
      element("label", { class: "hidden", for: "faqbot-field" }, texts.ask), this.field,
      this.button = element("button", {}, texts.send));
    this.field.placeholder = texts.ask;
    root.append(element("section", { class: "chat", "aria-label": texts.chat }, log, this.live, form));
  }

  /** Loads what the FAQ says of itself, and shows its greeting and questions to begin with where `greet`. */
  async load(greet) {
    try {
      const about = await this.get(`v1/faqs/${encodeURIComponent(this.faq ?? "")}`, "v1/faqs");
      this.about = about.faqs ? about.faqs[0] : about;
    } catch {
      return;
    }
    if (greet && this.about.greeting_html) this.log.append(element("li", { class: "bot" }, safe(this.about.greeting_html)));
    if (!this.busy && this.about.suggested.length > 0 && this.log.children.length <= 1) {
      this.suggestions = element("li", {}, element("p", { class: "note" }, this.texts.begin),
        element("ul", { class: "choices" }, ...this.about.suggested.map((question) =>
          element("li", {}, element("button", { type: "button", dir: "auto", onclick: () => this.ask(question) }, question)))));
      this.log.append(this.suggestions);
    }
  }

  async get(path, other) {
    const response = await fetch(new URL(this.faq ? path : other, this.base));
    if (!response.ok) throw new Error(response.status);
    return response.json();
  }

  async post(path, body) {
    return fetch(new URL(path, this.base), {
      method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
    });
  }

  fit() {
    this.field.style.height = "";
    if (!this.field.value) return;
    this.field.style.height = `${Math.min(this.field.scrollHeight + 2, 144)}px`;
  }

  submit() {
    const query = this.field.value.trim();
    if (query && !this.busy) {
      this.field.value = "";
      this.fit();
      this.ask(query);
    }
  }

  show(item) {
    this.log.append(item);
    item.scrollIntoView({ block: "nearest" });
    return item;
  }

  asked(query) {
    this.suggestions?.remove();
    this.show(element("li", { class: "you" }, element("span", { class: "hidden" }, `${this.texts.you}: `), element("p", { dir: "auto" }, query)));
  }

  /** Asks, and shows question and reply. */
  async ask(query) {
    if (this.busy) return;
    this.asked(query);
    await this.answer(query);
  }

  /** Shows a reply that is there already, and its question. */
  adopt(reply) {
    this.asked(reply.query);
    const item = this.show(this.reply(reply));
    this.live.textContent = item.spoken;
  }

  /** Notes a reply, for the next page. */
  note(reply) {
    this.replies = [...this.replies, reply].slice(-KEPT);
    this.keep?.({ replies: this.replies, conversation: this.conversation });
  }

  /** Goes on with what was said on another page. */
  resume(said) {
    for (const reply of said?.replies ?? []) {
      if (!reply.picked) this.asked(reply.query);
      this.show(reply.picked ? this.picked(reply) : this.reply(reply));
    }
    this.conversation = said?.conversation;
    this.replies = said?.replies ?? [];
  }

  async answer(query) {
    this.busy = true;
    this.button.disabled = true;
    const wait = this.show(element("li", { class: "bot wait" }, element("i"), element("i"), element("i"),
      element("span", { class: "hidden" }, this.texts.wait)));
    let item;
    try {
      const response = await this.post("v1/ask", {
        query, faq: this.faq ?? undefined, session: this.session, conversation: this.conversation,
      });
      if (response.status === 429 || response.status === 503) item = this.failed(query, this.texts.busy);
      else if (!response.ok) item = this.failed(query, this.texts.refused);
      else {
        const reply = await response.json();
        this.conversation = reply.conversation;
        // Its texts are needed where there is no answer.
        if (!this.about) await this.load(false);
        item = this.reply(reply);
        this.note(reply);
      }
    } catch {
      item = this.failed(query, this.texts.gone);
    }
    wait.remove();
    this.busy = false;
    this.button.disabled = false;
    this.show(item);
    this.live.textContent = item.spoken ?? item.textContent;
  }

  /** What is said where nothing came back. The question stays, and so does what is being typed. */
  failed(query, text) {
    const item = element("li", { class: "bot" }, element("p", { class: "text", dir: "auto" }, text));
    item.append(element("ul", { class: "choices" }, element("li", {}, element("button", {
      type: "button",
      onclick: () => {
        this.field.focus();
        item.remove();
        this.answer(query);
      },
    }, this.texts.again))));
    item.spoken = text;
    return item;
  }

  reply(reply) {
    const { texts } = this;
    const item = element("li", { class: "bot" }, element("span", { class: "hidden" }, `${texts.bot}: `));
    const note = (text) => item.append(element("p", { class: "note" }, text));
    if (reply.cut) note(texts.cut);
    if (reply.read_as && reply.outcome !== "no_match") note(texts.read_as.replace("{text}", () => reply.read_as));
    if (reply.exchanged) {
      const { known, asked } = reply.exchanged;
      note(texts.exchanged.replace("{known}", () => known).replace("{asked}", () => asked));
    }
    if (reply.read_with) note(texts.read_with.replace("{text}", () => reply.read_with));
    if (reply.outcome === "answer") {
      this.answered(item, reply, reply.query);
      for (const open of reply.unanswered ?? []) {
        item.append(element("p", { class: "text", dir: "auto" }, texts.no_sure_answer.replace("{text}", () => open)));
      }
      this.next(item, reply);
    } else if (reply.outcome === "small_talk") {
      item.append(safe(reply.answer_html));
    } else if (reply.outcome === "ambiguous") {
      item.append(element("p", { class: "text", dir: "auto" }, texts.did_you_mean));
      const offered = reply.matches.filter((match) => reply.choices.includes(match.id));
      item.append(this.choices(reply, offered, true));
      // Of the only one, how its answer begins.
      if (offered.length === 1) item.append(element("p", { class: "note", dir: "auto" }, begin(offered[0].answer)));
    } else {
      if (reply.notice) item.append(element("p", { class: "text", lang: reply.language, dir: "auto" }, reply.notice));
      else this.unanswered(item);
      const nearest = reply.matches.find((match) => match.id === reply.suggestion);
      if (nearest) {
        note(texts.nearest);
        item.append(this.choices(reply, [nearest], false));
      }
    }
    item.spoken = item.textContent;
    // A question back is rated by what is chosen.
    if (reply.outcome === "answer" || reply.outcome === "no_match") this.below(item, reply);
    return item;
  }

  answered(item, reply, query) {
    const answers = reply.matches.filter((match) => reply.answer.includes(match.answer)).slice(0, Math.max(1, this.parts(reply)));
    for (const match of answers) {
      if (!reply.crisis && letters(match.question) !== letters(query)) item.append(element("p", { class: "asked", dir: "auto" }, match.question));
      item.append(safe(match.answer_html));
      if (match.source) item.append(from(this.texts, match.source));
    }
  }

  /** What can be asked next, as buttons. */
  next(item, reply) {
    if (!reply.follow_ups?.length) return;
    item.append(element("p", { class: "note" }, this.texts.follow_ups));
    item.append(element("ul", { class: "choices" }, ...reply.follow_ups.map(({ question }) =>
      element("li", {}, element("button", { type: "button", dir: "auto", onclick: () => this.ask(question) }, question)))));
  }

  /** How many entries are in the answer: of several questions in one message, all matches. */
  parts(reply) {
    const all = reply.matches.map((match) => match.answer).join("\n\n");
    return reply.matches.length > 1 && reply.answer === all ? reply.matches.length : 1;
  }

  unanswered(item) {
    const { fallback_html: fallback, contact_html: contact } = this.about ?? {};
    item.append(fallback ? safe(fallback) : element("p", { class: "text", dir: "auto" }, this.texts.refused));
    if (contact) item.append(safe(contact));
  }

  /** The entry that was picked of several. */
  picked(reply) {
    const item = element("li", { class: "bot" });
    this.answered(item, reply, reply.matches[0].question);
    this.next(item, reply);
    item.spoken = item.textContent;
    this.below(item, reply);
    return item;
  }

  /** Entries as buttons, and none of them. */
  choices(reply, matches, withNone) {
    const buttons = [];
    const pick = (button, then) => {
      buttons.forEach((other) => { other.disabled = true; });
      button.setAttribute("aria-pressed", "true");
      this.field.focus();
      then();
    };
    const choice = (text, then) => {
      const button = element("button", { type: "button", dir: "auto", onclick: () => pick(button, then) }, text);
      buttons.push(button);
      return element("li", {}, button);
    };
    const items = matches.map((match) => choice(match.question, () => {
      if (withNone) this.post("v1/feedback", { id: reply.id, rating: "chosen", entry: match.id }).catch(() => {});
      const picked = {
        ...reply, outcome: "answer", answer: match.answer, matches: [match], confidence: null,
        follow_ups: match.follow_ups, picked: true,
      };
      // The server hears of it with the next question, which may lean on this one.
      this.conversation = {
        ...this.conversation,
        question: match.question,
        entry: match.id,
        choices: [],
        others: reply.choices?.filter((id) => id !== match.id),
        follow_ups: match.follow_ups?.map(({ id }) => id),
        suggestion: null,
      };
      this.note(picked);
      const item = this.show(this.picked(picked));
      this.live.textContent = item.spoken;
    }));
    if (withNone) {
      items.push(choice(this.texts.none, () => {
        this.post("v1/feedback", { id: reply.id, rating: "none" }).catch(() => {});
        this.conversation = { ...this.conversation, choices: [] };
        const item = element("li", { class: "bot" });
        this.unanswered(item);
        this.show(item);
        this.live.textContent = item.textContent;
      }));
    }
    return element("ul", { class: "choices" }, ...items);
  }

  /** How sure the reply is, and what can be done with it. */
  below(item, reply) {
    const { texts } = this;
    const row = element("div", { class: "below" });
    if (reply.confidence !== null && reply.matches.length > 0 && !reply.crisis) {
      const answer = reply.outcome === "answer";
      const words = !answer ? texts.details : reply.confidence >= SURE ? texts.sure : texts.fairly_sure;
      const percent = Math.round(reply.confidence * 100);
      const numbers = [
        texts.confidence.replace("{percent}", percent > 99 ? texts.over_99 : percent),
        texts.cosine.replace("{cosine}", (reply.cosine ?? 0).toFixed(2)),
        texts.entry.replace("{id}", () => reply.matches[0].id),
      ];
      row.append(element("details", {}, element("summary", {}, words), numbers.join(" · ")));
    }
    if (reply.answer && navigator.clipboard) {
      row.append(element("button", {
        type: "button", "aria-label": texts.copy, title: texts.copy,
        onclick: async (event) => {
          const button = event.currentTarget;
          const text = [...item.querySelectorAll(".text")].map((part) => part.innerText).join("\n\n");
          if (!await navigator.clipboard.writeText(text).then(() => true, () => false)) return;
          this.live.textContent = texts.copied;
          button.replaceChildren(icon("done"));
          setTimeout(() => button.replaceChildren(icon("copy")), 2000);
        },
      }, icon("copy")));
    }
    const thumbs = ["up", "down"].map((rating) => {
      const label = rating === "up" ? texts.helpful : texts.not_helpful;
      const button = element("button", {
        type: "button", "aria-label": label, title: label, "aria-pressed": "false",
        onclick: async () => {
          const response = await this.post("v1/feedback", { id: reply.id, rating }).catch(() => undefined);
          if (!response?.ok) {
            this.live.textContent = response ? texts.refused : texts.gone;
            return;
          }
          thumbs.forEach((thumb) => { thumb.setAttribute("aria-pressed", thumb === button); });
          this.live.textContent = texts.thanks;
        },
      }, icon(rating));
      return button;
    });
    row.append(...thumbs);
    item.append(row);
  }
}

/** A name for this conversation, kept for as long as the tab is open; no cookie. */
function session() {
  try {
    const key = "faqbot-session";
    let name = sessionStorage.getItem(key);
    if (!name) {
      name = Math.random().toString(36).slice(2) + Date.now().toString(36);
      sessionStorage.setItem(key, name);
    }
    return name;
  } catch {
    return undefined;
  }
}
