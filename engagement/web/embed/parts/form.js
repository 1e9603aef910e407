class Form {
  constructor(widget) {
    this.widget = widget;
    const { root } = widget;
    this.form = root.querySelector("form");
    this.built = !this.form;
    if (this.built) root.append(this.build());
    this.form.noValidate = true;
    this.form.classList.add("eng-form");
    this.body = this.form.elements.body;
    [this.answering, this.notes, this.counsel] = [make("p", { hidden: true }), make("div"), make("div")];
    this.form.prepend(this.answering, this.notes);
    this.sender = this.form.querySelector("[type=submit], button:not([type])");
    if (this.sender) {
      (this.sender.closest("p") || this.sender).before(this.counsel);
      this.sender.after(" ", widget.button("preview", () => this.preview()));
    } else this.form.append(this.counsel);
    this.offerNotice();
    this.fill(widget.memory.get("draft"));
    this.form.addEventListener("input", (event) => this.keep(event.target));
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.submit(); });
    const waits = new URLSearchParams(location.search).get("commento") === "attesa";
    if (waits && !root.querySelector("[data-held]")) {
      this.notes.append(make("p", { className: "eng-note", role: "status" }, widget.say("held")));
    }
  }

  build() {
    const { widget } = this;
    const input = (name, type, complete) => make("input", { name, type, autocomplete: complete, required: name === "author" });
    const level = Math.min(6, Number(widget.config.level) + 1);
    this.form = make("form", { id: `${widget.ids}respond`, method: "post", className: "eng-own", hidden: true }, make(`h${level}`, {}, widget.say("heading")),
      widget.field("author", input("author", "text", "name")),
      widget.field("email", input("email", "email", "email"), widget.say("emailHint")),
      widget.field("website", input("website", "url", "url")),
      widget.field("body", make("textarea", { name: "body", rows: 7, required: true })),
      make("p", {}, make("button", { className: "eng-button", type: "submit" }, widget.say("send"))));
    return this.form;
  }

  /** A form of ours comes with the thread above it, so that it has no reason to move. */
  appear() { if (this.built) this.form.hidden = false; }

  /** "Tell me about replies", for as long as there is an address to tell. */
  offerNotice() {
    const { email, notify_replies: there } = this.form.elements;
    if (!email || there) return;
    const box = make("input", { type: "checkbox", name: "notify_replies", value: "true" });
    const offer = this.widget.check("notify", box);
    (email.closest(".eng-field, p, label") || email).after(offer);
    this.offer = () => { offer.hidden = !email.value.trim(); };
    this.offer();
    email.addEventListener("input", this.offer);
  }

  fill(draft) {
    for (const name of FIELDS) {
      const field = this.form.elements[name];
      if (field && !field.value && draft[name]) field.value = draft[name];
    }
    const { notify_replies: notify } = this.form.elements;
    if (notify && draft.notify_replies) notify.checked = true;
    if (this.offer) this.offer();
    if (draft.parent) this.answerTo(draft.parent, draft.name || "");
  }

  keep(changed) {
    const { parent, notify_replies: notify } = this.form.elements;
    const draft = { name: this.answered, parent: parent ? parent.value : "", notify_replies: Boolean(notify && notify.checked) };
    for (const name of FIELDS) draft[name] = this.form.elements[name] ? this.form.elements[name].value : "";
    this.widget.memory.set("draft", draft);
    if (changed === this.body) this.unadvise();
  }

  answer(comment, opener) {
    this.answerTo(comment.id, comment.author, opener);
    this.keep();
    this.body.focus();
  }

  answerTo(id, name, opener) {
    this.answered = name;
    this.parent(id);
    const nobody = () => { this.answerNobody(); (opener && opener.isConnected ? opener : this.body).focus(); };
    this.answering.replaceChildren(this.widget.say("answering", { name }), " ", this.widget.button("cancelReply", nobody));
    this.answering.hidden = false;
  }

  answerNobody() {
    this.answered = "";
    this.parent("");
    this.answering.hidden = true;
    this.keep();
  }

  parent(id) {
    if (!this.form.elements.parent) this.form.append(make("input", { type: "hidden", name: "parent" }));
    this.form.elements.parent.value = id;
  }

  close(foot) {
    this.form.hidden = true;
    foot.append(make("p", {}, this.widget.say("closed")));
  }

  values() {
    const { config } = this.widget;
    const found = { page_url: config.page, page_title: config.title.slice(0, 300) };
    for (const name of FIELDS) {
      const field = this.form.elements[name];
      if (field && field.value.trim()) found[name] = name === "body" ? field.value : field.value.trim();
    }
    const { parent, notify_replies: notify } = this.form.elements;
    if (parent && parent.value) found.parent = parent.value;
    if (notify && notify.checked && found.email) found.notify_replies = true;
    return found;
  }

  missing(values) {
    const errors = [];
    const miss = (name, word) => errors.push({ pointer: `/${name}`, detail: this.widget.say(word) });
    const { email } = this.form.elements;
    if (!values.author) miss("author", "noAuthor");
    if (email && email.required && !values.email) miss("email", "noEmail");
    if (!values.body) miss("body", "noBody");
    return errors;
  }

  async submit() {
    if (this.busy) return;
    const { widget } = this;
    this.clear();
    const values = this.values();
    const errors = this.missing(values);
    if (errors.length) {
      widget.wrong(this.form, this.notes, widget.say("summary"), errors);
      return;
    }
    this.busy = true;
    widget.working(this.sender, true);
    try {
      const advice = await this.advice(values.body);
      if (advice) this.advise(advice);
      else this.settle(await this.deliver(values));
    } catch (error) {
      this.failed(error instanceof Told ? error.message : "failed");
    } finally {
      this.busy = false;
      widget.working(this.sender, false);
    }
  }

  failed(word) {
    const { widget } = this;
    widget.alert(this.notes, widget.say(word), widget.button("retry", () => this.submit()));
    widget.tell("failed", { what: "comment" });
  }

  /** What the server would say before the text is sent; given once a comment, and nothing that fails here holds it back. */
  async advice(body) {
    if (this.advised) return null;
    const looked = await this.look(body, ADVICE_WAITS).catch(() => ({}));
    return looked.ok ? looked.found.advice : null;
  }

  look(body, waits) {
    return this.widget.ask("/comments/preview", { method: "POST", body: JSON.stringify({ body }), waits });
  }

  /** The calm sentence above the button, never a refusal. */
  advise(text) {
    const { widget } = this;
    this.advised = true;
    const reread = () => { this.unadvise(); this.body.focus(); };
    const box = make("div", { className: "eng-advice", role: "group", "aria-label": text, tabIndex: -1 },
      make("p", {}, make("strong", {}, text)),
      widget.button("again", reread, "eng-button"), widget.button("anyway", () => this.submit()));
    this.counsel.replaceChildren(box);
    if (this.sender) this.sender.hidden = true; // two ways on, not three
    box.focus();
  }

  unadvise() {
    this.counsel.replaceChildren();
    if (this.sender) this.sender.hidden = false;
  }

  async preview() {
    const { widget } = this;
    this.clear();
    if (!this.body.value.trim()) {
      widget.wrong(this.form, this.notes, widget.say("summary"), [{ pointer: "/body", detail: widget.say("noBody") }]);
      return;
    }
    const { ok, found } = await this.look(this.body.value, ANSWER_WAITS).catch(() => ({ found: {} }));
    if (!ok) {
      widget.alert(this.notes, found.detail || widget.say("noAnswer"));
      return;
    }
    const close = widget.button("closePreview", () => { this.unadvise(); this.body.focus(); });
    const box = make("div", { className: "eng-preview", role: "group", "aria-label": widget.say("preview"), tabIndex: -1 },
      shown(found.body_html), close);
    this.counsel.replaceChildren(box);
    box.focus();
  }

  /** Send, and solve a challenge first where one is asked for. */
  async deliver(values) {
    let answer = await this.send(values);
    if (answer.status === 422 && (answer.found.errors || []).some(({ pointer }) => pointer === "/challenge")) {
      this.widget.announce(this.widget.say("checking"));
      this.widget.working(this.sender, true, "checking");
      const asked = await this.widget.ask("/challenge");
      if (!asked.ok) return asked;
      answer = await this.send(values, await solve(asked.found));
    }
    return answer;
  }

  /** The same text sent again carries the same key, over a reload too, so that a lost answer makes no second comment. */
  send(values, challenge) {
    const { memory } = this.widget;
    const text = JSON.stringify(values);
    let attempt = memory.get("attempt");
    if (attempt.text !== text || challenge) attempt = { text, challenge, key: randomKey() };
    memory.set("attempt", attempt);
    const body = attempt.challenge ? JSON.stringify({ ...values, challenge: attempt.challenge }) : text;
    return this.widget.ask("/comments", { method: "POST", body, key: attempt.key });
  }

  settle({ status, found }) {
    const { widget } = this;
    if (status === 201 || status === 202) {
      this.accepted(found);
      return;
    }
    if (status < 500 && status !== 429) widget.memory.set("attempt", {});
    if (Array.isArray(found.errors)) widget.wrong(this.form, this.notes, found.detail, found.errors);
    else if (found.reasons) this.rejected(found);
    else if (status >= 500) this.failed("failed");
    else widget.alert(this.notes, found.detail || widget.say("failed"));
    widget.tell("failed", { what: "comment", status });
  }

  accepted({ comment, edit_token: token, edit_until: until }) {
    const { memory, thread } = this.widget;
    const held = comment.status === "held";
    const known = thread.entries.has(comment.id);
    const window = token ? new Date(until) - new Date(comment.created_at) : 0; // this clock may not be the server's
    const mine = { token, until: Date.now() + window, at: Date.now(), comment };
    memory.set("own", { ...memory.get("own"), [comment.id]: mine });
    memory.set("attempt", {});
    this.advised = false;
    const { item } = thread.put(comment);
    if (!held && !known) thread.total((thread.known || 0) + 1);
    this.body.value = "";
    this.answerNobody();
    this.widget.announce(this.widget.say(held ? "held" : "published"));
    item.focus();
    this.widget.tell("sent", { id: comment.id, status: comment.status });
  }

  rejected(found) {
    const { widget } = this;
    const appeal = isLink(found.appeal) ? make("p", {}, make("a", { href: found.appeal }, widget.say("appeal"))) : null;
    widget.alert(this.notes, widget.say("rejected"), widget.reasons(found), make("p", {}, widget.say("reread")), appeal);
  }

  clear() {
    this.notes.replaceChildren();
    this.unadvise();
    this.widget.announce("");
    this.widget.unmark(this.form);
  }
}
