// One of several, as cards to choose from.

import { h } from "./dom.js";

/**
 * A group of radio buttons. Options are `{value, label, hint?, image?}`; `changed` is told each choice.
 *
 * @returns `{element, value()}`; `element` is a fieldset.
 */
export function radios(legend, name, options, chosen, { look = "", changed = () => {} } = {}) {
  const element = h(
    "fieldset",
    { class: `radios ${look}`, on: { change: () => changed(value()) } },
    h("legend", {}, legend),
    h("div", { class: "options" }, options.map((option) => card(name, option, chosen))),
  );
  function value() {
    return element.querySelector("input:checked")?.value ?? null;
  }
  return { element, value };
}

function card(name, { value, label, hint, image, disabled }, chosen) {
  return h(
    "label",
    { class: "option" },
    h("input", { type: "radio", name, value, checked: value === chosen, disabled }),
    image && h("img", { src: image, alt: "", width: 1200, height: 630, loading: "lazy" }),
    h("span", {}, label, hint && h("small", {}, hint)),
  );
}
