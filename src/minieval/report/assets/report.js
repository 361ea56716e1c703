"use strict";
// Filters the disagreements. Everything is in the page already; this hides what was not asked for, and keeps the
// filters in the address, so that a view can be sent to somebody.
(() => {
  const filters = document.getElementById("filters");
  if (!filters) return;
  const families = [...filters.querySelectorAll("select")].map((select) => select.name);
  const field = (name) => filters.querySelector(`[name="${name}"]`);
  const kinds = [...filters.querySelectorAll('[name="kind"]')];
  const cases = [...document.querySelectorAll(".case")].map((element) => ({
    element,
    text: element.textContent.replace(/\s+/g, " ").toLowerCase(),
  }));

  const isKind = (element, kind) =>
    kind === "" || (kind === "over" ? "over" in element.dataset : element.dataset.kind === kind);

  const chosen = () => kinds.find((radio) => radio.checked).value;

  function apply() {
    const wanted = field("q").value.trim().replace(/\s+/g, " ").toLowerCase();
    const rest = cases.filter(
      ({ element, text }) =>
        text.includes(wanted) && families.every((name) => ["", element.dataset[name]].includes(field(name).value)),
    );
    const kind = chosen();
    for (const { element } of cases) element.hidden = true;
    const shown = rest.filter(({ element }) => isKind(element, kind));
    for (const { element } of shown) element.hidden = false;
    // A kind's number is what choosing it would show, the other filters staying as they are.
    for (const radio of kinds) {
      const count = rest.filter(({ element }) => isKind(element, radio.value)).length;
      radio.parentElement.querySelector(".count").textContent = String(count);
    }
    document.getElementById("shown").textContent = String(shown.length);
    document.getElementById("nothing").hidden = shown.length > 0;
  }

  function remember() {
    const parameters = new URLSearchParams();
    if (chosen()) parameters.set("kind", chosen());
    for (const name of [...families, "q"]) if (field(name).value) parameters.set(name, field(name).value);
    const text = String(parameters);
    history.replaceState(null, "", text ? `#${text}` : "#disagreements");
  }

  function recall() {
    const hash = location.hash.slice(1);
    const named = !hash.includes("=");
    const target = named && hash ? document.getElementById(hash) : null;
    if (named && !(target && target.hidden)) return;
    const parameters = new URLSearchParams(named ? "" : hash);
    const kind = parameters.get("kind") ?? "";
    for (const radio of kinds) radio.checked = radio.value === kind;
    if (!kinds.some((radio) => radio.checked)) kinds[0].checked = true;
    for (const name of [...families, "q"]) {
      field(name).value = parameters.get(name) ?? "";
      if (field(name).selectedIndex === -1) field(name).value = "";
    }
    apply();
    (target ?? document.getElementById("disagreements")).scrollIntoView();
  }

  filters.addEventListener("input", () => {
    apply();
    remember();
  });
  filters.querySelector("button").addEventListener("click", () => {
    kinds[0].checked = true;
    for (const name of [...families, "q"]) field(name).value = "";
    apply();
    remember();
    kinds[0].focus();
  });
  window.addEventListener("hashchange", recall);
  filters.hidden = false;
  // A reload may bring the browser's own memory of the fields back.
  apply();
  recall();
})();
