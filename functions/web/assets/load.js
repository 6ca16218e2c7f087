// Loads the scripts and the style sheet of a page, and requests again what was refused: a browser gives up on a file after one
// failure. Both scripts of a page contain this module, so that each can load the other one.

/** Pauses before further attempts. They vary, so that the pages that one moment refused do not all return in another one. */
const PAUSES_MS = [500, 1_500, 4_000, 8_000];

// The addresses of the two scripts of the page, and the texts of this module.
const page = document.head.dataset;
const definitions = new Map();
const instances = new Map();
const requests = new Map();
let attempts = 0;
let isStarted = false;
let isStyled = false;

/** A part of the page that did not load, although it was requested several times. */
export class NotLoaded extends Error {}

/** A script of a newer version of the pages, which needs what this version does not have. */
class Outdated extends Error {}

/** Wait before another attempt, the first time shortest. */
export function pause(attempt) {
  const milliseconds = PAUSES_MS[Math.min(attempt, PAUSES_MS.length) - 1];
  return new Promise((resolve) => setTimeout(resolve, milliseconds * (0.75 + Math.random() / 2)));
}

/**
 * Define a module. `make generate` writes the calls.
 *
 * @param {string[]} imports the names of the modules that `body` receives the exports of.
 * @param {(...imports: object[]) => Promise<object>} body runs when the module is first needed, and resolves to its exports.
 */
export function define(name, imports, body) {
  if (!definitions.has(name)) definitions.set(name, { imports, body });
}

/**
 * Return the exports of a module. If its script is not there yet, it is requested, several times if needed. Throws NotLoaded. If
 * the script is of a newer version of the pages, the page is reloaded.
 */
export async function load(name) {
  if (!definitions.has(name)) await requestOnce(name);
  const reloadedFor = history.state?.reloaded;
  try {
    const exports = await instantiate(name);
    if (reloadedFor === name) history.replaceState({ ...history.state, reloaded: null }, "");
    return exports;
  } catch (error) {
    // Once, because a cache may have the old script.
    if (!(error instanceof Outdated) || reloadedFor) throw error;
    history.replaceState({ ...history.state, reloaded: name }, "");
    location.reload();
    return new Promise(() => {}); // until the reload
  }
}

function instantiate(name) {
  if (!instances.has(name)) {
    const instance = evaluate(name);
    instances.set(name, instance);
    // What could not be loaded may be loaded later.
    instance.catch(() => instances.delete(name));
  }
  return instances.get(name);
}

async function evaluate(name) {
  if (!definitions.has(name)) throw new Outdated(`${name} is not there`);
  const { imports, body } = definitions.get(name);
  const received = [];
  // One after the other, as the browser evaluates modules.
  for (const each of imports) received.push(checked(each, each === "load.js" ? handsel : await instantiate(each)));
  return body(...received);
}

/** Return exports that report a missing name instead of giving undefined. */
function checked(module, exports) {
  return new Proxy(exports, {
    get(_, name) {
      if (!(name in exports)) throw new Outdated(`${module} has no ${String(name)}`);
      return exports[name];
    },
  });
}

/** Request a script, unless it is being requested. */
function requestOnce(name, { again = false } = {}) {
  if (!requests.has(name)) requests.set(name, request(name, again).finally(() => requests.delete(name)));
  return requests.get(name);
}

async function request(name, again) {
  try {
    for (let attempt = again ? 1 : 0; ; attempt += 1) {
      if (attempt > 0) {
        showProgress(true);
        await pause(attempt);
      }
      // A browser remembers the failure of an address until the page is reloaded.
      attempts += attempt > 0 ? 1 : 0;
      const address = new URL(attempt > 0 ? `${name}?again=${attempts}` : name, new URL(page.script, location.href));
      try {
        return await import(address.href);
      } catch (error) {
        console.warn(error);
        if (attempt === PAUSES_MS.length) throw new NotLoaded(error.message);
      }
    }
  } finally {
    showProgress(false);
  }
}

/** Tell the user that something is requested again, until it is there. */
function showProgress(isWaiting) {
  const shown = document.getElementById("progress");
  if (!isWaiting) shown?.remove();
  if (!isWaiting || shown) return;
  const progress = document.createElement("p");
  progress.id = "progress";
  progress.setAttribute("role", "status");
  progress.textContent = page.retrying;
  (document.body ?? document.documentElement).append(progress);
}

/** Show the text that the page has for a failure, with a button to try again. */
function showFailure() {
  const notice = document.querySelector(".stalled");
  if (!notice) return;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = page.again;
  button.addEventListener("click", () => location.reload());
  notice.classList.add("failed");
  notice.append(" ", button);
}

/** Apply the style sheet of the page. The script that calls this has its text, which saves a request. */
export function style(text) {
  if (isStyled) return;
  isStyled = true;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  document.adoptedStyleSheets = [sheet];
}

/** Start the page: run its module, and request the style sheet if it was refused. */
export async function start(name) {
  if (isStarted) return;
  isStarted = true;
  if (!isStyled) requestOnce(fileOf(page.style), { again: true }).catch(() => {});
  try {
    await load(name);
  } catch (error) {
    console.warn(error);
    showFailure();
  }
}

const fileOf = (address) => address.split("/").pop();

/** Request the script of the page again if it was refused: browsers run it, or give up on it, before this event. */
async function repairScript() {
  spare.disconnect();
  if (isStarted) return;
  try {
    await requestOnce(fileOf(page.script), { again: true });
  } catch {
    showFailure();
  }
}
document.addEventListener("DOMContentLoaded", repairScript);

// The page names its style sheet three times, in case that both scripts are refused at once. As soon as one has come, the others are
// not requested: an observer runs before a browser prepares a script that it has parsed.
const spare = new MutationObserver((changes) => {
  for (const node of changes.flatMap(({ addedNodes }) => [...addedNodes])) {
    if (node.localName === "script" && node.getAttribute("src") === page.style) node.removeAttribute("src");
  }
});
spare.observe(document, { childList: true, subtree: true });
