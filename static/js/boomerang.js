/* The boomerang page: the time slider shows the counts of a past month in place and plays two years of them; a customer
   dragged onto a stage opens the move to it. Without this file the slider is a form that asks the server for the
   month, and every customer has its link to move. */

let dragged = null;

document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.("[data-move]") ?? null;
  if (dragged) event.dataTransfer.setData("text/plain", dragged.dataset.move);
});
document.addEventListener("dragend", () => {
  dragged = null;
  for (const target of document.querySelectorAll(".is-target")) target.classList.remove("is-target");
});
for (const target of document.querySelectorAll(".picture [data-stage], .stage-list [data-stage]")) {
  target.addEventListener("dragover", (event) => {
    if (!dragged) return;
    event.preventDefault();
    target.classList.add("is-target");
  });
  target.addEventListener("dragleave", () => target.classList.remove("is-target"));
  target.addEventListener("drop", (event) => {
    if (!dragged) return;
    event.preventDefault();
    location.assign(`${dragged.dataset.move}?stage=${encodeURIComponent(target.dataset.stage)}`);
  });
}

const form = document.querySelector("form[data-replay]");
if (form) {
  const slider = form.querySelector("[data-ago]");
  const play = form.querySelector("[data-play]");
  const then = document.querySelector("[data-then]");
  const reading = Intl.NumberFormat(document.documentElement.lang);
  const day = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "long", timeZone: "UTC" });
  const counts = [...document.querySelectorAll("[data-stage]")].map((place) => [
    place.dataset.stage, [...place.querySelectorAll("[data-count]")], place.querySelector("[data-count]")?.textContent,
  ]);
  const today = [...document.querySelectorAll("[data-now]")];
  let frames = null;
  let timer = 0;

  const load = async () => {
    if (!frames) frames = (await (await fetch(form.dataset.replay)).json()).frames;
    return frames;
  };

  const show = async () => {
    const ago = Number(slider.value);
    const frame = (await load()).at(-1 - ago);
    if (ago !== Number(slider.value)) return;
    for (const element of today) element.classList.toggle("of-today", ago > 0);
    for (const [key, elements, now] of counts)
      for (const element of elements) element.textContent = ago ? reading.format(frame.customers[key] ?? 0) : now;
    then.hidden = ago === 0;
    then.textContent = ago ? day.format(new Date(`${frame.day}T00:00:00Z`)) : "";
    slider.setAttribute("aria-valuetext", day.format(new Date(`${frame.day}T00:00:00Z`)));
  };

  const stop = () => {
    clearInterval(timer);
    timer = 0;
    play.setAttribute("aria-pressed", "false");
  };

  play.addEventListener("click", async () => {
    if (timer) return stop();
    await load();
    if (slider.value === "0") slider.value = slider.max;
    play.setAttribute("aria-pressed", "true");
    show();
    timer = setInterval(() => {
      slider.value = String(Number(slider.value) - 1);
      show();
      if (slider.value === "0") stop();
    }, 700);
  });

  // A page that shows a past month already has no figures of today to come back to: there the form asks the server.
  if (slider.defaultValue === "0") {
    slider.addEventListener("input", () => { stop(); show(); });
    form.querySelector("[data-show]").hidden = true;
    play.hidden = false;
  } else slider.addEventListener("change", () => form.requestSubmit());
}
