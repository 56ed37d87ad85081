/* Every survey form: a draft kept on this device and brought back, the proof of work done while one reads, and one
   submission however often the button is pressed. The form sends the same fields without this file. */

const form = document.querySelector("form[data-form]");
const DRAFT = `survey:${form.dataset.form}`;
const DRAFT_DAYS = 30;
const SAVE_AFTER_MS = 200;
const WAIT_FOR_PROOF_MS = 5000;
const NOT_DRAFTED = new Set(["token", "proof", "website", "email"]);

document.documentElement.classList.add("ready");

/* --- draft: storage may be switched off, and then there is simply none --- */
const stored = {
  read() {
    try {
      const draft = JSON.parse(localStorage.getItem(DRAFT));
      return draft && Date.now() - draft.at < DRAFT_DAYS * 86400000 ? draft.fields : null;
    } catch {
      return null;
    }
  },
  write(fields) {
    try {
      localStorage.setItem(DRAFT, JSON.stringify({ at: Date.now(), fields }));
      return true;
    } catch {
      return false;
    }
  },
  clear() {
    try {
      localStorage.removeItem(DRAFT);
    } catch {
      /* nothing is stored where nothing may be */
    }
  },
};

function fields() {
  return [...new FormData(form)].filter(([name, value]) => !NOT_DRAFTED.has(name) && value !== "");
}

function bringBack(saved) {
  const waiting = new Map();
  for (const [name, value] of saved) waiting.set(name, [...(waiting.get(name) ?? []), value]);
  for (const control of form.elements) {
    const values = waiting.get(control.name);
    if (!values) continue;
    if (control.type === "radio" || control.type === "checkbox") control.checked = values.includes(control.value);
    else if (control.tagName === "SELECT") {
      const value = values.shift() ?? "";
      if ([...control.options].some((option) => option.value === value)) control.value = value;
    } else control.value = values[0];
  }
}

const marks = [...document.querySelectorAll("[data-saved]")];
let timer = 0;

function save() {
  const kept = stored.write(fields());
  for (const mark of marks) mark.hidden = !kept;
  document.querySelector("[data-unsaved]").hidden = kept;
}

form.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(save, SAVE_AFTER_MS);
});

const draft = "faults" in form.dataset ? null : stored.read();
if (draft?.length) {
  bringBack(draft);
  const note = form.querySelector("[data-resumed]");
  note.hidden = false;
  note.querySelector("[data-start-over]").addEventListener("click", () => {
    stored.clear();
    form.reset();
    location.reload();
  });
}
form.querySelector("#faults")?.focus();

/* --- proof of work: begins with the first touch, so that looking costs nothing --- */
let proof = null;

function prove() {
  if (proof || !form.dataset.proof || !globalThis.Worker || !globalThis.crypto?.subtle) return;
  proof = new Promise((resolve) => {
    const worker = new Worker(form.dataset.worker, { type: "module" });
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = () => resolve("");
    worker.postMessage(new URL(form.dataset.proof, location.href).href);
  }).then((payload) => {
    form.elements.proof.value = payload;
  });
}
for (const kind of ["pointerdown", "keydown", "focusin"]) form.addEventListener(kind, prove, { once: true });

/* --- two steps, where the form has them; the browser's back button knows them --- */
const [first, second] = form.querySelectorAll("[data-step]");
const next = form.querySelector("[data-next]");

const mayLeave = () => form.dispatchEvent(new CustomEvent("leave", { cancelable: true }));

function step(number) {
  const isSecond = number === 2;
  first.hidden = isSecond;
  second.hidden = !isSecond;
  next.hidden = isSecond;
  for (const part of form.querySelectorAll("[data-back], [data-dock] [data-send]")) part.hidden = !isSecond;
  form.querySelector("[data-dock]").classList.toggle("is-second", isSecond);
  document.querySelector("[data-bar]").classList.toggle("is-done", isSecond);
  const words = document.querySelector("[data-step-words]");
  words.textContent = words.dataset.words.replace("{n}", number);
}

function go(number) {
  step(number);
  scrollTo({ top: 0 });
  (number === 2 ? second : first).querySelector("h1, h2").focus({ preventScroll: true });
}

if (next && "faults" in form.dataset) {
  next.hidden = true;
  form.querySelector("[data-dock] [data-send]").hidden = false;
} else if (next) {
  step(history.state?.step === 2 && form.elements.choice_1.value ? 2 : 1);
  next.addEventListener("click", () => {
    if (!mayLeave()) return;
    history.pushState({ step: 2 }, "");
    go(2);
  });
  form.querySelector("[data-back]").addEventListener("click", () => history.back());
  addEventListener("popstate", (event) => go(event.state?.step === 2 ? 2 : 1));
}

/* --- sending: once --- */
const senders = [...form.querySelectorAll("[data-send]")];
let sending = false;

function show(isSending) {
  sending = isSending;
  for (const button of senders) {
    button.dataset.text ??= button.textContent;
    button.textContent = isSending ? button.dataset.sending : button.dataset.text;
    button.setAttribute("aria-disabled", String(isSending));
  }
}

form.addEventListener("submit", async (event) => {
  if (event.defaultPrevented) return;
  event.preventDefault();
  if (sending || !mayLeave()) return;
  show(true);
  clearTimeout(timer);
  save();
  prove();
  const patience = new Promise((resolve) => { setTimeout(resolve, WAIT_FOR_PROOF_MS); });
  await Promise.race([proof ?? Promise.resolve(), patience]);
  form.submit();
});
addEventListener("pageshow", () => show(false));
