// A field for a small number, with buttons.

import { h } from "./dom.js";
import { t } from "./i18n.js";

/** A field for a number from `min` to `max`. `value()` is always in that range; `onChange` is called with each new value. */
export function stepper(label, { min = 1, max, value = min, onChange = () => {} }) {
  const less = h("button", { type: "button", "aria-label": t("shop.decrease"), on: { click: () => set(number() - 1) } }, "−");
  const more = h("button", { type: "button", "aria-label": t("shop.increase"), on: { click: () => set(number() + 1) } }, "+");
  const input = h("input", { type: "number", inputmode: "numeric", min, max, value, "aria-label": label, on: { change: () => set(number()) } });
  function number() {
    const typed = Math.trunc(input.valueAsNumber);
    return Number.isNaN(typed) ? min : Math.min(max, Math.max(min, typed));
  }
  function set(number) {
    input.value = Math.min(max, Math.max(min, number));
    // Not `disabled`: a disabled button loses the focus.
    less.setAttribute("aria-disabled", input.valueAsNumber === min);
    more.setAttribute("aria-disabled", input.valueAsNumber === max);
    onChange(input.valueAsNumber);
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
