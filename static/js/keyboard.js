/* Keyboard: "/" search, "?" help, "g" then a letter, j/k or arrows in lists, a page's own letters, Ctrl/⌘ K palette. */
const WAIT = 1200;
const help = document.getElementById("help");
const palette = document.getElementById("palette");
let goUntil = 0;

const isTyping = (target) => target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
const rows = () => [...document.querySelectorAll("[data-row]")].filter((row) => row.offsetParent !== null);

function activeRow() {
  const focused = document.activeElement?.closest("[data-row]");
  return focused ?? document.querySelector("[data-row].is-active") ?? document.querySelector("[data-row]:has([aria-current])");
}

function step(by) {
  const all = rows();
  if (!all.length) return;
  const at = all.indexOf(activeRow());
  const next = all[Math.min(Math.max(at + by, 0), all.length - 1)];
  for (const row of all) row.classList.toggle("is-active", row === next);
  next.querySelector("[data-open]")?.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  next.dispatchEvent(new CustomEvent("row"));
}

/* Pages name their own keys with data-key; what opens by one, or stands open, takes the cursor to its first field. */
function press(key) {
  const all = document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`);
  const target = [...all].find((each) => each.offsetParent !== null);
  if (!target) return false;
  const opens = target.nodeName === "SUMMARY";
  if (!opens || !target.parentElement.open) target.click();
  if (opens) target.parentElement.querySelector("textarea, input:not([type=hidden]), select")?.focus();
  return true;
}

function toggleRow() {
  const box = activeRow()?.querySelector("input[type=checkbox]");
  if (!box) return false;
  box.click();
  return true;
}

const plain = {
  "/": () => {
    const field = document.querySelector(".list-search input[type=search]") ?? document.querySelector("[data-search]");
    if (!field || field.offsetParent === null) return openPalette();
    field.focus();
    field.select();
  },
  "?": () => help?.showModal(),
  g: () => { goUntil = Date.now() + WAIT; },
  j: () => step(1),
  k: () => step(-1),
  x: toggleRow,
};

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    openPalette();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (isTyping(event.target)) return;
  if (Date.now() < goUntil) {
    goUntil = 0;
    const link = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
    if (link) {
      event.preventDefault();
      link.click();
    }
    return;
  }
  const inList = event.target.closest("[data-row]");
  const action = plain[event.key] ?? (inList && { ArrowDown: plain.j, ArrowUp: plain.k }[event.key]);
  if (action) {
    event.preventDefault();
    action();
  } else if (event.key.length === 1 && press(event.key)) {
    event.preventDefault();
  }
});

/* --- palette: pages from the navigation, customers from the server --- */
const field = palette?.querySelector("input");
const list = palette?.querySelector("#palette-list");
let asked = 0;

function pageLinks(text) {
  const wanted = text.toLowerCase();
  return [...document.querySelectorAll(".nav a")]
    .filter((link) => link.textContent.toLowerCase().includes(wanted))
    .map((link) => {
      const copy = document.createElement("a");
      copy.href = link.href;
      copy.setAttribute("role", "option");
      const icon = link.querySelector("svg")?.cloneNode(true);
      if (icon) copy.append(icon);
      copy.append([...link.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.textContent.trim()).join(""));
      return copy;
    });
}

function choose(link) {
  for (const each of list.querySelectorAll("a")) each.setAttribute("aria-selected", String(each === link));
  list.querySelectorAll("a").forEach((each, index) => { each.id = `palette-${index}`; });
  field.setAttribute("aria-activedescendant", link?.id ?? "");
  link?.scrollIntoView({ block: "nearest" });
}

function show(found) {
  list.replaceChildren(...found);
  if (!found.length) {
    const note = document.createElement("p");
    note.className = "menu-title";
    note.textContent = list.dataset.empty;
    list.append(note);
  }
  choose(list.querySelector("a"));
}

async function search() {
  const text = field.value.trim();
  const mine = ++asked;
  const pages = pageLinks(text);
  show(pages);
  if (!text || !palette.dataset.searchUrl) return;
  const answer = await fetch(`${palette.dataset.searchUrl}?q=${encodeURIComponent(text)}`).catch(() => null);
  if (!answer?.ok) return;
  const holder = document.createElement("template");
  holder.innerHTML = await answer.text();
  if (mine === asked) show([...pages, ...holder.content.querySelectorAll("a")]);
}

function openPalette() {
  if (!palette || palette.open) return;
  field.value = "";
  show(pageLinks(""));
  palette.showModal();
  field.focus();
}

field?.addEventListener("input", search);
field?.addEventListener("keydown", (event) => {
  const links = [...list.querySelectorAll("a")];
  const at = links.findIndex((link) => link.getAttribute("aria-selected") === "true");
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    const by = event.key === "ArrowDown" ? 1 : -1;
    choose(links[(at + by + links.length) % links.length]);
  } else if (event.key === "Enter") {
    event.preventDefault();
    const all = document.querySelector(".rail-search");
    if (links[at]) links[at].click();
    else if (all && field.value.trim()) location.assign(`${all.action}?q=${encodeURIComponent(field.value.trim())}`);
  }
});
