const countedPage = (element) => element.dataset.engagementCount || element.href || "";

/** "3 commenti", or the number alone where ``data-number`` says so. */
const sayCount = (element, count) => {
  const language = ours(tongueOf(element));
  element.textContent = "number" in element.dataset
    ? new Intl.NumberFormat(language.tongue).format(count) : counted(language, count);
};

/** Numbers of comments for a whole page of links: one request a site, or one for every 200 addresses. */
const count = async () => {
  const first = document.querySelector("engagement-comments, [data-engagement]");
  const known = first ? configuration(first) : {};
  const groups = new Map();
  for (const element of document.querySelectorAll("[data-engagement-count]")) {
    const site = element.dataset.site || (script && script.dataset.site) || known.site;
    const server = (element.dataset.server || known.server || house).replace(/\/+$/, "");
    const address = `${server}/api/v1/sites/${encodeURIComponent(site)}/counts`;
    if (site && countedPage(element)) groups.set(address, [...(groups.get(address) || []), element]);
  }
  for (const [address, elements] of groups) {
    const urls = [...new Set(elements.map(countedPage))];
    for (let from = 0; from < urls.length; from += MOST_COUNTED) {
      await countThem(address, urls.slice(from, from + MOST_COUNTED), elements);
    }
  }
};

const countThem = async (address, urls, elements) => {
  try {
    const answer = await fetch(address, { method: "POST", credentials: "omit", body: JSON.stringify({ page_urls: urls }),
      headers: { "Content-Type": "application/json" }, signal: AbortSignal.timeout(ANSWER_WAITS) });
    const { counts } = await answer.json();
    for (const element of elements) if (countedPage(element) in counts) sayCount(element, counts[countedPage(element)]);
  } catch { /* what stood there stays */ }
};
