// A choice of one of several cards.

import { h } from "./dom.js";

/**
 * A group of radio buttons. Options are `{value, label, hint?, image?, theme?, disabled?}`; `onChange` is called with each new value.
 *
 * @returns `{element, value(), choose(value)}`; `element` is a fieldset.
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
  /** Choose an option as the user does, and focus it. */
  function choose(wanted) {
    const input = [...element.querySelectorAll("input")].find((each) => each.value === wanted);
    input.click();
    input.focus();
  }
  return { element, value, choose };
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
