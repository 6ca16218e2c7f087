// Components that several pages use.

import { discard, isRejected, Offline, Problem, resume, SignedOut, Unconfirmed } from "./api.js";
import { askTime, isTimeKnown, now } from "./clock.js";
import { announce, fill, h } from "./dom.js";
import { has, t } from "./i18n.js";
import { NotLoaded } from "./load.js";
import { signIn } from "./sign_in.js";
import { onNotStored } from "./storage.js";

/** Return the text of an error, for the user. */
export function errorText(error) {
  if (error instanceof Offline) return t("offline");
  if (error instanceof SignedOut) return t("signed_out");
  if (error instanceof NotLoaded) return t("shop.not_loaded");
  if (error instanceof Unconfirmed) return t("unconfirmed");
  if (error instanceof Problem) {
    if (has(`problem.${error.code}`)) return t(`problem.${error.code}`);
    return error.status < 500 ? t("not_possible") : t("our_fault");
  }
  console.error(error);
  return t("our_fault");
}

/** A notice about an error, announced at once, with actions. */
export function problem(error, ...actions) {
  return h("div", { class: "problem", role: "alert" }, h("p", {}, errorText(error)), ...actions);
}

/**
 * A button that runs `perform`, once at a time. An error is shown below it. If a sign-in is needed, the sign-in panel opens and
 * `perform` runs afterwards.
 */
export function action(label, perform, attributes = {}) {
  const notice = h("div", { class: "notice" });
  const button = h("button", { type: "button", ...attributes, on: { click: () => runAction(button, notice, perform) } }, label);
  return h("div", { class: "action" }, button, notice);
}

/** Run an action for a button and a notice that are elsewhere, in a form for example. */
export async function runAction(button, notice, perform) {
  if (button.getAttribute("aria-busy")) return;
  // Not `disabled`: a disabled button loses the focus.
  button.setAttribute("aria-busy", "true");
  fill(notice);
  const retry = (label, before) => {
    const run = () => {
      before?.();
      button.focus();
      runAction(button, notice, perform);
    };
    return h("button", { type: "button", on: { click: run } }, t(label));
  };
  try {
    await withSignIn(perform);
  } catch (error) {
    const actions =
      error instanceof Unconfirmed
        ? [retry("unconfirmed.resume", () => resume(error.form)), retry("unconfirmed.discard", () => discard(error.form))]
        : [isRetryable(error) && retry("try_again")];
    fill(notice, problem(error, actions));
  } finally {
    button.removeAttribute("aria-busy");
  }
}

const isRetryable = (error) => error instanceof Offline || (error instanceof Problem && !isRejected(error));

/** Run `perform`; if it needs a sign-in, open the panel and run it again. */
export async function withSignIn(perform) {
  try {
    return await perform();
  } catch (error) {
    if (!(error instanceof SignedOut)) throw error;
    if (!(await signIn())) throw error;
    return perform();
  }
}

/** Say once what is not kept, if the browser does not store it. */
export function warnIfNotStored() {
  onNotStored(() => document.getElementById("main").before(h("p", { class: "not-stored", role: "status" }, t("not_stored"))));
}

/** A countdown to a timestamp, by the server's clock; `onEnd` is called once, when it has passed. */
export function countdown(timestamp, onEnd) {
  const end = Date.parse(timestamp);
  const shown = h("time", { class: "countdown", datetime: timestamp, role: "timer" }, "\u00a0");
  const tick = () => {
    const left = end - now();
    shown.textContent = left > 0 ? t("time_left", { time: duration(left) }) : t("time_over");
    if (left <= 0) {
      clearInterval(timer);
      onEnd?.();
    } else if (!shown.isConnected && started) {
      clearInterval(timer);
    }
    started = true;
  };
  let started = false;
  let timer;
  function run() {
    timer = setInterval(tick, 1000);
    tick();
  }
  if (isTimeKnown()) run();
  else askTime().then(run);
  return shown;
}

function duration(milliseconds) {
  const seconds = Math.ceil(milliseconds / 1000);
  const two = (number) => String(number).padStart(2, "0");
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

/** Copy a text to the clipboard and announce it. Return whether the browser allowed it. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    if (!copySelection(text)) return false;
  }
  announce(t("copied"));
  return true;
}

/** Copy a text the old way, which works on pages that are not encrypted, too. Return whether the browser allowed it. */
function copySelection(text) {
  const focused = document.activeElement;
  const area = h("textarea", { class: "unseen", readonly: true, value: text });
  // A dialog makes everything outside of it inert.
  (focused?.closest("dialog") ?? document.body).append(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  focused?.focus();
  return isCopied;
}

/** A button that copies a text and briefly confirms it. `label` is its accessible name. */
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
