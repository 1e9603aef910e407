/** Settles when an element comes near the part of the page that is seen. */
const near = (element) => new Promise((resolve) => {
  const watch = new IntersectionObserver((seen) => {
    if (!seen.some((one) => one.isIntersecting)) return;
    watch.disconnect();
    resolve();
  }, { rootMargin: "1000px" });
  watch.observe(element);
});

/** Text may turn light or dark while the page is open. */
const watchLight = (widget) => {
  const look = () => requestAnimationFrame(() => widget.light());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", look);
  const watch = new MutationObserver(look);
  for (const element of [document.documentElement, document.body]) {
    watch.observe(element, { attributes: true, attributeFilter: ["class", "data-theme", "style"] });
  }
};

const mount = (root) => {
  if (mounted.has(root) || !configuration(root).site) return;
  mounted.add(root);
  const widget = new Comments(root);
  widget.start();
  watchLight(widget);
};

const ready = (action) => {
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", action, { once: true });
  else action();
};

window.engagementEmbed = { mount, count };
dress();
customElements.define("engagement-comments", class extends HTMLElement {
  connectedCallback() { ready(() => mount(this)); }
});
ready(() => {
  document.querySelectorAll("[data-engagement]").forEach(mount);
  count();
});
