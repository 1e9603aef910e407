class Entry {
  constructor(widget, thread) {
    this.widget = widget;
    this.thread = thread;
    this.item = make("li", { tabIndex: -1 });
    this.tray = make("div"); // what opens below: a form, a question, a word of thanks
  }

  get path() { return `/comments/${encodeURIComponent(this.comment.id)}`; }

  get mine() { return this.widget.memory.get("own")[this.comment.id]; }

  get above() { return this.thread.entries.get(this.comment.parent); }

  draw(depth) {
    const { comment, item } = this;
    const held = comment.status === "held";
    item.id = `comment-${comment.id}`;
    item.className = `eng-comment eng-depth-${Math.min(depth, DEEPEST)}${held ? " eng-waiting" : ""}`;
    if (!this.stale && this.drawnBelow === Boolean(this.above)) return;
    this.stale = false;
    this.drawnBelow = Boolean(this.above);
    if (comment.status === "deleted") {
      item.replaceChildren(make("p", { className: "eng-meta eng-gone" }, this.widget.say("gone")));
      return;
    }
    this.actions = make("div", { className: "eng-actions" });
    const note = held ? make("p", { className: "eng-note" }, this.widget.say("held")) : null;
    item.replaceChildren(...[this.meta(), shown(comment.body_html), note, this.actions, this.tray].filter(Boolean));
    this.act();
  }

  meta() {
    const { comment, widget } = this;
    const at = new Date(comment.created_at);
    const part = (style) => new Intl.DateTimeFormat(widget.language.tongue, style).format(at);
    const time = make("time", { dateTime: comment.created_at, dir: "auto" }, `${part({ dateStyle: "long" })}, ${part({ timeStyle: "short" })}`);
    const name = isLink(comment.website)
      ? make("a", { href: comment.website, rel: "nofollow ugc noopener" }, comment.author) : comment.author;
    return make("p", { className: "eng-meta" }, make("strong", {}, make("bdi", {}, name)),
      this.above && this.above.comment.author ? ` ${widget.say("answers", { name: this.above.comment.author })}` : "", " · ",
      isLink(comment.permalink) ? make("a", { className: "eng-when", href: comment.permalink }, time) : time,
      comment.edited_at ? ` · ${widget.say("edited")}` : "");
  }

  act() {
    const { comment, widget } = this;
    const published = comment.status === "published";
    const own = this.mine;
    const named = (word, button) => {
      button.setAttribute("aria-label", widget.say(word, { name: comment.author }));
      return button;
    };
    const buttons = [];
    if (published && this.thread.open) {
      buttons.push(named("replyTo", widget.button("reply", (event) => widget.form.answer(comment, event.currentTarget))));
    }
    if (own && Date.now() < own.until) {
      const edit = widget.button("edit", (event) => this.edit(event.currentTarget));
      edit.setAttribute("aria-label", widget.say("editOf"));
      buttons.push(edit, widget.button("remove", (event) => this.askToRemove(event.currentTarget)));
      setTimeout(() => this.act(), Math.min(own.until - Date.now() + 1, 2 ** 31 - 1));
    }
    if (published && !own) {
      buttons.push(...this.votes());
      buttons.push(named("reportOf", widget.button("report", (event) => this.report(event.currentTarget))));
    } else if (published && comment.votes) buttons.push(this.sum());
    if (!this.actions.contains(document.activeElement)) this.actions.replaceChildren(...buttons);
  }

  /** Open something below the comment; closing leads back to where it was opened. */
  lay(panel, opener) {
    this.tray.replaceChildren(panel);
    this.close = () => { this.tray.replaceChildren(); if (opener.isConnected) opener.focus(); else this.item.focus(); };
    panel.addEventListener("keydown", (event) => { if (event.key === "Escape") this.close(); });
  }

  note(text) {
    const note = make("p", { className: "eng-note", tabIndex: -1, role: "status" }, text);
    this.tray.replaceChildren(note);
    note.focus();
  }

  /** Run a call for a panel's button; what goes wrong is said in ``box``. */
  async run(button, box, call) {
    if (button.getAttribute("aria-disabled") === "true") return;
    this.widget.working(button, true);
    try {
      const answer = await call();
      if (answer.ok) return answer;
      this.refused(answer.found, button.form, box);
    } catch {
      this.widget.alert(box, this.widget.say("noAnswer"));
    } finally {
      this.widget.working(button, false);
    }
  }

  refused(found, form, box) {
    if (Array.isArray(found.errors)) this.widget.wrong(form, box, found.detail, found.errors);
    else if (found.reasons) this.widget.alert(box, this.widget.say("rejected"), this.widget.reasons(found));
    else this.widget.alert(box, found.detail || this.widget.say("noAnswer"));
  }

  // ---- an author's own

  async edit(opener) {
    const { widget } = this;
    const { ok, found } = await widget.ask(this.path, { token: this.mine.token }).catch(() => ({ found: {} }));
    if (!ok) return this.note(found.detail || widget.say("noAnswer"));
    const id = `${widget.ids}edit-${this.comment.id}`;
    const area = make("textarea", { id, name: "body", rows: 6, value: found.body });
    const [box, save] = [make("div"), make("button", { className: "eng-button", type: "submit" }, widget.say("save"))];
    const form = make("form", { className: "eng-form eng-own eng-panel", noValidate: true }, box,
      make("div", { className: "eng-field" }, make("label", { htmlFor: id }, widget.say("editOf")), area),
      save, widget.button("cancel", () => this.close()));
    form.onsubmit = (event) => { event.preventDefault(); this.save(area.value, form, box, save); };
    this.lay(form, opener);
    area.focus();
  }

  async save(body, form, box, button) {
    const { widget } = this;
    widget.unmark(form);
    box.replaceChildren();
    const was = this.comment.status;
    const answer = await this.run(button, box, () =>
      widget.ask(this.path, { method: "PATCH", body: JSON.stringify({ body }), token: this.mine.token }));
    if (!answer) return;
    const { comment, message, edit_token: token } = answer.found;
    this.thread.remember(comment.id, { token });
    this.thread.put(comment);
    if (was !== comment.status) this.thread.total(this.thread.known + (comment.status === "published" ? 1 : -1));
    this.note(message);
    widget.tell("edited", { id: comment.id, status: comment.status });
  }

  askToRemove(opener) {
    const { widget } = this;
    const box = make("div");
    const sure = widget.button("yes", () => this.remove(box, sure), "eng-button");
    const panel = make("div", { className: "eng-panel", role: "group", "aria-label": widget.say("sure"), tabIndex: -1 },
      box, make("p", {}, widget.say("sure")), sure, widget.button("cancel", () => this.close()));
    this.lay(panel, opener);
    panel.focus();
  }

  async remove(box, button) {
    const { comment, thread, widget } = this;
    const answer = await this.run(button, box, () => widget.ask(this.path, { method: "DELETE", token: this.mine.token }));
    if (!answer) return;
    const counted = comment.status === "published";
    const next = this.item.nextElementSibling || this.item.previousElementSibling || thread.heading || widget.form.body;
    if ([...thread.entries.values()].some((entry) => entry.above === this)) {
      thread.forget(comment.id);
      thread.put({ ...comment, status: "deleted", author: "", body_html: "" });
      this.item.focus();
    } else {
      thread.drop(comment.id);
      next.focus();
    }
    if (counted) thread.total(thread.known - 1);
    widget.announce(widget.say("removed"));
    widget.tell("deleted", { id: comment.id });
  }

  // ---- everybody's

  votes() {
    const cast = this.widget.memory.get("votes")[this.comment.id] || 0;
    const button = (word, value) => {
      const made = this.widget.button(word, () => this.vote(value));
      const named = { action: this.widget.say(word), name: this.comment.author };
      made.setAttribute("aria-label", this.widget.say("ofComment", named));
      made.setAttribute("aria-pressed", String(cast === value));
      return made;
    };
    this.thumbs = [button("up", 1), button("down", -1)];
    return [...this.thumbs, this.sum()];
  }

  sum() {
    this.standing = make("span", { className: "eng-votes" }, this.votesText());
    return this.standing;
  }

  votesText() {
    const { votes } = this.comment;
    const format = new Intl.NumberFormat(this.widget.language.tongue, { signDisplay: "exceptZero" });
    return votes ? this.widget.say("votes", { n: format.format(votes) }) : "";
  }

  async vote(wanted) {
    const { comment, widget } = this;
    const votes = widget.memory.get("votes");
    const value = votes[comment.id] === wanted ? 0 : wanted;
    const answer = await widget.ask(`${this.path}/vote`, { method: "PUT", body: JSON.stringify({ value }) })
      .catch(() => ({ found: {} }));
    if (!answer.ok) return widget.announce(this.standing.textContent = answer.found.detail || widget.say("noAnswer"));
    comment.votes = answer.found.votes;
    widget.memory.set("votes", { ...votes, [comment.id]: value });
    this.thumbs.forEach((thumb, place) => thumb.setAttribute("aria-pressed", String(value === (place ? -1 : 1))));
    this.standing.textContent = this.votesText();
    widget.announce(widget.say("votes", { n: comment.votes }));
    widget.tell("voted", { id: comment.id, value, votes: comment.votes });
  }

  report(opener) {
    const { widget } = this;
    const id = (name) => `${widget.ids}report-${name}-${this.comment.id}`;
    const reason = make("select", { id: id("reason"), name: "reason" }, make("option", { value: "" }, widget.say("choose")),
      ...REASONS.map((code) => make("option", { value: code }, widget.say(code))));
    const input = (name, type, complete) => make("input", { id: id(name), name, type, autocomplete: complete });
    const [box, send] = [make("div"), make("button", { className: "eng-button", type: "submit" }, widget.say("sendReport"))];
    const form = make("form", { className: "eng-form eng-own eng-panel", noValidate: true,
      "aria-label": widget.say("reportOf", { name: this.comment.author }) }, box,
      widget.field("reason", reason),
      widget.field("explanation", make("textarea", { id: id("explanation"), name: "explanation", rows: 4 })),
      widget.field("yourName", input("name", "text", "name")),
      widget.field("yourEmail", input("email", "email", "email"), widget.say("yourEmailHint")),
      widget.check("goodFaith", input("good_faith", "checkbox", "off")),
      send, widget.button("cancel", () => this.close()));
    form.onsubmit = (event) => { event.preventDefault(); this.sendReport(form, box, send); };
    this.lay(form, opener);
    reason.focus();
  }

  async sendReport(form, box, button) {
    const { widget } = this;
    widget.unmark(form);
    box.replaceChildren();
    const { reason, explanation, name, email, good_faith: faith } = form.elements;
    const body = JSON.stringify({ reason: reason.value, explanation: explanation.value,
      name: name.value.trim(), email: email.value.trim(), good_faith: faith.checked });
    if (this.reported !== body) [this.reported, this.key] = [body, randomKey()];
    const answer = await this.run(button, box, () =>
      widget.ask(`${this.path}/reports`, { method: "POST", body, key: this.key }));
    if (!answer) return;
    this.note(answer.found.message);
    widget.tell("reported", { id: this.comment.id, reference: answer.found.reference });
  }
}
