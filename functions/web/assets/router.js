// Which view is shown: the part of the address after `#`. Each is a module of its own, loaded when it is first wanted.

import { SignedOut } from "./api.js";
import { announce, fill, h } from "./dom.js";
import { t } from "./i18n.js";
import { signIn } from "./sign_in.js";
import { problem } from "./ui.js";

const scrolled = new Map();
let entry = null;
let shown = null;
let redraw = () => {};

/**
 * Shows what the address names, now and whenever it changes.
 *
 * @param {object[]} routes `pattern`, such as "#/orders/:id"; `load` imports the module of its view, and `style` names its
 *   style sheet where it has one of its own. The first one is for addresses that none of them takes. A module has
 *   `async view(main, parameters)`, which draws into `main` and answers its title.
 * @param {HTMLElement} main where views are drawn.
 * @param {(route: object) => void} changed is told of each route that is gone to.
 */
export function start(routes, main, changed) {
  const known = routes.map((route) => ({ ...route, takes: expression(route.pattern) }));
  // Views are drawn later than the browser would scroll back.
  history.scrollRestoration = "manual";
  redraw = (moved) => show(known, main, changed, moved);
  addEventListener("hashchange", () => redraw(true));
  redraw(true);
}

/** Draws the view once more: somebody signed in, or something has changed. */
export function again() {
  redraw(false);
}

/** Goes to another view in place of this one, which one would not come back to. */
export function replace(address) {
  history.replaceState(null, "", address);
  redraw(true);
}

function expression(pattern) {
  return new RegExp(`^${pattern.replace(/:(\w+)/g, "(?<$1>[^/]+)")}$`);
}

async function show(routes, main, changed, moved) {
  const address = location.hash || "#/";
  const route = routes.find(({ takes }) => takes.test(address)) ?? routes[0];
  const parameters = { ...route.takes.exec(address)?.groups };
  const before = shown;
  // Whoever still draws what was left does so where nobody looks.
  const stage = h("div", { class: "view" }, skeleton());
  if (moved) {
    scrolled.set(entry, scrollY);
    // An entry of the history that was there before has a name already, and a place to come back to.
    entry = history.state?.entry ?? crypto.randomUUID();
    history.replaceState({ entry }, "");
    fill(main, stage);
  }
  shown = stage;
  changed(route);
  const title = await drawn(route, stage, parameters);
  if (shown !== stage) return;
  document.title = title === t("app") ? title : `${title} · ${t("app")}`;
  const heading = stage.querySelector("h1");
  heading?.setAttribute("tabindex", "-1");
  if (moved) {
    if (before) heading?.focus({ preventScroll: true });
    scrollTo({ top: scrolled.get(entry) ?? 0, behavior: "instant" });
  } else {
    // The same once more: it stays until the new one is there.
    const focused = main.contains(document.activeElement);
    fill(main, stage);
    if (focused) heading?.focus({ preventScroll: true });
  }
}

/** Draws a view, or why there is none; answers the title. */
async function drawn(route, stage, parameters) {
  let module;
  try {
    module = await loaded(route);
  } catch (error) {
    console.error(error);
    // A browser may remember that a module did not come: only a new page asks again.
    return failed(stage, t("shop.not_loaded"), h("button", { type: "button", on: { click: () => location.reload() } }, t("try_again")));
  }
  try {
    return await module.view(stage, parameters);
  } catch (error) {
    if (error instanceof SignedOut) return invitation(stage);
    const retry = h("button", { type: "button", on: { click: again } }, t("try_again"));
    const way = error.status === 404 ? h("a", { class: "button", href: "#/" }, t("shop.to_shop")) : retry;
    return failed(stage, problem(error), way);
  }
}

async function loaded(route) {
  const [module] = await Promise.all([route.load(), route.style && style(route.style)]);
  return module;
}

function style(name) {
  const href = new URL(name, import.meta.url).href;
  if (document.querySelector(`link[href="${href}"]`)) return null;
  return new Promise((resolve, reject) => {
    const link = h("link", { rel: "stylesheet", href, on: { load: resolve, error: reject } });
    document.head.append(link);
  });
}

function skeleton() {
  return h("p", { class: "skeleton", "aria-busy": "true" }, h("span", { class: "unseen" }, t("loading")));
}

function failed(stage, what, way) {
  fill(stage, h("h1", {}, t("shop.no_view")), typeof what === "string" ? h("p", { role: "alert" }, what) : what, way);
  return t("shop.no_view");
}

function invitation(stage) {
  async function enter() {
    if (await signIn()) again();
  }
  fill(
    stage,
    h("h1", {}, t("signed_out")),
    h("p", {}, t("shop.sign_in_for_this")),
    h("button", { type: "button", class: "main", on: { click: enter } }, t("sign_in")),
  );
  announce(t("signed_out"));
  return t("sign_in");
}
