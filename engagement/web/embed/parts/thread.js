class Thread {
  constructor(widget) {
    this.widget = widget;
    this.entries = new Map(); // id → Entry
    this.read = []; // ids, in the order of the server
    this.added = []; // ids of this reader's own that the server did not list
    this.sort = "oldest";
    this.open = true;
    this.build();
  }

  build() {
    const { widget } = this;
    const { root } = widget;
    this.list = root.querySelector("[data-comments]");
    this.count = root.querySelector("[data-count]");
    const level = root.querySelector("form") ? "p" : `h${widget.config.level}`;
    this.heading = this.count ? null : make(level, { className: "eng-count", tabIndex: -1 });
    this.bar = root.querySelector("[data-bar]") || make("div", { className: "eng-bar" }, this.heading);
    this.foot = make("div");
    const box = root.querySelector("[data-thread]") || make("div"); // the page may keep the room for it
    if (this.list) this.list.before(box);
    else if (!box.isConnected) root.prepend(box);
    this.list = this.list || make("ol", { className: "eng-list", "aria-label": widget.say("list") });
    box.append(...(this.bar.isConnected ? [] : [this.bar]), this.list, this.foot);
  }

  async load(after) {
    const { widget } = this;
    const query = new URLSearchParams({ page_url: widget.config.page, sort: this.sort });
    if (after) query.set("after", after);
    if (widget.config.limit) query.set("limit", widget.config.limit);
    try {
      const { ok, found } = await widget.ask(`/comments?${query}`);
      if (!ok) throw new Error(found.title);
      const from = performance.now();
      this.show(found, after);
      performance.measure("engagement:thread", { start: from });
      if (!after) await this.afterFirst(found);
    } catch {
      widget.form.appear();
      this.foot.replaceChildren(make("p", {}, widget.say("unread"), " ", widget.button("retry", () => this.load(after))));
      widget.tell("failed", { what: "thread" });
    }
  }

  show(found, after) {
    if (!after) {
      this.entries.clear();
      this.read = [];
      this.added = [];
    }
    this.open = found.page.open;
    for (const more of this.widget.root.querySelectorAll("[data-more]")) more.remove();
    const fresh = found.comments.filter(({ id }) => !this.read.includes(id));
    for (const comment of fresh) this.take(comment, this.read);
    this.arrange();
    this.total(found.count);
    this.choices(found.count);
    this.foot.replaceChildren(...(found.next ? [this.widget.button("more", () => this.load(found.next))] : []));
    if (this.open) this.widget.form.appear();
    else this.widget.form.close(this.foot);
    this.next = found.next;
    if (after && fresh.length) this.entries.get(fresh[0].id).item.focus();
  }

  /** What follows the first page: what waits, and the comment that the address names. */
  async afterFirst(found) {
    await this.restore();
    const named = /^#comment-(\w+)$/.exec(location.hash);
    for (let page = 0; named && !this.entries.has(named[1]) && this.next && page < MOST_PAGES; page++) {
      await this.load(this.next);
    }
    if (named && this.entries.has(named[1]) && !this.arrived) this.entries.get(named[1]).item.scrollIntoView();
    this.arrived = true;
    this.widget.tell("ready", { count: found.count });
  }

  /** The author's own comments that wait stay in their sight over a reload. */
  async restore() {
    const own = this.widget.memory.get("own");
    for (const [id, mine] of Object.entries(own)) {
      if (this.read.includes(id) || mine.comment.status !== "held") continue;
      if (Date.now() > mine.at + WAITING_KEPT) { this.forget(id); continue; }
      this.take(mine.comment, this.added);
    }
    this.arrange();
    await Promise.all(this.added.map((id) => this.askAbout(id, own[id])));
  }

  /** How a comment that waits stands; while its token is good the server says. */
  async askAbout(id, mine) {
    if (!mine || Date.now() > mine.until) return;
    try {
      const { ok, status, found } = await this.widget.ask(`/comments/${id}`, { token: mine.token });
      if (ok) this.put(found);
      else if (status === 404) this.drop(id);
    } catch { /* then it stands as it was known */ }
  }

  take(comment, ids) {
    const known = this.entries.get(comment.id);
    if (known) this.added = this.added.filter((id) => id !== comment.id);
    const entry = known || new Entry(this.widget, this);
    entry.comment = comment;
    entry.stale = true;
    this.entries.set(comment.id, entry);
    ids.push(comment.id);
    const own = this.widget.memory.get("own");
    if (own[comment.id]) this.widget.memory.set("own", { ...own, [comment.id]: { ...own[comment.id], comment } });
    return entry;
  }

  /** A comment as it is now, in its place. */
  put(comment) {
    const known = this.entries.get(comment.id);
    if (known) {
      const { body, ...kept } = comment;
      Object.assign(known.comment, kept);
      known.stale = true;
      this.remember(comment.id, { comment: known.comment });
    } else this.take(comment, this.added);
    this.arrange();
    return this.entries.get(comment.id);
  }

  remember(id, changes) {
    const own = this.widget.memory.get("own");
    if (own[id]) this.widget.memory.set("own", { ...own, [id]: { ...own[id], ...changes } });
  }

  forget(id) {
    const { [id]: _, ...rest } = this.widget.memory.get("own");
    this.widget.memory.set("own", rest);
  }

  drop(id) {
    this.forget(id);
    this.entries.delete(id);
    this.read = this.read.filter((one) => one !== id);
    this.added = this.added.filter((one) => one !== id);
    this.arrange();
  }

  /** Answers below what they answer, in the order of the list; an answer to something not here stands alone. */
  lines() {
    const ids = this.sort === "newest" ? [...this.added, ...this.read] : [...this.read, ...this.added];
    const answers = new Map();
    for (const id of ids) {
      const { parent } = this.entries.get(id).comment;
      const above = this.entries.has(parent) ? parent : null;
      answers.set(above, [...(answers.get(above) || []), id]);
    }
    const found = [];
    const waiting = (answers.get(null) || []).map((id) => [id, 0]).reverse();
    while (waiting.length) {
      const [id, depth] = waiting.pop();
      found.push([this.entries.get(id), depth]);
      waiting.push(...(answers.get(id) || []).map((below) => [below, depth + 1]).reverse());
    }
    return found;
  }

  arrange() {
    let place = this.list.firstElementChild;
    for (const [entry, depth] of this.lines()) {
      entry.draw(depth);
      if (entry.item === place) place = place.nextElementSibling;
      else this.list.insertBefore(entry.item, place);
    }
    while (place) {
      const next = place.nextElementSibling;
      place.remove();
      place = next;
    }
  }

  total(count) {
    this.known = count;
    const text = counted(this.widget.language, count);
    if (this.count) this.count.textContent = text;
    else this.heading.textContent = text;
    for (const element of document.querySelectorAll("[data-engagement-count]")) {
      if (countedPage(element) === this.widget.config.page) sayCount(element, count);
    }
  }

  choices(count) {
    if (this.sorter || count < 2) return;
    const { widget } = this;
    this.sorter = make("select", { className: "eng-sort", "aria-label": widget.say("sort") },
      ...SORTS.map((sort) => make("option", { value: sort }, widget.say(sort))));
    this.sorter.onchange = () => { this.sort = this.sorter.value; this.load(); };
    this.bar.append(this.sorter);
  }
}
