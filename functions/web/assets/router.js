// Shows the view that the fragment of the address names. Each view is a module, loaded when it is first shown.

import { SignedOut } from "./api.js";
import { announce, expireAnnouncement, fill, h, randomId } from "./dom.js";
import { t } from "./i18n.js";
import { action, problem, signIn } from "./ui.js";

/** The scroll position by history entry. Entries of earlier documents have theirs in the state of the history. */
const scrolled = new Map();
let entry = null;
let current = null;
let render = () => {};

/**
 * Show the view of the address, now and whenever the address changes.
 *
 * @param {object[]} routes `pattern`, such as "#/orders/:id"; `load` imports the module of the view. The first route is the
 *   default. A module has `async view(main, parameters)`, which draws into `main` and returns the title.
 * @param {HTMLElement} main the element to draw views in.
 * @param {(route: object) => void} onRoute is called for each route that is shown.
 */
export function start(routes, main, onRoute) {
  const compiled = routes.map((route) => ({ ...route, expression: compile(route.pattern) }));
  // Views are drawn later than the browser restores the scroll position.
  history.scrollRestoration = "manual";
  render = (navigated) => show(compiled, main, onRoute, navigated);
  addEventListener("hashchange", () => render(true));
  // The user may come back from another document.
  addEventListener("pagehide", () => changeEntry({ top: scrollY }));
  render(true);
}

/** Draw the current view again, after a sign-in or a change. */
export function redraw() {
  render(false);
}

/** Change the state of the current history entry. */
function changeEntry(change) {
  history.replaceState({ ...history.state, ...change }, "");
}

/** Return how many entries of a list this history entry showed when the user left it. */
export function shownBefore(path) {
  return history.state?.shown?.[path] ?? 0;
}

/** Remember how many entries of a list this history entry shows. */
export function rememberShown(path, count) {
  changeEntry({ shown: { ...history.state?.shown, [path]: count } });
}

/** Go to another view, and replace this one in the history. */
export function replace(address) {
  history.replaceState(null, "", address);
  render(true);
}

function compile(pattern) {
  return new RegExp(`^${pattern.replace(/:(\w+)/g, "(?<$1>[^/]+)")}$`);
}

async function show(routes, main, onRoute, navigated) {
  // A link may have a query, for other programs: views do not depend on it.
  const [address] = (location.hash || "#/").split("?");
  const route = routes.find(({ expression }) => expression.test(address)) ?? routes[0];
  const parameters = { ...route.expression.exec(address)?.groups };
  const previous = current;
  // A view that is still drawing after the user left it draws into a detached element.
  const stage = h("div", { class: "view" }, skeleton());
  if (navigated) {
    scrolled.set(entry, scrollY);
    // A known history entry has an id already, and a scroll position to restore.
    entry = history.state?.entry ?? randomId();
    changeEntry({ entry });
    expireAnnouncement();
    fill(main, stage);
  }
  current = stage;
  onRoute(route);
  const title = await drawView(route, stage, parameters);
  if (current !== stage) return;
  document.title = title === t("app") ? title : `${title} · ${t("app")}`;
  const heading = stage.querySelector("h1");
  heading?.setAttribute("tabindex", "-1");
  if (navigated) {
    if (previous) heading?.focus({ preventScroll: true });
    scrollTo({ top: scrolled.get(entry) ?? history.state?.top ?? 0, behavior: "instant" });
  } else {
    // Redrawing: the old content stays until the new content is complete.
    const focused = main.contains(document.activeElement);
    fill(main, stage);
    if (focused) heading?.focus({ preventScroll: true });
  }
}

/** Draw a view, or the reason why it cannot be shown. Return the title. */
async function drawView(route, stage, parameters) {
  let module;
  try {
    module = await route.load();
  } catch (error) {
    console.warn(error);
    return drawFailure(stage, t("shop.not_loaded"), h("button", { type: "button", on: { click: () => location.reload() } }, t("try_again")));
  }
  try {
    return await module.view(stage, parameters);
  } catch (error) {
    if (error instanceof SignedOut) return drawSignIn(stage);
    const retry = h("button", { type: "button", on: { click: redraw } }, t("try_again"));
    const next = error.status === 404 ? h("a", { class: "button", href: "#/" }, t("shop.to_shop")) : retry;
    return drawFailure(stage, problem(error), next);
  }
}

function skeleton() {
  return h("p", { class: "skeleton", "aria-busy": "true" }, h("span", { class: "unseen" }, t("loading")));
}

function drawFailure(stage, reason, next) {
  fill(stage, h("h1", {}, t("shop.not_available")), typeof reason === "string" ? h("p", { role: "alert" }, reason) : reason, next);
  return t("shop.not_available");
}

function drawSignIn(stage) {
  async function enter() {
    if (await signIn()) redraw();
  }
  fill(
    stage,
    h("h1", {}, t("signed_out")),
    h("p", {}, t("shop.sign_in_hint")),
    action(t("sign_in"), enter, { class: "main" }),
  );
  announce(t("signed_out"));
  return t("sign_in");
}
