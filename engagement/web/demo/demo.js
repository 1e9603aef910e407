(() => {
  "use strict";
  const form = document.querySelector("form[data-newsletter]");
  if (!form) return;
  const note = form.querySelector("[data-note]");
  const sentences = {
    email: "Scrivi il tuo indirizzo email.",
    consent: "Serve il tuo consenso per iscriverti.",
    failed: "L’iscrizione non è riuscita. Puoi riprovare tra poco.",
  };
  form.noValidate = true;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { email, consent } = form.elements;
    const refused = consent.type === "checkbox" && !consent.checked;
    const wrong = !email.value.trim() || !email.checkValidity() ? email : refused ? consent : null;
    for (const field of [email, consent]) {
      field.removeAttribute("aria-invalid");
      field.removeAttribute("aria-describedby");
    }
    note.classList.toggle("eng-error", Boolean(wrong));
    if (wrong) {
      wrong.setAttribute("aria-invalid", "true");
      wrong.setAttribute("aria-describedby", note.id);
      note.textContent = sentences[wrong.name];
      wrong.focus();
      return;
    }
    try {
      const answer = await fetch("/api/v1/sites/demo/newsletter", {
        method: "POST",
        credentials: "omit",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({
          email: email.value.trim(),
          consent: true,
          source_url: form.elements.source_url.value,
          form: form.elements.form.value,
          consent_version: Number(form.elements.consent_version.value),
        }),
      });
      const found = await answer.json();
      note.textContent = answer.ok ? found.message : (found.errors && found.errors[0].detail) || found.detail;
      if (answer.ok) form.reset();
    } catch {
      note.textContent = sentences.failed;
    }
  });
})();
