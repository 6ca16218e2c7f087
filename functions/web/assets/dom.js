// Elements without markup: what people wrote is always text, and the page's policy lets nothing else in.

/**
 * An element. Attributes by name; `class` too; `on` has listeners by event, `data` the dataset, `style` custom and other
 * properties; true and false are there and not there. Children are nodes or text; null, undefined and false are left out.
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
  element.append(...present(children));
  return element;
}

/** What an element holds, anew. */
export function fill(element, ...children) {
  element.replaceChildren(...present(children));
  return element;
}

function present(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

// Two taps of one person are closer together than that.
const TWO_TAPS_MS = 400;

/** Shows a dialog over the page. The second tap of two that opened it is not for what stands in it. */
export function showOver(dialog) {
  dialog.classList.add("just-shown");
  setTimeout(() => dialog.classList.remove("just-shown"), TWO_TAPS_MS);
  dialog.showModal();
}

/** Says something to who listens to the page rather than looks at it. */
export function announce(text) {
  let region = document.getElementById("live");
  if (!region) {
    region = h("p", { id: "live", class: "unseen", role: "status", "aria-live": "polite" });
    document.body.append(region);
  }
  region.textContent = text;
}

export const config = JSON.parse(document.body.dataset.config);
