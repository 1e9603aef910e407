class Comments {
  constructor(root) {
    this.root = root;
    this.config = configuration(root);
    this.api = `${this.config.server}/api/v1/sites/${encodeURIComponent(this.config.site)}`;
    this.memory = memoryOf(`engagement:${this.config.site}:${this.config.page}`);
    this.ids = widgets++ ? `eng${widgets}-` : "eng-";
  }

  async start() {
    this.language = this.config.words ? await wordsFor(this.config) : ours(this.config.tongue);
    const from = performance.now();
    this.root.classList.add("eng");
    this.light();
    this.thread = new Thread(this);
    this.form = new Form(this);
    this.live = make("p", { className: "eng-quiet", role: "status", "aria-live": "polite" });
    this.root.append(this.live);
    performance.measure("engagement:mount", { start: from });
    if (this.config.lazy) await near(this.root);
    await this.thread.load();
  }

  light() {
    this.root.classList.toggle("eng-dark", isDark(this.root));
  }

  say(name, values) { return fill(this.language.words, name, values); }

  /** Said by a screen reader, seen by nobody. */
  announce(text) { this.live.textContent = text; }

  /** For the page: engagement:ready, :sent, :edited, :deleted, :voted, :reported, :failed. */
  tell(name, detail = {}) {
    this.root.dispatchEvent(new CustomEvent(`engagement:${name}`, { bubbles: true, detail }));
  }

  ask(path, more) { return call(this.api + path, more); }

  button(name, action, className = "eng-link") {
    return make("button", { type: "button", className, onclick: action }, this.say(name));
  }

  field(name, control, hint) {
    control.id = control.id || `${this.ids}${name}`;
    const below = hint && make("p", { className: "eng-hint", id: `${control.id}-hint` }, hint);
    if (below) control.setAttribute("aria-describedby", below.id);
    return make("div", { className: "eng-field" }, make("label", { htmlFor: control.id }, this.say(name)), control, below);
  }

  check(name, control) {
    control.id = control.id || `${this.ids}${name}`;
    return make("p", { className: "eng-check" }, control, make("label", { htmlFor: control.id }, this.say(name)));
  }

  /** Say in ``box`` what is wrong, and take the focus there. */
  alert(box, text, ...more) {
    const summary = make("div", { className: "eng-summary", role: "alert", tabIndex: -1 },
      make("p", {}, make("strong", {}, text)), ...more);
    box.replaceChildren(summary);
    summary.focus();
  }

  /** Mistakes at their fields, and a summary that leads to them. */
  wrong(form, box, text, errors) {
    const { elements } = form;
    const place = ({ pointer }) => [...elements].indexOf(elements[pointer.slice(1)]);
    const lines = [...errors].sort((one, other) => place(one) - place(other)).map(({ pointer, detail }) => {
      const field = elements[pointer.slice(1)];
      if (!field || field.type === "hidden") return make("li", {}, detail);
      this.mark(field, detail);
      const jump = (event) => { event.preventDefault(); field.focus(); };
      return make("li", {}, make("a", { href: `#${field.id}`, onclick: jump }, detail));
    });
    this.alert(box, text, make("ul", {}, ...lines));
  }

  mark(field, text) {
    if (!field.id) field.id = `${this.ids}${field.name}`;
    const error = make("p", { className: "eng-error", id: `${field.id}-error` }, text);
    const hint = field.getAttribute("aria-describedby");
    field.after(error);
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", hint ? `${error.id} ${hint}` : error.id);
  }

  unmark(form) {
    for (const error of form.querySelectorAll(".eng-error")) error.remove();
    for (const field of form.querySelectorAll("[aria-invalid]")) {
      const hint = (field.getAttribute("aria-describedby") || "").replace(/\S+-error ?/, "");
      field.removeAttribute("aria-invalid");
      if (hint) field.setAttribute("aria-describedby", hint);
      else field.removeAttribute("aria-describedby");
    }
  }

  reasons(found) {
    return make("ul", {}, ...found.reasons.map((reason) => make("li", {}, reason.text)));
  }

  /** A button that is at work: it keeps the focus, and says so. */
  working(button, busy, word = "sending") {
    if (!button) return;
    button.setAttribute("aria-disabled", String(busy));
    if (button.tagName !== "BUTTON") return;
    button.dataset.label = button.dataset.label || button.textContent;
    button.textContent = busy ? this.say(word) : button.dataset.label;
  }
}
