(() => {
  "use strict";
  // Without this file the button is a link to a page with the same form, which leads back here with the thanks.
  const link = document.querySelector("a[data-contact-open]");
  const template = link?.parentElement.querySelector("template");
  if (!template) return;
  const form = template.content.querySelector("form");
  const note = form.querySelector("[data-note]");
  const fields = ["name", "email", "subject", "body"].map((name) => form.elements[name]);
  const hints = new Map(fields.map((field) => [field, field.getAttribute("aria-describedby")]));
  const failed = "Il messaggio non è partito. Quello che hai scritto è ancora qui: puoi riprovare tra poco.";
  let key = "";

  const button = document.createElement("button");
  button.type = "button";
  button.className = link.className;
  button.textContent = link.textContent;
  button.setAttribute("aria-expanded", "false");
  link.replaceWith(button);
  button.addEventListener("click", () => {
    if (form.isConnected) form.remove(); // and it keeps what was typed
    else button.after(form);
    button.setAttribute("aria-expanded", String(form.isConnected));
    if (form.isConnected) fields[0].focus();
  });

  const mark = (field, text) => {
    const id = `${field.id}-error`;
    document.getElementById(id)?.remove();
    field.toggleAttribute("aria-invalid", false);
    const about = text ? id : hints.get(field);
    if (about) field.setAttribute("aria-describedby", about);
    else field.removeAttribute("aria-describedby");
    if (!text) return;
    const line = document.createElement("p");
    line.className = "eng-error";
    line.id = id;
    line.textContent = text;
    field.setAttribute("aria-invalid", "true");
    field.after(line);
  };

  const show = (problem) => {
    const errors = new Map((problem.errors || []).map((error) => [error.pointer.slice(1), error.detail]));
    for (const field of fields) mark(field, errors.get(field.name));
    note.textContent = problem.detail;
    fields.find((field) => errors.has(field.name))?.focus();
  };

  // A second try after a lost answer carries the same key, so the author gets one message.
  for (const field of fields) field.addEventListener("input", () => { key = ""; });
  form.noValidate = true; // the service names all mistakes together, in the page's language
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    key = key || Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16)).join("-");
    const body = Object.fromEntries(fields.map((field) => [field.name, field.value]));
    try {
      const answer = await fetch(form.action.replace("/sites/", "/api/v1/sites/"), {
        method: "POST",
        credentials: "omit",
        headers: { "Content-Type": "application/json", "Idempotency-Key": key },
        body: JSON.stringify(body),
      });
      const found = await answer.json();
      if (!answer.ok) {
        show(found);
        return;
      }
      for (const field of fields) mark(field, "");
      form.reset();
      key = "";
      note.textContent = found.message;
    } catch {
      note.textContent = failed;
    }
  });
})();
