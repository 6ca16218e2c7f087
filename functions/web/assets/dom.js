// Creates elements without markup: user input is always text, and the page's policy forbids anything else.

/**
 * Create an element. Attributes by name; `on` has listeners by event, `data` the dataset, `style` CSS properties; true sets an
 * attribute without a value, false omits it. Children are nodes or text; null, undefined and false are omitted.
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "style") for (const [key, each] of Object.entries(value)) element.style.setProperty(key, each);
    else if (name === "value") element.value = value;
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...flatten(children));
  return element;
}

/** Replace the children of an element. */
export function fill(element, ...children) {
  element.replaceChildren(...flatten(children));
  return element;
}

function flatten(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

// The two taps of a double tap are closer together than this.
const DOUBLE_TAP_MS = 400;

/** Open a dialog over the page. It ignores the second tap of a double tap that opened it. */
export function openDialog(dialog) {
  dialog.classList.add("just-shown");
  setTimeout(() => dialog.classList.remove("just-shown"), DOUBLE_TAP_MS);
  dialog.showModal();
}

/** Announce a text to screen readers. */
export function announce(text) {
  let region = document.getElementById("live");
  if (!region) {
    region = h("p", { id: "live", class: "unseen", role: "status", "aria-live": "polite" });
    document.body.append(region);
  }
  region.textContent = text;
}

export const config = JSON.parse(document.body.dataset.config);
