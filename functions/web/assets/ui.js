// Pieces that several pages are made of.

import { first, leave, Offline, Problem, settles, SignedOut, Unsettled } from "./api.js";
import { announce, fill, h } from "./dom.js";
import { has, t } from "./i18n.js";
import { signIn } from "./sign_in.js";

/** What went wrong, in words for who used the page. */
export function reason(error) {
  if (error instanceof Offline) return t("offline");
  if (error instanceof SignedOut) return t("signed_out");
  if (error instanceof Unsettled) return t("unsettled");
  if (error instanceof Problem) {
    if (has(`problem.${error.code}`)) return t(`problem.${error.code}`);
    return error.status < 500 ? t("refused") : t("our_fault");
  }
  console.error(error);
  return t("our_fault");
}

/** A notice of what went wrong, read out at once. */
export function problem(error, ...wayOn) {
  return h("div", { class: "problem", role: "alert" }, h("p", {}, reason(error)), ...wayOn);
}

/**
 * A button that does something once: while it does, it cannot be pressed again. What goes wrong is said below it. Who has to
 * sign in is asked to, and it goes on from there.
 */
export function action(label, does, attributes = {}) {
  const notice = h("div", { class: "notice" });
  const button = h("button", { type: "button", ...attributes, on: { click: () => doing(button, notice, does) } }, label);
  return h("div", { class: "action" }, button, notice);
}

/** What an action does, for a button and a notice that stand elsewhere, such as in a form. */
export async function doing(button, notice, does) {
  if (button.getAttribute("aria-busy")) return;
  // Not disabled: who came with the keyboard would lose their place on the page.
  button.setAttribute("aria-busy", "true");
  fill(notice);
  const way = (label, before) => {
    const again = () => {
      before?.();
      button.focus();
      doing(button, notice, does);
    };
    return h("button", { type: "button", on: { click: again } }, t(label));
  };
  try {
    await signedIn(does);
  } catch (error) {
    const waysOn =
      error instanceof Unsettled
        ? [way("unsettled.first", () => first(error.form)), way("unsettled.leave", () => leave(error.form))]
        : [mayPass(error) && way("try_again")];
    fill(notice, problem(error, waysOn));
  } finally {
    button.removeAttribute("aria-busy");
  }
}

const mayPass = (error) => error instanceof Offline || (error instanceof Problem && !settles(error));

/** Does something; where one has to sign in for it, asks to, and does it then. */
export async function signedIn(does) {
  try {
    return await does();
  } catch (error) {
    if (!(error instanceof SignedOut)) throw error;
    if (!(await signIn())) throw error;
    return does();
  }
}

/** Time left until a timestamp, alive; `ended` is called once, when it is over. */
export function countdown(timestamp, ended) {
  const end = Date.parse(timestamp);
  const shown = h("time", { class: "countdown", datetime: timestamp, role: "timer" });
  const tick = () => {
    const left = end - Date.now();
    shown.textContent = left > 0 ? t("time_left", { time: duration(left) }) : t("time_over");
    if (left <= 0) {
      clearInterval(timer);
      ended?.();
    } else if (!shown.isConnected && started) {
      clearInterval(timer);
    }
    started = true;
  };
  let started = false;
  const timer = setInterval(tick, 1000);
  tick();
  return shown;
}

function duration(milliseconds) {
  const seconds = Math.ceil(milliseconds / 1000);
  const two = (number) => String(number).padStart(2, "0");
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

/** Copies text; says so. Where a browser cannot, false. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    return false;
  }
  announce(t("copied"));
  return true;
}

/** A button that copies text, and says for a moment that it did. `label` says what it copies to who does not see it. */
export function copyButton(text, label) {
  const button = h("button", { type: "button", class: "copy", "aria-label": label, on: { click: press } }, t("copy"));
  async function press() {
    if (!(await copy(text))) return;
    button.textContent = t("copied");
    setTimeout(() => {
      button.textContent = t("copy");
    }, 2_000);
  }
  return button;
}
