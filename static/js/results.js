// What the results page gains from a script: copying and printing; on phones the groups start folded, as they are long.
for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const label = button.textContent;
    await navigator.clipboard.writeText(new URL(button.dataset.copy, location.href).href);
    button.textContent = button.dataset.done;
    setTimeout(() => { button.textContent = label; }, 2000);
  });
}
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
if (matchMedia("(width < 760px)").matches) {
  const blocks = document.querySelectorAll("details.block");
  for (const block of blocks) block.open = false;
  addEventListener("beforeprint", () => { for (const block of blocks) block.open = true; });
}
