/* Menus and dialogs that close as expected, selection in tables, toasts with undo, and the poll that
   lets a panel ask for news only while somebody looks at it. Every part works without this file. */

/* --- menus: <details data-menu> closes on Escape, outside clicks and when another opens --- */
const openMenus = () => document.querySelectorAll("details[data-menu][open]");

document.addEventListener("click", (event) => {
  for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens)?.showModal();
  if (event.target.nodeName === "DIALOG") event.target.close();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  const menus = [...openMenus()];
  if (menus.length) {
    for (const menu of menus) menu.open = false;
    menus[0].querySelector("summary").focus();
    return;
  }
  for (const form of document.querySelectorAll("form[data-bulk]")) setAll(form, false);
});

for (const button of document.querySelectorAll("[data-opens][hidden]")) button.hidden = false;

/* --- tabs and the phone's navigation: the current one is in sight, also where they do not all fit --- */
function showCurrentTab() {
  for (const tab of document.querySelectorAll(".tabs [aria-current], .nav [aria-current]")) {
    const row = tab.closest(".tabs, .nav");
    row.scrollLeft = tab.offsetLeft - row.offsetLeft - (row.clientWidth - tab.offsetWidth) / 2;
  }
}

showCurrentTab();
document.addEventListener("htmx:afterSettle", showCurrentTab);

/* --- selection --- */
const boxes = (form) => [...form.querySelectorAll("tbody input[type=checkbox]")];
let lastBox = null;

function setAll(form, checked) {
  for (const box of boxes(form)) box.checked = checked;
  refresh(form);
}

function refresh(form) {
  const all = boxes(form);
  const picked = all.filter((box) => box.checked);
  const head = form.querySelector("[data-check-all]");
  if (head) {
    head.checked = all.length > 0 && picked.length === all.length;
    head.indeterminate = picked.length > 0 && picked.length < all.length;
  }
  const count = form.querySelector("[data-selected-count]");
  if (count) count.textContent = picked.length.toLocaleString(document.documentElement.lang);
}

document.addEventListener("click", (event) => {
  const box = event.target.closest("form[data-bulk] tbody input[type=checkbox]");
  if (!box) return;
  const all = boxes(box.form);
  if (event.shiftKey && lastBox && all.includes(lastBox)) {
    const [from, to] = [all.indexOf(lastBox), all.indexOf(box)].sort((a, b) => a - b);
    for (const each of all.slice(from, to + 1)) each.checked = box.checked;
  }
  lastBox = box;
  refresh(box.form);
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-check-all]")) setAll(event.target.form, event.target.checked);
});

for (const form of document.querySelectorAll("form[data-bulk]")) refresh(form);
addEventListener("pageshow", () => document.querySelectorAll("form[data-bulk]").forEach(refresh));

/* --- toasts: the server sends HX-Trigger {"toast": {"text", "undo_url", "undo_label"}} --- */
const TOAST_MS = 10000;

document.addEventListener("toast", (event) => {
  const { text, undo_url: undoUrl, undo_label: undoLabel } = event.detail;
  const toast = document.createElement("div");
  toast.className = "toast";
  toast.append(text);
  if (undoUrl) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = undoLabel;
    button.addEventListener("click", async () => {
      button.disabled = true;
      const token = JSON.parse(document.body.getAttribute("hx-headers") ?? "{}");
      const answer = await fetch(undoUrl, { method: "POST", headers: token });
      if (answer.ok) location.reload();
      else button.disabled = false;
    });
    toast.append(button);
  }
  document.getElementById("toasts").append(toast);
  setTimeout(() => toast.remove(), TOAST_MS);
});

/* --- poll: panels listen with hx-trigger="poll from:body" --- */
const POLL_MS = 1000;

setInterval(() => {
  if (document.visibilityState === "visible") document.body.dispatchEvent(new CustomEvent("poll"));
}, POLL_MS);
