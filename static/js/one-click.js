/* A score clicked in a mail, recorded with that one click – but by a person: mail scanners open every link, and some run
   scripts. The first movement, touch or key tells the two apart; without any, nothing is sent and the button stays. */

const form = document.querySelector("form[data-one-click]");
const SIGNS = ["pointermove", "pointerdown", "touchstart", "keydown", "wheel"];

async function record(event) {
  if (!event.isTrusted) return;
  for (const sign of SIGNS) removeEventListener(sign, record);
  const told = new URLSearchParams(new FormData(form));
  const taken = await fetch(location.href, { method: "POST", body: told, redirect: "manual", keepalive: true }).catch(() => null);
  if (taken?.type !== "opaqueredirect") return; // the button sends it, and says what is wrong
  form.querySelector("[data-unrecorded]").hidden = true;
  form.querySelector("[data-recorded]").hidden = false;
}

for (const sign of SIGNS) addEventListener(sign, record, { passive: true });
