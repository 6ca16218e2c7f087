// A small number, by buttons or by typing it.

import { h } from "./dom.js";
import { t } from "./i18n.js";

/** A field for a number from `min` to `max`; `changed` is told each one. `value()` is always within. */
export function stepper(label, { min = 1, max, value = min, changed = () => {} }) {
  const less = h("button", { type: "button", "aria-label": t("shop.less"), on: { click: () => set(number() - 1) } }, "−");
  const more = h("button", { type: "button", "aria-label": t("shop.more_of_it"), on: { click: () => set(number() + 1) } }, "+");
  const input = h("input", { type: "number", inputmode: "numeric", min, max, value, "aria-label": label, on: { change: () => set(number()) } });
  function number() {
    const typed = Math.trunc(input.valueAsNumber);
    return Number.isNaN(typed) ? min : Math.min(max, Math.max(min, typed));
  }
  function set(wanted) {
    input.value = Math.min(max, Math.max(min, wanted));
    // Not disabled: whoever pressed one would lose their place on the page.
    less.setAttribute("aria-disabled", input.valueAsNumber === min);
    more.setAttribute("aria-disabled", input.valueAsNumber === max);
    changed(input.valueAsNumber);
  }
  set(value);
  const element = h(
    "div",
    { class: "stepper", role: "group", "aria-label": label },
    h("span", { class: "stepper-label", "aria-hidden": "true" }, label),
    h("span", { class: "stepper-box" }, less, input, more),
  );
  return { element, value: number };
}
