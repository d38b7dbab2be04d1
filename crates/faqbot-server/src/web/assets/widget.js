// A button and a panel for any site: <script src="https://SERVER/widget.js" data-faq="NAME" defer></script>
// Attributes: data-faq, data-title, data-position (right or left), data-lang. The panel is loaded with the first click.
(() => {
  // A module has no current script: it is looked for by its address.
  const isThis = ({ src }) => src && new URL(src).pathname.endsWith("/widget.js");
  const script = document.currentScript ?? [...document.querySelectorAll("script[type=module][src]")].find(isThis);
  const LABELS = {
    en: ["Ask a question", "Close", "The server cannot be reached.", "Try again"],
    de: ["Eine Frage stellen", "Schließen", "Der Server ist nicht erreichbar.", "Noch einmal"],
    fr: ["Poser une question", "Fermer", "Le serveur est injoignable.", "Réessayer"],
    es: ["Hacer una pregunta", "Cerrar", "No se puede contactar con el servidor.", "Intentar de nuevo"],
  };
  const STYLE = `
:host { all: initial !important; }
.open, .panel { position: fixed; z-index: 2147483000; bottom: max(1rem, env(safe-area-inset-bottom)); }
.right { right: 1rem; } .left { left: 1rem; }
.open { width: 56px; height: 56px; border: 0; border-radius: 50%; cursor: pointer; padding: 0;
  background: var(--faqbot-accent, #1257b0); color: var(--faqbot-on-accent, #fff); box-shadow: 0 2px 8px #0006; }
.open svg { width: 28px; height: 28px; fill: currentColor; vertical-align: middle; }
.open:focus-visible, .head button:focus-visible { outline: 3px solid var(--faqbot-accent, #1257b0); outline-offset: 3px; }
.panel { display: flex; flex-direction: column; width: min(24rem, calc(100vw - 2rem));
  height: min(38rem, calc(var(--seen, 100dvh) - 2rem)); bottom: calc(var(--below, 0px) + max(1rem, env(safe-area-inset-bottom)));
  border-radius: 1rem; overflow: hidden; box-shadow: 0 4px 24px #0006; background: var(--faqbot-background, #fff); }
.panel[hidden], .open[hidden] { display: none; }
.head { display: flex; align-items: center; gap: .5rem; padding: .3rem .3rem .3rem 1rem;
  background: var(--faqbot-accent, #1257b0); color: var(--faqbot-on-accent, #fff);
  font: var(--faqbot-font, 1rem/1.5 system-ui, sans-serif); }
.head h2 { flex: 1; font-size: 1rem; margin: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.head button { font: inherit; width: 44px; height: 44px; border: 0; background: none; color: inherit; cursor: pointer; font-size: 1.4rem; }
.head button:focus-visible { outline-color: currentColor; outline-offset: -4px; }
.away { padding: 1rem; font: var(--faqbot-font, 1rem/1.5 system-ui, sans-serif); color: var(--faqbot-text, #1c1c1e); }
.away button { font: inherit; min-height: 44px; padding: .4rem .8rem; }
@media (prefers-color-scheme: dark) {
  .open { background: var(--faqbot-accent, #8ab8ff); color: var(--faqbot-on-accent, #10131a); }
  .head { background: var(--faqbot-soft, #262a33); color: var(--faqbot-text, #eceef2); }
  .panel { background: var(--faqbot-background, #16181d); }
  .away { color: var(--faqbot-text, #eceef2); }
}
@media (max-width: 30rem) {
  .panel { inset: var(--above, 0px) 0 auto; width: 100vw; height: var(--seen, 100dvh); border-radius: 0; }
}
`;
  const sheet = (text) => {
    const style = new CSSStyleSheet();
    style.replaceSync(text);
    return style;
  };

  // The widgets that scripts of ours added, in this window; and what puts them back where a router (Turbo, htmx, one of a
  // single-page application) replaced the body or what is in it.
  const added = (window[Symbol.for("faqbot.widgets")] ??= new Set());
  const put = () => {
    for (const widget of added) {
      if (!widget.isConnected) document.body?.append(widget);
    }
  };
  if (!window[Symbol.for("faqbot.watch")]) {
    const watch = (window[Symbol.for("faqbot.watch")] = new MutationObserver(() => {
      if (document.body) watch.observe(document.body, { childList: true });
      put();
    }));
    watch.observe(document.documentElement, { childList: true });
    if (document.body) watch.observe(document.body, { childList: true });
  }

  class FaqbotWidget extends HTMLElement {
    connectedCallback() {
      if (this.shadowRoot) return;
      // A copy that a router kept of the page, with our button in it: the button itself is put back.
      if ("own" in this.dataset && !added.has(this)) {
        super.remove();
        return;
      }
      const own = this.dataset;
      if (!own.server && !script) {
        console.error("faqbot: the widget has no data-server, and no script element says where it is from");
        return;
      }
      this.base = new URL(own.server ?? ".", script?.src || location.href);
      if (!this.base.pathname.endsWith("/")) this.base.pathname += "/";
      const languages = [own.lang, document.documentElement.lang, navigator.language, "en"];
      this.language = languages.map((tag) => (tag ?? "").split("-")[0].toLowerCase()).find((tag) => LABELS[tag]);
      const root = this.attachShadow({ mode: "open" });
      root.adoptedStyleSheets = [sheet(STYLE)];
      this.button = document.createElement("button");
      this.button.className = `open ${own.position === "left" ? "left" : "right"}`;
      this.button.type = "button";
      this.button.setAttribute("aria-label", own.title ?? LABELS[this.language][0]);
      this.button.setAttribute("aria-haspopup", "dialog");
      this.button.setAttribute("aria-expanded", "false");
      const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      svg.setAttribute("viewBox", "0 0 24 24");
      svg.setAttribute("aria-hidden", "true");
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      path.setAttribute("d", "M4 3h16a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H9l-5 4v-4a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2z");
      svg.append(path);
      this.button.append(svg);
      this.button.addEventListener("click", () => this.open());
      root.append(this.button);
      // Open on the last page of this site, it is open on this one; the focus stays with the page.
      if (read(this.key())?.open) this.open(false);
    }

    /** Takes it from the page for good; what only replaces the page's content does not. */
    remove() {
      added.delete(this);
      super.remove();
    }

    /** What it is kept by, for as long as the tab is open. */
    key() {
      return `faqbot ${this.base} ${this.dataset.faq ?? ""}`;
    }

    async open(focus = true) {
      this.panel ??= this.build();
      this.panel.hidden = false;
      this.fit();
      write(this.key(), { ...read(this.key()), open: true });
      this.button.hidden = true;
      this.button.setAttribute("aria-expanded", "true");
      if (focus) this.panel.focus();
      // Built once; where the server is not there, what can be done is said in the panel.
      this.ready ??= this.load().catch(() => {
        this.ready = undefined;
        this.away();
      });
      await this.ready;
      if (focus && !this.panel.hidden) this.chat?.field.focus();
    }

    /** Keeps the panel in what is seen of the window: a keyboard on the screen covers the rest. */
    fit() {
      const seen = window.visualViewport;
      // What is zoomed in on is no smaller window.
      if (!seen || seen.scale > 1.01 || !this.panel || this.panel.hidden) return;
      const set = (name, pixels) => this.panel.style.setProperty(name, `${Math.max(0, Math.round(pixels))}px`);
      set("--seen", seen.height);
      set("--above", seen.offsetTop);
      set("--below", window.innerHeight - seen.height - seen.offsetTop);
      this.chat?.log.lastElementChild?.scrollIntoView({ block: "nearest" });
    }

    /** What is shown where the server is away. */
    away() {
      const [, , gone, again] = LABELS[this.language];
      const text = document.createElement("p");
      text.setAttribute("role", "alert");
      text.textContent = gone;
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = again;
      const box = document.createElement("div");
      box.className = "away";
      box.append(text, button);
      button.addEventListener("click", () => {
        box.remove();
        this.open();
      });
      this.panel.append(box);
      button.focus();
    }

    close() {
      write(this.key(), { ...read(this.key()), open: false });
      this.panel.hidden = true;
      this.button.hidden = false;
      this.button.setAttribute("aria-expanded", "false");
      this.button.focus();
    }

    build() {
      const panel = document.createElement("div");
      panel.className = `panel ${this.dataset.position === "left" ? "left" : "right"}`;
      panel.setAttribute("role", "dialog");
      panel.setAttribute("aria-modal", "true");
      panel.setAttribute("aria-labelledby", "title");
      panel.lang = this.language;
      panel.tabIndex = -1;
      const head = document.createElement("div");
      head.className = "head";
      this.heading = document.createElement("h2");
      this.heading.id = "title";
      this.heading.dir = "auto";
      this.heading.textContent = this.dataset.title ?? LABELS[this.language][0];
      const close = document.createElement("button");
      close.type = "button";
      close.textContent = "×";
      close.setAttribute("aria-label", LABELS[this.language][1]);
      close.addEventListener("click", () => this.close());
      head.append(this.heading, close);
      panel.append(head);
      panel.addEventListener("keydown", (event) => {
        if (event.key === "Escape") {
          this.close();
        }
        if (event.key === "Tab") this.keepInside(event);
      });
      // The site may have keys of its own, which are not meant here.
      for (const kind of ["keydown", "keypress", "keyup"]) panel.addEventListener(kind, (event) => event.stopPropagation());
      for (const kind of ["resize", "scroll"]) window.visualViewport?.addEventListener(kind, () => this.fit());
      this.shadowRoot.append(panel);
      return panel;
    }

    /** The focus goes round within the open panel. */
    keepInside(event) {
      const all = [...this.panel.querySelectorAll("button:not(:disabled), textarea, a[href], summary, [tabindex='0']")];
      const at = all.indexOf(this.shadowRoot.activeElement);
      const next = event.shiftKey ? (at <= 0 ? all.length - 1 : -1) : at === all.length - 1 ? 0 : -1;
      if (next >= 0) {
        event.preventDefault();
        all[next].focus();
      }
    }

    async load() {
      const chat = await import(new URL("assets/chat.js", this.base));
      const [texts, style] = await Promise.all([
        chat.textsIn(this.base, this.language),
        fetch(new URL("assets/chat.css", this.base)).then((response) => response.text()),
      ]);
      this.shadowRoot.adoptedStyleSheets = [...this.shadowRoot.adoptedStyleSheets, sheet(style)];
      const keep = (said) => write(this.key(), { ...read(this.key()), said });
      this.chat = new chat.Chat(this.panel, { base: this.base, faq: this.dataset.faq, texts, keep });
      await this.chat.load(true);
      this.chat.resume(read(this.key())?.said);
      if (!this.dataset.title && this.chat.about?.title) this.heading.textContent = this.chat.about.title;
    }
  }

  /** What is kept under a name for as long as the tab is open; nothing where the browser keeps nothing. */
  function read(key) {
    try {
      return JSON.parse(sessionStorage.getItem(key)) ?? undefined;
    } catch {
      return undefined;
    }
  }

  function write(key, value) {
    try {
      sessionStorage.setItem(key, JSON.stringify(value));
    } catch {
      // Where nothing is kept, the next page begins anew.
    }
  }

  if (!customElements.get("faqbot-widget")) customElements.define("faqbot-widget", FaqbotWidget);
  // The element may also stand in the page, where it is wanted; the script then brings none of its own.
  if (!script || "manual" in script.dataset) return;
  const add = () => {
    const place = (data) => data.position === "left" ? "left" : "right";
    const there = [...added].find((widget) => place(widget.dataset) === place(script.dataset));
    if (there) {
      // The script again, on purpose or since a router ran it again.
      if (there.dataset.faq !== script.dataset.faq) console.warn(`faqbot: there is a widget on the ${place(script.dataset)} already`);
      put();
      return;
    }
    const widget = document.createElement("faqbot-widget");
    Object.assign(widget.dataset, script.dataset, { own: "" });
    widget.dataset.server ??= new URL(".", script.src).href;
    added.add(widget);
    put();
  };
  if (document.body) add();
  else addEventListener("DOMContentLoaded", add);
})();
