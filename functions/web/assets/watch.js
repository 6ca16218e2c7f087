// Polls for changes while the page is visible.

const POLL_MS = 5_000;

/** Call `read` periodically, while the element is on a visible page, until the result differs from `known`. */
export function watch(element, read, known, onChange) {
  const before = JSON.stringify(known);
  const timer = setInterval(async () => {
    if (!element.isConnected) return clearInterval(timer);
    if (document.visibilityState !== "visible" || document.querySelector("dialog[open]")) return;
    const found = await read().catch(() => known);
    if (!element.isConnected || JSON.stringify(found) === before) return;
    clearInterval(timer);
    onChange(found);
  }, POLL_MS);
}
