// Creates elements without markup: user input is always text, and the page's policy forbids anything else.

import { pause } from "./load.js";

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
    else if (name === "src" && value) element.src = reachable(value);
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

const ANNOUNCEMENT_MS = 3_000;

/** Announce a text to screen readers. */
export function announce(text) {
  let region = document.getElementById("live");
  if (!region) {
    region = h("p", { id: "live", class: "unseen", role: "status", "aria-live": "polite" });
    document.body.append(region);
  }
  region.textContent = text;
}

/**
 * Clear the announcements of an earlier view, when another one is shown. Those made just before, of an action that led to the
 * new view, get the time to be read.
 */
export function expireAnnouncement() {
  const region = document.getElementById("live");
  const text = region?.textContent;
  if (!text) return;
  setTimeout(() => {
    if (region.textContent === text) region.textContent = "";
  }, ANNOUNCEMENT_MS);
}

const PLACEHOLDER = new URL("no_picture.svg", import.meta.url).href;
const MAX_REPAIRS = 2;

/**
 * Show a placeholder in place of a picture that cannot be loaded, or that the page's policy forbids. Request the picture again
 * in a moment, because the request may have been refused.
 */
async function repairPicture(image) {
  if (image.src === PLACEHOLDER || image.src.startsWith("blob:")) return;
  const source = image.src;
  const repairs = Number(image.dataset.repairs ?? 0);
  image.src = PLACEHOLDER;
  image.classList.add("no-picture");
  if (repairs === MAX_REPAIRS) return;
  image.dataset.repairs = repairs + 1;
  await pause(repairs + 1);
  image.src = source;
  image.decode().then(
    () => image.classList.remove("no-picture"),
    () => {}, // reported as an error of the element, too
  );
}
for (const image of document.images) if (image.complete && image.naturalWidth === 0) repairPicture(image);
// An element's error does not bubble.
document.addEventListener("error", ({ target }) => target instanceof HTMLImageElement && repairPicture(target), true);

const LOOPBACK = ["127.0.0.1", "localhost", "[::1]"];

/**
 * Return an address of this deployment as this device reaches it. A local stack names itself by an address that only its own
 * machine has; another device in the network knows it by the address of the page.
 */
export function reachable(url) {
  if (!url || LOOPBACK.includes(location.hostname)) return url;
  const parsed = new URL(url, location.href);
  return LOOPBACK.includes(parsed.hostname) ? location.origin + parsed.pathname + parsed.search + parsed.hash : url;
}

/** Return a random identifier of 128 bits. `crypto.randomUUID` exists on encrypted pages only. */
export function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export const config = JSON.parse(document.body.dataset.config);
