(() => {
  "use strict";
  // Without this file the form is sent as it stands, and the page comes back with the thanks.
  const form = document.querySelector("form[data-contact]");
  if (!form) return;
  const note = form.querySelector("[data-note]");
  const fields = ["name", "email", "subject", "body"].map((name) => form.elements[name]);
  const failed = "Il messaggio non è partito. Quello che hai scritto è ancora qui: puoi riprovare tra poco.";
  let key = "";

  const mark = (field, text) => {
    const id = `${field.id}-error`;
    field.dataset.hint ??= field.getAttribute("aria-describedby") || "";
    document.getElementById(id)?.remove();
    field.removeAttribute("aria-invalid");
    field.setAttribute("aria-describedby", text ? id : field.dataset.hint);
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
