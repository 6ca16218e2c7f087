// A choice of one of several cards.

import { h } from "./dom.js";

/**
 * A group of radio buttons. Options are `{value, label, hint?, image?, theme?, disabled?}`; `onChange` is called with each new value.
 *
 * @returns `{element, value(), choose(value), focus(), disable(value, isDisabled, hint)}`; `element` is a fieldset.
 */
export function radios(legend, name, options, chosen, { className = "", onChange = () => {} } = {}) {
  const element = h(
    "fieldset",
    { class: `radios ${className}`, on: { change: () => onChange(value()) } },
    h("legend", {}, legend),
    h("div", { class: "options" }, options.map((option) => card(name, option, chosen))),
  );
  function value() {
    return element.querySelector("input:checked")?.value ?? null;
  }
  const find = (wanted) => [...element.querySelectorAll("input")].find((each) => each.value === wanted);
  /** Choose an option as the user does, and focus it unless `focus` is false. */
  function choose(wanted, { focus = true } = {}) {
    const input = find(wanted);
    input.click();
    if (focus) input.focus();
  }
  /** Focus the chosen option. */
  function focus() {
    element.querySelector("input:checked").focus({ preventScroll: true });
  }
  /** Disable or enable an option, and replace its hint. */
  function disable(wanted, isDisabled, text) {
    const input = find(wanted);
    input.disabled = isDisabled;
    input.closest("label").querySelector("small").textContent = text;
  }
  return { element, value, choose, focus, disable };
}

function card(name, { value, label, hint, image, theme, disabled }, chosen) {
  return h(
    "label",
    { class: "option", "data-theme": theme },
    h("input", { type: "radio", name, value, checked: value === chosen, disabled }),
    image && h("img", { src: image, alt: "", width: 1200, height: 630, loading: "lazy" }),
    h("span", { dir: "auto" }, label, hint && h("small", { dir: "auto" }, hint)),
  );
}
