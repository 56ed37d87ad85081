/* What-if: sliders beside the fields they move. The fields hold what is sent, so that the page works without this file. */

const form = document.getElementById("lab-form");
const numberOf = (text) => Number.parseFloat(String(text).replace(",", "."));

/* --- weights: each slider moves its number, and follows it --- */
function pair(slider) {
  const field = document.getElementById(slider.dataset.slides);
  slider.hidden = false;
  slider.addEventListener("input", () => (field.value = slider.value));
  field.addEventListener("input", () => {
    const told = numberOf(field.value);
    if (Number.isFinite(told)) slider.value = told;
  });
}

/* --- curves: "0 = 0; 5 = 100" as rows of value and share --- */
const pointsOf = (text) =>
  text.split(";").map((part) => part.split("=").map(numberOf)).filter((point) => point.length === 2 && point.every(Number.isFinite));

function edit(label) {
  const field = label.querySelector("input");
  const editor = document.getElementById("lab-points").content.firstElementChild.cloneNode(true);
  const list = editor.querySelector("ol");
  const blank = list.firstElementChild;
  label.after(editor);

  const tell = () => {
    const rows = [...list.children].map((row) => [numberOf(row.querySelector("[data-x]").value), numberOf(row.querySelector("[data-y]").value)]);
    field.value = rows.filter((row) => row.every(Number.isFinite)).map(([x, y]) => `${x} = ${y}`).join("; ");
  };
  const add = ([x, y]) => {
    const row = blank.cloneNode(true);
    const value = row.querySelector("[data-x]"), share = row.querySelector("[data-y]"), said = row.querySelector("output");
    value.value = x;
    share.value = y;
    said.textContent = `${y}\u202f%`;
    row.addEventListener("input", () => {
      said.textContent = `${share.value}\u202f%`;
      tell();
    });
    row.querySelector("[data-drop]").addEventListener("click", () => {
      if (list.children.length < 2) return;
      row.remove();
      tell();
      field.dispatchEvent(new Event("change", { bubbles: true }));
    });
    list.append(row);
  };
  const fill = () => {
    list.replaceChildren();
    for (const point of pointsOf(field.value)) add(point);
  };
  editor.querySelector("[data-add]").addEventListener("click", () => {
    const [x, y] = pointsOf(field.value).at(-1) ?? [0, 0];
    add([x + 1, y]);
    tell();
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });
  field.addEventListener("input", fill);
  fill();
}

if (form && !form.querySelector("fieldset:disabled")) {
  for (const slider of form.querySelectorAll("[data-slides]")) pair(slider);
  for (const label of form.querySelectorAll("[data-curve]")) edit(label);
}
