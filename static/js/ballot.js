/* The ballot: one control for tap, drag, arrows and keys. The three selects of the plain form hold the answer all the
   while; this only sets them, so what is sent is the same however it was chosen. */

const form = document.querySelector("form[data-form]");
const picker = form.querySelector("[data-picker]");
const say = picker.dataset;
const selects = [...form.querySelectorAll("select[name^=choice_]")];
const list = picker.querySelector("[data-options]");
const chosenList = picker.querySelector("[data-chosen]");
const said = picker.querySelector("[data-said]");
const stateLine = picker.querySelector("[data-state]");
const rest = picker.querySelector("[data-rest]");
const search = picker.querySelector("[data-search]");
const words = form.querySelector("[data-words]");
const own = form.elements.other;
const title = form.querySelector("#question");
const lead = form.querySelector("[data-lead]");
const slots = [...form.querySelectorAll("[data-slot]")];
const options = new Map([...list.querySelectorAll("[data-key]")].map((button) => [button.dataset.key, button]));
const texts = { title: title.textContent, lead: lead.textContent, slots: slots.map((slot) => slot.lastElementChild.textContent) };
const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;

let chosen = selects.map((select) => select.value).filter((key, at, all) => options.has(key) && all.indexOf(key) === at);
let arranged = chosen.length === selects.length;

const full = () => chosen.length === selects.length;
const fill = (text, name, n) => text.replace("{name}", () => name).replace("{n}", () => n);

function nameOf(key) {
  const typed = key === "other" ? own.value.trim() : "";
  return typed || options.get(key).querySelector(".name").textContent;
}

/* --- what is shown --- */
function tell(text, isMissing = false) {
  said.textContent = "";
  requestAnimationFrame(() => { said.textContent = text; });
  const [how, further] = stateLine.children;
  stateLine.hidden = !arranged && !isMissing;
  stateLine.classList.toggle("is-missing", isMissing);
  how.textContent = isMissing ? text : picker.getAttribute(`data-count-${chosen.length}`);
  further.textContent = isMissing ? "" : full() ? say.swap : say.more;
}

function pickOf(key, at) {
  const pick = picker.querySelector("[data-pick]").content.firstElementChild.cloneNode(true);
  const name = nameOf(key);
  pick.dataset.key = key;
  pick.querySelector(".mark").textContent = at + 1;
  pick.querySelector(".name").textContent = name;
  for (const button of pick.querySelectorAll("button")) button.setAttribute("aria-label", fill(button.dataset.label, name));
  pick.querySelector("[data-act=up]").disabled = at === 0;
  pick.querySelector("[data-act=down]").disabled = at === chosen.length - 1;
  return pick;
}

function show() {
  if (!chosen.length) arranged = false;
  selects.forEach((select, at) => { select.value = chosen[at] ?? ""; });
  form.classList.toggle("is-full", full());
  title.textContent = arranged ? say.title : texts.title;
  lead.textContent = arranged ? lead.dataset.arranged : texts.lead;
  chosenList.hidden = !arranged;
  chosenList.replaceChildren(...(arranged ? chosen.map(pickOf) : []));
  for (const [key, button] of options) {
    const at = chosen.indexOf(key);
    button.setAttribute("aria-pressed", String(at >= 0));
    button.setAttribute("aria-disabled", String(full() && at < 0));
    button.querySelector(".mark").textContent = at >= 0 ? at + 1 : "";
  }
  slots.forEach((slot, at) => {
    const key = chosen[at];
    slot.disabled = !key;
    slot.classList.toggle("is-filled", Boolean(key));
    slot.lastElementChild.textContent = key ? nameOf(key) : texts.slots[at];
  });
  form.querySelector("[data-slots]").hidden = arranged;
  if (words) {
    words.hidden = !chosen.includes("other");
    own.disabled = words.hidden;
    (arranged ? stateLine : list).after(words);
  }
  picker.querySelector("[data-searching]").hidden = full();
  filter();
}

/* --- choosing --- */
function commit(message) {
  show();
  tell(message);
  form.dispatchEvent(new Event("input", { bubbles: true }));
}

const state = () => `${picker.getAttribute(`data-count-${chosen.length}`) ?? ""} ${full() ? say.swap : say.more}`;

function choose(key, at = chosen.length) {
  if (full()) return tell(state());
  const name = nameOf(key);
  chosen.splice(Math.min(at, chosen.length), 0, key);
  const place = chosen.indexOf(key) + 1;
  const becameFull = full() && !arranged;
  arranged ||= full();
  if (search.value) search.value = "";
  commit(`${fill(say.placed, name, place)} ${arranged ? state() : ""}`);
  if (key === "other" && !own.value.trim()) own.focus();
  else if (arranged) rowOf(key).querySelector("button:not(:disabled)").focus({ preventScroll: becameFull });
  if (becameFull && key !== "other") scrollTo({ top: 0, behavior: calm ? "auto" : "smooth" });
}

function remove(key) {
  const at = chosen.indexOf(key);
  chosen = chosen.filter((each) => each !== key);
  commit(`${fill(say.removed, nameOf(key))} ${chosen.length ? state() : ""}`);
  if (!arranged) options.get(key).focus({ preventScroll: true });
  else chosenList.children[Math.min(at, chosen.length - 1)].querySelector("[data-act=remove]").focus();
}

const rowOf = (key) => chosenList.querySelector(`[data-key="${CSS.escape(key)}"]`);

function move(key, by, focusOn) {
  const from = chosen.indexOf(key);
  const to = from + by;
  if (to < 0 || to >= chosen.length) return;
  chosen.splice(to, 0, ...chosen.splice(from, 1));
  commit(fill(say.placed, nameOf(key), to + 1));
  const buttons = [rowOf(key).querySelector(`[data-act=${focusOn}]`), ...rowOf(key).querySelectorAll("button")];
  buttons.find((button) => !button.disabled).focus();
}

function rearrange() {
  arranged = true;
  show();
  scrollTo({ top: 0, behavior: calm ? "auto" : "smooth" });
}

list.addEventListener("click", (event) => {
  const key = event.target.closest("[data-key]")?.dataset.key;
  if (!key) return;
  if (chosen.includes(key)) remove(key);
  else choose(key);
});

list.addEventListener("keydown", (event) => {
  const button = event.target.closest("[data-key]");
  if (!button || event.ctrlKey || event.metaKey || event.altKey) return;
  const place = Number(event.key);
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    const shown = [...options.values()].filter((each) => each.offsetParent);
    shown[shown.indexOf(button) + step]?.focus();
  } else if (place >= 1 && place <= selects.length) {
    const { key } = button.dataset;
    if (chosen.includes(key)) move(key, Math.min(place, chosen.length) - 1 - chosen.indexOf(key), "up");
    else choose(key, place - 1);
  } else return;
  event.preventDefault();
});

chosenList.addEventListener("click", (event) => {
  const act = event.target.closest("[data-act]")?.dataset.act;
  const key = event.target.closest("[data-key]")?.dataset.key;
  if (act === "remove") remove(key);
  else if (act) move(key, act === "up" ? -1 : 1, act);
});

chosenList.addEventListener("keydown", (event) => {
  const key = event.target.closest("[data-key]")?.dataset.key;
  if (!key) return;
  if (event.key === "Delete" || event.key === "Backspace") remove(key);
  else if (event.key === "ArrowUp") move(key, -1, "up");
  else if (event.key === "ArrowDown") move(key, 1, "down");
  else return;
  event.preventDefault();
});

for (const slot of slots) slot.addEventListener("click", rearrange);

/* --- dragging: the row follows the finger, the others make room --- */
chosenList.addEventListener("pointerdown", (event) => {
  const row = event.target.closest(".pick");
  const byHandle = event.target.closest("[data-handle]");
  if (!row || event.button !== 0 || (!byHandle && (event.pointerType !== "mouse" || event.target.closest("button")))) return;
  event.preventDefault();
  let from = event.clientY;
  const before = [...chosenList.children];
  row.classList.add("is-held");
  chosenList.setPointerCapture(event.pointerId);

  const follow = (moved) => {
    const shift = moved.clientY - from;
    const next = shift > 0 ? row.nextElementSibling : row.previousElementSibling;
    if (next && Math.abs(shift) > next.offsetHeight / 2) {
      from += Math.sign(shift) * next.offsetHeight;
      if (shift > 0) next.after(row);
      else next.before(row);
    }
    row.style.transform = `translateY(${moved.clientY - from}px)`;
  };
  const drop = (ended) => {
    chosenList.removeEventListener("pointermove", follow);
    for (const kind of ["pointerup", "pointercancel"]) chosenList.removeEventListener(kind, drop);
    if (ended.type === "pointercancel") chosenList.replaceChildren(...before);
    chosen = [...chosenList.children].map((each) => each.dataset.key);
    const { key } = row.dataset;
    commit(fill(say.placed, nameOf(key), chosen.indexOf(key) + 1));
  };
  chosenList.addEventListener("pointermove", follow);
  for (const kind of ["pointerup", "pointercancel"]) chosenList.addEventListener(kind, drop);
});

/* --- searching, and adding one's own --- */
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

function filter() {
  const wanted = plain(search.value.trim());
  let found = 0;
  for (const [key, button] of options) {
    const hit = key === "other" || !wanted || plain(button.textContent).includes(wanted);
    const gone = (arranged && chosen.includes(key)) || !hit;
    button.parentElement.hidden = gone;
    if (!gone && key !== "other") found += 1;
  }
  const other = options.get("other");
  if (other) {
    const isOffer = wanted && !chosen.includes("other");
    other.querySelector(".name").textContent = isOffer ? fill(say.add, search.value.trim()) : texts.other;
  }
  rest.hidden = !arranged && (found > 0 || !wanted);
  rest.textContent = wanted && !found ? say.nothing : fill(say.rest, "", found);
}

function addOwn() {
  if (chosen.includes("other") || full()) return tell(state());
  const typed = search.value.trim();
  search.value = "";
  own.value = typed;
  filter();
  choose("other");
}

texts.other = options.get("other")?.querySelector(".name").textContent;
search.addEventListener("input", (event) => {
  event.stopPropagation();
  filter();
});
search.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  const hits = [...options].filter(([key, button]) => key !== "other" && !button.parentElement.hidden);
  if (!search.value.trim()) return;
  if (hits.length) hits[0][1].focus();
  else if (options.has("other")) addOwn();
});
list.addEventListener("click", (event) => {
  if (!search.value.trim() || event.target.closest("[data-key]")?.dataset.key !== "other" || chosen.includes("other")) return;
  event.stopImmediatePropagation();
  addOwn();
}, { capture: true });
own?.addEventListener("change", show);

/* --- going on --- */
form.addEventListener("leave", (event) => {
  const wordless = chosen.includes("other") && !own.value.trim();
  if (chosen.length && !wordless) return;
  event.preventDefault();
  tell(wordless ? say.wordless : say.none, true);
  (wordless ? own : options.values().next().value).focus({ preventScroll: true });
  stateLine.scrollIntoView({ block: "center" });
});

show();
if (chosen.length && arranged) tell(state());
