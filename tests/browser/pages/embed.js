"use strict";
// Does what the embeds' own script was observed to do, written anew: the form's action plus the literal "?isAjax=1",
// a FormData body, no header, no cookie; the status is not looked at; what is no JSON leaves the loader turning.
const form = document.querySelector("#sib-form");
const container = document.querySelector("#sib-form-container");
const loader = form.querySelector(".progress-indicator__icon");

function show(panel, message) {
  const element = document.querySelector(panel);
  if (message) element.querySelector(".sib-form-message-panel__inner-text").textContent = message;
  element.classList.add("sib-form-message-panel--active");
}

function clear() {
  for (const panel of document.querySelectorAll(".sib-form-message-panel--active")) {
    panel.classList.remove("sib-form-message-panel--active");
  }
  for (const entry of container.querySelectorAll(".entry_errored")) entry.classList.remove("entry_errored");
  for (const text of container.querySelectorAll(".entry__error--primary")) text.textContent = "";
}

function answered(text) {
  const said = JSON.parse(text); // throws where there is none, and then nothing below happens
  loader.classList.add("sib-hide-loader-icon");
  if (said.success) {
    if (said.redirect) return window.top.location.replace(said.redirect);
    show("#success-message", said.message);
    if (form.dataset.type !== "update") form.reset();
    return undefined;
  }
  show("#error-message", said.message);
  try {
    for (const [name, message] of Object.entries(said.errors)) {
      const entry = container.querySelector(`input[name=${name}], select[name=${name}]`).closest(".form__entry");
      entry.querySelector(".entry__error--primary").textContent = message;
      entry.classList.add("entry_errored");
    }
  } catch {
    // a name that is no field: only the panel shows
  }
  return undefined;
}

form.setAttribute("novalidate", "");
form.addEventListener("submit", (event) => {
  event.preventDefault();
  clear();
  loader.classList.remove("sib-hide-loader-icon");
  const request = new XMLHttpRequest();
  request.addEventListener("load", () => answered(request.responseText));
  request.addEventListener("error", () => answered(request.responseText));
  request.open("POST", `${form.getAttribute("action")}?isAjax=1`);
  request.send(new FormData(form));
});
