// Components that several pages use.

import { discard, isRejected, Offline, Problem, resume, SignedOut, Unconfirmed } from "./api.js";
import { askTime, isTimeKnown, now } from "./clock.js";
import { announce, fill, h } from "./dom.js";
import { Explained, errorText, requestId } from "./errors.js";
import { span, t } from "./i18n.js";
import { onNotStored } from "./storage.js";

/** A notice about an error, announced at once, with actions. */
export function problem(error, ...actions) {
  const id = requestId(error);
  const quoted = id && h("p", { class: "request-id" }, t("request_id"), " ", h("bdi", {}, id));
  return h("div", { class: "problem", role: "alert" }, h("p", {}, errorText(error)), quoted, ...actions);
}

/**
 * A button that runs `perform`, once at a time. An error is shown below it. If a sign-in is needed, the sign-in panel opens and
 * `perform` runs afterwards; `why` is for the panel.
 */
export function action(label, perform, attributes = {}, why = null) {
  const notice = h("div", { class: "notice" });
  const button = h("button", { type: "button", ...attributes, on: { click: () => runAction(button, notice, perform, why) } }, label);
  return h("div", { class: "action" }, button, notice);
}

/** Run an action for a button and a notice that are elsewhere, in a form for example. */
export async function runAction(button, notice, perform, why = null) {
  if (button.getAttribute("aria-busy")) return;
  // Not `disabled`: a disabled button loses the focus.
  button.setAttribute("aria-busy", "true");
  fill(notice);
  const way = ({ label, before, href }) => {
    if (href) return h("a", { class: "button", href }, label);
    const again = async () => {
      await before?.();
      return perform();
    };
    const run = () => {
      button.focus();
      runAction(button, notice, again, why);
    };
    return h("button", { type: "button", on: { click: run } }, label);
  };
  try {
    await withSignIn(perform, why);
  } catch (error) {
    fill(notice, problem(error, waysOn(error).map(way)));
  } finally {
    button.removeAttribute("aria-busy");
  }
}

/** Return what the user can do about an error, as `Explained` takes it. */
function waysOn(error) {
  if (error instanceof Explained) return error.ways;
  if (error instanceof Unconfirmed) {
    return [
      { label: t("unconfirmed.resume"), before: () => resume(error.form) },
      { label: t("unconfirmed.discard"), before: () => discard(error.form) },
    ];
  }
  return isRetryable(error) ? [{ label: t("try_again") }] : [];
}

const isRetryable = (error) => error instanceof Offline || (error instanceof Problem && !isRejected(error));

/** Open the sign-in panel, which most visits do not need. Resolves to true after a sign-in, false if the user closed it. */
export async function signIn(why = null) {
  const panel = await import("./sign_in.js");
  return panel.signIn(why);
}

/** Run `perform`; if it needs a sign-in, open the panel and run it again. */
export async function withSignIn(perform, why = null) {
  try {
    return await perform();
  } catch (error) {
    if (!(error instanceof SignedOut)) throw error;
    if (!(await signIn(why))) throw error;
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

// A longer time is shown in days and hours.
const LONG_SECONDS = 48 * 3600;

function duration(milliseconds) {
  const seconds = Math.ceil(milliseconds / 1000);
  if (seconds > LONG_SECONDS) return span(seconds);
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
