/* After answering: the draft goes, codes and links are copied with one tap, and the device's own way to share is used. */

const page = document.querySelector("[data-thanks]");
if ("sent" in page.dataset) {
  try {
    localStorage.removeItem(`survey:${page.dataset.thanks}`);
  } catch {
    /* nothing is stored where nothing may be */
  }
}

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    const before = button.textContent;
    button.textContent = button.dataset.done;
    setTimeout(() => { button.textContent = before; }, 2500);
  });
}

const share = document.querySelector("[data-share]");
if (share && navigator.share) {
  share.hidden = false;
  share.addEventListener("click", () => {
    navigator.share({ title: share.dataset.title, url: share.dataset.url }).catch(() => {});
  });
}
