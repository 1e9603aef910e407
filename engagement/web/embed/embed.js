/* Comments under an article: enhances the plain form inside
   <div data-engagement data-site="…" data-page-url="…" data-server="…"> or <engagement-comments …>. */
(() => {
  "use strict";

  const TEXTS = {
    it: {
      heading: "Lascia un commento", list: "Commenti", none: "Ancora nessun commento.", one: "1 commento", many: "{n} commenti",
      author: "Nome", email: "Email", emailHint: "Non sarà pubblicata.", website: "Sito web (facoltativo)", body: "Commento",
      send: "Invia commento", sending: "Invio in corso…", reply: "Rispondi", replyTo: "Rispondi a {name}",
      answering: "Stai rispondendo a {name}.", cancel: "Annulla la risposta", answers: "in risposta a {name}",
      more: "Mostra altri commenti", loading: "Caricamento dei commenti…", edited: "modificato",
      held: "Il tuo commento è in attesa di moderazione", published: "Grazie, il tuo commento è pubblicato.",
      summary: "Alcuni campi hanno bisogno di attenzione.", noAuthor: "Scrivi il tuo nome.", noBody: "Scrivi il tuo commento.",
      noEmail: "Scrivi il tuo indirizzo email; non sarà pubblicato.",
      rejected: "Il tuo commento non è stato pubblicato.", reread: "Il testo è rimasto qui: vuoi rileggerlo prima di inviarlo di nuovo?",
      again: "Rileggi", anyway: "Invia comunque",
      appeal: "Chiedi che una persona lo riesamini", closed: "I commenti a questo articolo sono chiusi.",
      failed: "L’invio non è riuscito. Il testo è rimasto qui: puoi riprovare tra poco.",
      unread: "Non è stato possibile caricare i commenti.", retry: "Riprova",
    },
    en: {
      heading: "Leave a comment", list: "Comments", none: "No comments yet.", one: "1 comment", many: "{n} comments",
      author: "Name", email: "Email", emailHint: "It will not be published.", website: "Website (optional)", body: "Comment",
      send: "Send comment", sending: "Sending…", reply: "Reply", replyTo: "Reply to {name}",
      answering: "You are replying to {name}.", cancel: "Cancel reply", answers: "in reply to {name}",
      more: "Show more comments", loading: "Loading comments…", edited: "edited",
      held: "Your comment is awaiting moderation", published: "Thank you, your comment is published.",
      summary: "Some fields need your attention.", noAuthor: "Please write your name.", noBody: "Please write your comment.",
      noEmail: "Please write your e-mail address; it will not be published.",
      rejected: "Your comment was not published.", reread: "Your text is still here: would you like to read it again before you send it?",
      again: "Read it again", anyway: "Send it anyway",
      appeal: "Ask for a person to look at it again", closed: "Comments on this article are closed.",
      failed: "Sending did not work. Your text is still here: you can try again in a moment.",
      unread: "The comments could not be loaded.", retry: "Try again",
    },
  };

  const STYLE = `
.eng-list{list-style:none;margin:0;padding:0}
.eng-comment{margin:1.25em 0;padding:0;overflow-wrap:anywhere}
.eng-comment:focus{outline:2px solid var(--engagement-accent,#0f766e);outline-offset:4px}
.eng-depth-1{margin-inline-start:1.25em}.eng-depth-2{margin-inline-start:2.5em}
.eng-depth-3{margin-inline-start:3.75em}.eng-depth-4{margin-inline-start:5em}
.eng-meta{margin:0 0 .25em}.eng-meta time,.eng-hint{color:var(--engagement-quiet,inherit)}
.eng-advice{border-inline-start:3px solid var(--engagement-accent,#0f766e);padding:.25em 0 .25em .75em;margin:0 0 1em}
.eng-advice p{margin:0 0 .75em}.eng-advice .eng-link{margin-inline-start:1.25em}
.eng-waiting,.eng-note{border-inline-start:3px solid var(--engagement-accent,#0f766e);padding-inline-start:.75em}
.eng-waiting .eng-note{border:0;padding:0;font-style:italic}
.eng-field{margin:0 0 1em}.eng-field label{display:block;font-weight:600;margin:0 0 .25em}
.eng-form input:not([type=hidden]):not([type=checkbox]),.eng-form textarea{box-sizing:border-box;width:100%;font:inherit;color:inherit;background:transparent;border:1px solid currentColor;border-radius:4px;padding:.5em}
.eng-form [aria-invalid=true]{border-color:var(--engagement-error,#b42318);border-width:2px}
.eng-error{color:var(--engagement-error,#b42318);margin:.25em 0 0}
.eng-summary{border:2px solid var(--engagement-error,#b42318);border-radius:4px;padding:.75em 1em;margin:0 0 1em}
.eng-summary p,.eng-summary ul{margin:0 0 .25em}
.eng-button{font:inherit;font-weight:600;cursor:pointer;color:var(--engagement-on-accent,#fff);background:var(--engagement-accent,#0f766e);border:0;border-radius:4px;padding:.6em 1.1em}
.eng-form [hidden]{display:none}.eng-button[disabled]{opacity:.6;cursor:progress}
.eng-link{font:inherit;cursor:pointer;color:var(--engagement-accent,#0f766e);background:none;border:0;padding:.25em 0;text-decoration:underline}
.eng-form :focus-visible,.eng-button:focus-visible,.eng-link:focus-visible,.eng-summary:focus,.eng-advice:focus{outline:2px solid var(--engagement-accent,#0f766e);outline-offset:2px}
.eng-quiet{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media(max-width:480px){.eng-depth-2,.eng-depth-3,.eng-depth-4{margin-inline-start:1.25em}}`;

  const FIELDS = ["author", "email", "website", "body"];
  const PATIENCE = 3000; // milliseconds that advice may take; the comment is sent without it after that
  const script = document.currentScript;
  const mounted = new WeakSet();

  /** An element with properties and children; text is always text. */
  const make = (tag, properties = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (name in element) element[name] = value;
      else element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  };

  const randomKey = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  };

  /** Storage may be forbidden or full; a draft is a convenience. */
  const drafts = {
    get(key) { try { return sessionStorage.getItem(key) || ""; } catch { return ""; } },
    set(key, text) { try { text ? sessionStorage.setItem(key, text) : sessionStorage.removeItem(key); } catch { /* fine */ } },
  };

  const style = () => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    document.adoptedStyleSheets = [sheet, ...document.adoptedStyleSheets];
  };

  const configuration = (root) => {
    const canonical = document.querySelector('link[rel="canonical"]');
    const here = location.href.split("#")[0];
    const origin = script && script.src ? new URL(script.src).origin : location.origin;
    const tongue = (root.dataset.lang || (root.closest("[lang]") || {}).lang || "it").slice(0, 2).toLowerCase();
    return {
      site: root.dataset.site,
      page: root.dataset.pageUrl || (canonical && canonical.href) || here,
      title: root.dataset.pageTitle || document.title,
      server: (root.dataset.server || origin).replace(/\/+$/, ""),
      language: tongue in TEXTS ? tongue : "en",
    };
  };

  class Comments {
    constructor(root) {
      this.root = root;
      this.config = configuration(root);
      this.texts = TEXTS[this.config.language];
      this.items = new Map();
      this.base = `${this.config.server}/api/v1/sites/${encodeURIComponent(this.config.site)}/comments`;
      this.draftKey = `engagement:${this.config.site}:${this.config.page}`;
      this.attempt = null;
      this.findList();
      this.findForm();
      this.load();
    }

    say(name, values = {}) {
      return this.texts[name].replace(/\{(\w+)\}/g, (_, key) => values[key]);
    }

    findList() {
      this.count = this.root.querySelector("[data-count]");
      this.list = this.root.querySelector("[data-comments]");
      if (!this.list) {
        this.list = make("ol", { className: "eng-list", "aria-label": this.say("list") });
        this.root.prepend(this.list);
      }
      this.live = make("p", { className: "eng-quiet", role: "status", "aria-live": "polite" });
      this.foot = make("div");
      this.list.after(this.foot, this.live);
    }

    findForm() {
      this.form = this.root.querySelector("form");
      if (!this.form) this.root.append(this.buildForm());
      this.form.noValidate = true;
      this.form.classList.add("eng-form");
      this.notes = make("div");
      this.form.prepend(this.notes);
      this.answering = make("p", { hidden: true });
      this.form.prepend(this.answering);
      this.counsel = make("div");
      this.sender = this.form.querySelector("[type=submit]");
      if (this.sender) (this.sender.closest("p") || this.sender).before(this.counsel);
      else this.form.append(this.counsel);
      const body = this.form.elements.body;
      if (!body.value) body.value = drafts.get(this.draftKey);
      body.addEventListener("input", () => {
        drafts.set(this.draftKey, body.value);
        this.unadvise();
      });
      this.form.addEventListener("submit", (event) => {
        event.preventDefault();
        this.submit();
      });
      if (new URLSearchParams(location.search).get("commento") === "attesa" && !this.root.querySelector("[data-held]")) {
        this.note(this.say("held"));
      }
    }

    buildForm() {
      const field = (name, control, hint) => make("div", { className: "eng-field" },
        make("label", { htmlFor: `eng-${name}` }, this.say(name)), control,
        hint ? make("p", { className: "eng-hint" }, hint) : null);
      const input = (name, type, complete) =>
        make("input", { id: `eng-${name}`, name, type, autocomplete: complete, required: name === "author" });
      this.form = make("form", { id: "respond", method: "post" }, make("h3", {}, this.say("heading")),
        field("author", input("author", "text", "name")),
        field("email", input("email", "email", "email"), this.say("emailHint")),
        field("website", input("website", "url", "url")),
        field("body", make("textarea", { id: "eng-body", name: "body", rows: 7, required: true })),
        make("input", { type: "hidden", name: "parent" }),
        make("button", { className: "eng-button", type: "submit" }, this.say("send")));
      return this.form;
    }

    async load(after) {
      const query = new URLSearchParams({ page_url: this.config.page });
      if (after) query.set("after", after);
      try {
        const answer = await fetch(`${this.base}?${query}`, { credentials: "omit" });
        if (!answer.ok) throw new Error(String(answer.status));
        this.show(await answer.json(), after);
      } catch {
        this.foot.replaceChildren(make("p", {}, this.say("unread"), " ",
          this.button("retry", () => this.load(after))));
      }
    }

    show(thread, after) {
      if (!after) {
        this.list.replaceChildren();
        this.items.clear();
      }
      let first = null;
      for (const comment of thread.comments) {
        if (this.items.has(comment.id)) continue;
        const item = this.place(comment);
        first = first || item;
      }
      this.total(thread.count);
      this.foot.replaceChildren(...(thread.next ? [this.button("more", () => this.load(thread.next))] : []));
      if (after && first) first.focus();
      if (!thread.page.open) this.close();
      if (!after && /^#comment-\w+$/.test(location.hash)) {
        const target = document.getElementById(location.hash.slice(1));
        if (target) target.scrollIntoView();
      }
    }

    total(count) {
      this.known = count;
      const text = count === 0 ? this.say("none") : count === 1 ? this.say("one") : this.say("many", { n: count });
      if (this.count) this.count.textContent = text;
      else this.list.setAttribute("aria-label", text);
    }

    /** Put a comment below the one it answers, after the answers already there. */
    place(comment, waiting = false) {
      const parent = comment.parent ? this.items.get(comment.parent) : null;
      const depth = parent ? parent.depth + 1 : 0;
      const item = this.render(comment, parent, depth, waiting);
      let before = parent ? parent.item : this.list.lastElementChild;
      while (parent && before.nextElementSibling && Number(before.nextElementSibling.dataset.depth) > parent.depth) {
        before = before.nextElementSibling;
      }
      if (before) before.after(item);
      else this.list.append(item);
      this.items.set(comment.id, { item, depth, author: comment.author });
      return item;
    }

    render(comment, parent, depth, waiting) {
      const item = make("li", { id: `comment-${comment.id}`, tabIndex: -1,
        className: `eng-comment eng-depth-${Math.min(depth, 4)}${waiting ? " eng-waiting" : ""}` });
      item.dataset.depth = depth;
      const body = make("div", { className: "eng-body" });
      body.innerHTML = comment.body_html; // cleaned by the server: the only markup that is ever taken over
      item.append(this.meta(comment, parent), body);
      if (waiting) item.append(make("p", { className: "eng-note" }, this.say("held")));
      else item.append(this.replyButton(comment));
      return item;
    }

    meta(comment, parent) {
      const at = new Date(comment.created_at);
      const part = (style) => new Intl.DateTimeFormat(this.config.language, style).format(at);
      const shown = `${part({ dateStyle: "long" })}, ${part({ timeStyle: "short" })}`;
      const link = /^https?:\/\//i.test(comment.website || "");
      const name = link
        ? make("a", { href: comment.website, rel: "nofollow ugc noopener" }, comment.author)
        : comment.author;
      return make("p", { className: "eng-meta" }, make("strong", {}, name),
        parent ? ` ${this.say("answers", { name: parent.author })}` : "", " · ",
        make("time", { dateTime: comment.created_at }, shown),
        comment.edited_at ? ` · ${this.say("edited")}` : "");
    }

    button(name, action, className = "eng-link") {
      return make("button", { type: "button", className, onclick: action }, this.say(name));
    }

    replyButton(comment) {
      const button = this.button("reply", () => this.answer(comment, button));
      button.setAttribute("aria-label", this.say("replyTo", { name: comment.author }));
      return button;
    }

    answer(comment, button) {
      this.parent(comment.id);
      this.answering.replaceChildren(this.say("answering", { name: comment.author }), " ",
        this.button("cancel", () => { this.answerNobody(); button.focus(); }));
      this.answering.hidden = false;
      this.form.elements.body.focus();
    }

    answerNobody() {
      this.parent("");
      this.answering.hidden = true;
    }

    parent(id) {
      if (!this.form.elements.parent) this.form.append(make("input", { type: "hidden", name: "parent" }));
      this.form.elements.parent.value = id;
    }

    close() {
      this.form.hidden = true;
      this.foot.append(make("p", {}, this.say("closed")));
    }

    values() {
      const found = { page_url: this.config.page, page_title: this.config.title.slice(0, 300) };
      for (const name of FIELDS) {
        const field = this.form.elements[name];
        if (field && field.value.trim()) found[name] = name === "body" ? field.value : field.value.trim();
      }
      const { parent, notify_replies: notify } = this.form.elements;
      if (parent && parent.value) found.parent = parent.value;
      if (notify && notify.checked) found.notify_replies = true;
      return found;
    }

    missing(values) {
      const errors = [];
      if (!values.author) errors.push({ pointer: "/author", detail: this.say("noAuthor") });
      const email = this.form.elements.email;
      if (email && email.required && !values.email) errors.push({ pointer: "/email", detail: this.say("noEmail") });
      if (!values.body) errors.push({ pointer: "/body", detail: this.say("noBody") });
      return errors;
    }

    async submit() {
      if (this.busy) return;
      this.clear();
      const values = this.values();
      const errors = this.missing(values);
      if (errors.length) {
        this.wrong(this.say("summary"), errors);
        return;
      }
      this.working(true);
      try {
        const advice = await this.advice(values.body);
        if (advice) this.advise(advice);
        else await this.settle(await this.send(JSON.stringify(values)));
      } catch {
        this.alert(this.say("failed"));
      } finally {
        this.working(false);
      }
    }

    /** What the server would say before the text is sent; given once a comment, and nothing that fails here holds it back. */
    async advice(body) {
      if (this.advised) return null;
      try {
        const answer = await fetch(`${this.base}/preview`, { method: "POST", credentials: "omit",
          headers: { "Content-Type": "application/json" }, body: JSON.stringify({ body }),
          signal: AbortSignal.timeout(PATIENCE) });
        return answer.ok ? (await answer.json()).advice : null;
      } catch {
        return null;
      }
    }

    /** The calm sentence above the button, never a refusal. */
    advise(text) {
      this.advised = true;
      const reread = () => { this.unadvise(); this.form.elements.body.focus(); };
      const box = make("div", { className: "eng-advice", role: "group", "aria-label": text, tabIndex: -1 },
        make("p", {}, make("strong", {}, text)),
        this.button("again", reread, "eng-button"), this.button("anyway", () => this.submit()));
      this.counsel.replaceChildren(box);
      if (this.sender) this.sender.hidden = true; // two ways on, not three
      box.focus();
    }

    unadvise() {
      this.counsel.replaceChildren();
      if (this.sender) this.sender.hidden = false;
    }

    /** The same text sent again carries the same key, so that a lost answer makes no second comment. */
    send(body) {
      if (!this.attempt || this.attempt.body !== body) this.attempt = { body, key: randomKey() };
      return fetch(this.base, { method: "POST", credentials: "omit", body,
        headers: { "Content-Type": "application/json", "Idempotency-Key": this.attempt.key } });
    }

    async settle(answer) {
      const found = await answer.json();
      if (answer.status === 201 || answer.status === 202) {
        this.accepted(found.comment, answer.status === 202);
        return;
      }
      if (answer.status < 500 && answer.status !== 429) this.attempt = null;
      if (Array.isArray(found.errors)) this.wrong(found.detail, found.errors);
      else if (found.reasons) this.rejected(found);
      else this.alert(answer.status >= 500 ? this.say("failed") : found.detail || this.say("failed"));
    }

    accepted(comment, waiting) {
      this.attempt = null;
      this.advised = false;
      const known = this.items.get(comment.id);
      const item = known ? known.item : this.place(comment, waiting);
      if (!waiting && !known) this.total((this.known || 0) + 1);
      this.form.elements.body.value = "";
      drafts.set(this.draftKey, "");
      this.answerNobody();
      this.live.textContent = this.say(waiting ? "held" : "published");
      item.focus();
    }

    rejected(found) {
      const reasons = found.reasons.map((reason) => make("li", {}, reason.text));
      const appeal = /^https?:\/\//i.test(found.appeal || "")
        ? make("p", {}, make("a", { href: found.appeal }, this.say("appeal"))) : null;
      this.alert(this.say("rejected"), make("ul", {}, ...reasons), make("p", {}, this.say("reread")), appeal);
    }

    note(text) {
      this.notes.replaceChildren(make("p", { className: "eng-note", role: "status" }, text));
    }

    alert(text, ...more) {
      const box = make("div", { className: "eng-summary", role: "alert", tabIndex: -1 },
        make("p", {}, make("strong", {}, text)), ...more);
      this.notes.replaceChildren(box);
      box.focus();
    }

    wrong(text, errors) {
      const lines = errors.map(({ pointer, detail }) => {
        const field = this.form.elements[pointer.slice(1)];
        if (!field || !FIELDS.includes(field.name)) return make("li", {}, detail);
        this.mark(field, detail);
        const jump = (event) => { event.preventDefault(); field.focus(); };
        return make("li", {}, make("a", { href: `#${field.id}`, onclick: jump }, detail));
      });
      this.alert(text, make("ul", {}, ...lines));
    }

    mark(field, text) {
      if (!field.id) field.id = `eng-${field.name}`;
      const error = make("p", { className: "eng-error", id: `${field.id}-error` }, text);
      field.after(error);
      field.setAttribute("aria-invalid", "true");
      field.setAttribute("aria-describedby", error.id);
    }

    clear() {
      this.notes.replaceChildren();
      this.unadvise();
      this.live.textContent = "";
      for (const error of this.form.querySelectorAll(".eng-error")) error.remove();
      for (const field of this.form.querySelectorAll("[aria-invalid]")) {
        field.removeAttribute("aria-invalid");
        field.removeAttribute("aria-describedby");
      }
    }

    working(busy) {
      this.busy = busy;
      const button = this.sender;
      if (!button) return;
      button.setAttribute("aria-disabled", String(busy));
      if (button.tagName !== "BUTTON") return;
      if (busy) this.label = button.textContent;
      button.textContent = busy ? this.say("sending") : this.label;
    }
  }

  const mount = (root) => {
    if (mounted.has(root) || !root.dataset.site) return;
    mounted.add(root);
    new Comments(root);
  };
  const ready = (action) => {
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", action, { once: true });
    else action();
  };

  if (window.engagementEmbed) return;
  window.engagementEmbed = true;
  style();
  customElements.define("engagement-comments", class extends HTMLElement {
    connectedCallback() { ready(() => mount(this)); }
  });
  ready(() => document.querySelectorAll("[data-engagement]").forEach(mount));
})();
