// Looking again, while somebody looks.

const EVERY_MS = 5_000;

/** Asks now and then, as long as the element is on the page and the page is seen, until the answer is not `known` any more. */
export function watch(element, ask, known, changed) {
  const before = JSON.stringify(known);
  const timer = setInterval(async () => {
    if (!element.isConnected) return clearInterval(timer);
    if (document.visibilityState !== "visible" || document.querySelector("dialog[open]")) return;
    const answer = await ask().catch(() => known);
    if (!element.isConnected || JSON.stringify(answer) === before) return;
    clearInterval(timer);
    changed(answer);
  }, EVERY_MS);
}
