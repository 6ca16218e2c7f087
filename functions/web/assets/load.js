// Starts the script of a page, and repairs what did not load: a browser gives up on a file after one failure.
// It imports nothing, because that may fail, and `load_again.js` requests it again if it fails itself.

const RETRY_MS = 500;

/**
 * Reload the page after a failure to load a script, because the browser remembers the failure of a module until then. Return
 * false if that was tried already, or if there is no connection.
 */
export async function reloadOnce() {
  if (history.state?.reloaded) return false;
  const isReachable = await fetch(location.pathname, { cache: "no-store" })
    .then((response) => response.text())
    .then(
      () => true,
      () => false,
    );
  if (!isReachable) return false;
  history.replaceState({ ...history.state, reloaded: true }, "");
  location.reload();
  return true;
}

/** A part of the page that did not load, although it was requested again. */
export class NotLoaded extends Error {}

/** Return the module that `load` imports. After a failure the page is reloaded, or NotLoaded is thrown. */
export async function importOrReload(load) {
  try {
    return await load();
  } catch (error) {
    if (await reloadOnce()) await new Promise(() => {}); // until the reload
    throw new NotLoaded(error.message);
  }
}

/** Tell that everything has loaded: the next failure reloads the page again. */
export function markLoaded() {
  if (history.state?.reloaded) history.replaceState({ ...history.state, reloaded: false }, "");
}

/** Return whether a style sheet was loaded. Chromium has a sheet without readable rules for one that failed. */
function hasRules(link) {
  try {
    return link.sheet.cssRules.length > 0;
  } catch {
    return false;
  }
}

/** Request a style sheet again, once. Another address, so that the browser does not answer from its memory. */
function repairStyle(link) {
  if (hasRules(link)) return;
  const again = link.cloneNode();
  again.href = `${link.href}?again=1`;
  link.replaceWith(again);
}

/** Request an image again, once. */
function repairImage(image) {
  if (image.dataset.again) return;
  image.dataset.again = "true";
  setTimeout(() => {
    image.src = image.src;
  }, RETRY_MS);
}

/** Show the text that the page has for a failure, with a button to try again. */
function showFailure() {
  const notice = document.querySelector(".stalled");
  if (!notice) return;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = notice.dataset.again;
  button.addEventListener("click", () => location.reload());
  notice.classList.add("failed");
  notice.append(" ", button);
}

async function start() {
  for (const link of document.querySelectorAll('link[rel="stylesheet"]')) repairStyle(link);
  const isBroken = (image) => image.complete && image.naturalWidth === 0 && image.getAttribute("src");
  for (const image of document.images) if (isBroken(image)) repairImage(image);
  document.addEventListener("error", ({ target }) => target instanceof HTMLImageElement && repairImage(target), true);
  try {
    await import(new URL(document.body.dataset.start, import.meta.url).href);
  } catch (error) {
    console.warn(error);
    if (!(await reloadOnce())) showFailure();
  }
}

if (!document.documentElement.dataset.started) {
  document.documentElement.dataset.started = "true";
  start();
}
