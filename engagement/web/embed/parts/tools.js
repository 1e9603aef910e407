const FIELDS = ["author", "email", "website", "body"];
const SORTS = ["oldest", "newest", "popular"];
const REASONS = ["illegal", "hate", "harassment", "personal-data", "child-safety", "spam", "other"];
const DEEPEST = 4;
const ADVICE_WAITS = 3000; // milliseconds that advice may take; the comment is sent without it after that
const ANSWER_WAITS = 30000; // milliseconds after which a request counts as lost
const SOLVING_LASTS = 120000; // milliseconds after which a challenge is given up
const WAITING_KEPT = 24 * 3600 * 1000; // milliseconds that a comment which waits is shown to its author
const MOST_COUNTED = 200; // addresses in one request
const MOST_PAGES = 20; // read to find the comment that the address names
const script = document.currentScript;
const house = script && script.src ? new URL(".", script.src).href : location.origin;
const mounted = new WeakSet();
let widgets = 0;

/** A refusal that has a sentence of ours. */
class Told extends Error {}

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

const trusted = (() => {
  try { return window.trustedTypes.createPolicy("engagement", { createHTML: (html) => html }); } catch { return null; }
})();

/** Markup that the server has cleaned: the only markup that is ever taken over. */
const shown = (html) => {
  const body = make("div", { className: "eng-body" });
  body.innerHTML = trusted ? trusted.createHTML(html) : html;
  return body;
};

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const unhex = (text) => Uint8Array.from(text.match(/../g) || [], (pair) => parseInt(pair, 16));
const randomKey = () => hex(crypto.getRandomValues(new Uint8Array(16)));
const isLink = (text) => /^https?:\/\//i.test(text || "");
const paint = () => new Promise((resolve) => setTimeout(resolve));

/** What this tab remembers of a page: draft, attempt, own comments, votes. Storage may be forbidden or full. */
const memoryOf = (name) => {
  let kept = {};
  try { kept = JSON.parse(sessionStorage.getItem(name)) || {}; } catch { /* then for as long as the page lives */ }
  return {
    get: (part) => (kept[part] = kept[part] || {}),
    set(part, value) {
      kept[part] = value;
      try { sessionStorage.setItem(name, JSON.stringify(kept)); } catch { /* fine */ }
    },
  };
};

const dress = () => {
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    document.adoptedStyleSheets = [sheet, ...document.adoptedStyleSheets];
  } catch {
    document.head.append(make("style", {}, STYLE)); // older browsers; a strict policy leaves it out
  }
};

/** Whether text is light here, so the ground is dark: the page decides, not the system. */
const isDark = (element) => {
  const rgb = /^rgba?\((\d+), (\d+), (\d+)/.exec(getComputedStyle(element).color);
  if (!rgb) return matchMedia("(prefers-color-scheme: dark)").matches;
  return 0.299 * rgb[1] + 0.587 * rgb[2] + 0.114 * rgb[3] > 140;
};

const locale = (tongue) => {
  try { return Intl.getCanonicalLocales(tongue)[0]; } catch { return "en"; }
};

const tongueOf = (element) => (element.closest("[lang]") || {}).lang || "it";

const configuration = (root) => {
  const option = (name) => root.getAttribute(`data-${name}`) || root.getAttribute(name);
  const canonical = document.querySelector('link[rel="canonical"]');
  const here = new URL(location.href);
  here.hash = "";
  here.searchParams.delete("commento");
  return {
    site: option("site"),
    page: option("page-url") || (canonical && canonical.href) || here.href,
    title: option("page-title") || document.title,
    server: (option("server") || house).replace(/\/+$/, ""),
    tongue: option("lang") || tongueOf(root),
    words: option("words"),
    limit: option("limit"),
    level: option("heading") || "2",
    lazy: root.hasAttribute("data-lazy") || root.hasAttribute("lazy"),
  };
};

/** Our words for a language, English where we have none. */
const ours = (tongue) => {
  const short = tongue.slice(0, 2).toLowerCase();
  return short in WORDS ? { tongue: locale(tongue), words: WORDS[short] } : { tongue: "en", words: WORDS.en };
};

/** The words of a file of the page's, which may leave some out. */
const wordsFor = async ({ tongue, words }) => {
  try {
    const { found } = await call(words);
    const told = Object.entries(found).filter(([, text]) => typeof text === "string");
    return { tongue: locale(tongue), words: { ...WORDS.en, ...Object.fromEntries(told) } };
  } catch {
    return ours(tongue);
  }
};

const fill = (words, name, values = {}) => words[name].replace(/\{(\w+)\}/g, (_, key) => values[key]);

const counted = ({ tongue, words }, n) => {
  const kind = n === 0 ? "none" : `count-${new Intl.PluralRules(tongue).select(n)}`;
  return fill(words, kind in words ? kind : "count-other", { n: new Intl.NumberFormat(tongue).format(n) });
};

/** One call: {ok, status, found}. Raises where no whole answer came. */
const call = async (address, { method = "GET", body, token, key, waits = ANSWER_WAITS } = {}) => {
  const headers = {};
  if (body) headers["Content-Type"] = "application/json";
  if (token) headers.Authorization = `Bearer ${token}`;
  if (key) headers["Idempotency-Key"] = key;
  const answer = await fetch(address, { method, headers, body, credentials: "omit", signal: AbortSignal.timeout(waits) });
  return { ok: answer.ok, status: answer.status, found: answer.status === 204 ? {} : await answer.json() };
};
