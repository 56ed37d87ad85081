/* What is typed into a log line outlives a lost page: it is kept on this device until the line has been logged. */
const key = (form) => `log:${location.pathname}:${form.elements.customer.value}`;
const kept = ["line", "body"];

for (const form of document.querySelectorAll("form[data-quick-log]")) {
  const logged = new URLSearchParams(location.search).has("logged");
  if (logged) localStorage.removeItem(key(form));
  const held = JSON.parse(localStorage.getItem(key(form)) ?? "{}");
  for (const name of kept) {
    const field = form.elements[name];
    if (!field.value && held[name]) {
      field.value = held[name];
      field.closest("details").open = true;
      form.closest("details").open = true;
    }
  }
  form.addEventListener("input", () => {
    const told = Object.fromEntries(kept.map((name) => [name, form.elements[name].value]));
    localStorage.setItem(key(form), JSON.stringify(told));
  });
}
