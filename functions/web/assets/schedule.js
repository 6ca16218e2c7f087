// The choice of when a gift is sent: now, or at a time in the user's own time zone.

import { now } from "./clock.js";
import { fill, h } from "./dom.js";
import { t, timeZone, whenExactly } from "./i18n.js";
import { radios } from "./radios.js";

const DAY_MS = 86_400_000;
// The API takes times within this many days.
const MAX_DAYS = 365;
const FIRST_TIME = "09:00";

const two = (number) => String(number).padStart(2, "0");

/** Return the date of an instant in the user's time zone, as a date field takes it. */
const dateOf = (instant) => `${instant.getFullYear()}-${two(instant.getMonth() + 1)}-${two(instant.getDate())}`;

/** Return the instant of a local date and time, or null if one is missing. A time that the clocks skip is an hour later. */
function instantOf(date, time) {
  const [, year, month, day] = /^(\d{4,6})-(\d\d)-(\d\d)$/.exec(date) ?? [];
  const [, hour, minute] = /^(\d\d):(\d\d)/.exec(time) ?? [];
  return year && hour ? new Date(year, month - 1, day, hour, minute) : null;
}

/**
 * The fields for the time of a gift.
 *
 * @param {object} options `end` is the end of the voucher in milliseconds since the epoch, or null; `draft` is what `draft()`
 *   returned earlier; `onChange` is called with each choice between now and later.
 * @returns `{element, isLater(), value(), check(), explain(error), draft()}`: `value()` is the time as the API takes it. `check`
 *   shows an error and returns whether there is none; `explain` shows an error of the API and returns whether it is about the time.
 */
export function scheduleChoice({ end, draft = null, onChange = () => {} }) {
  const error = h("p", { class: "wrong", id: "send-at-wrong", role: "alert" });
  const shown = h("p", { class: "faint", id: "send-at", role: "status" });
  const tomorrow = new Date(now() + DAY_MS);
  const described = { required: true, "aria-describedby": "send-at send-at-wrong" };
  const limits = { min: dateOf(new Date(now())), max: dateOf(new Date(latest())) };
  const date = h("input", { type: "date", name: "date", value: draft?.date ?? dateOf(tomorrow), ...limits, ...described });
  const time = h("input", { type: "time", name: "time", value: draft?.time ?? FIRST_TIME, ...described });
  const fields = h(
    "div",
    { class: "send-at", on: { input: changed } },
    h("div", { class: "fields" }, h("label", {}, t("shop.when.date"), date), h("label", {}, t("shop.when.time"), time)),
    shown,
    error,
  );
  const choice = radios(
    t("shop.when"),
    "when",
    ["now", "later"].map((value) => ({ value, label: t(`shop.when.${value}`) })),
    draft?.when ?? "now",
    { className: "pills", onChange: switched },
  );
  const isLater = () => choice.value() === "later";
  const instant = () => instantOf(date.value, time.value);

  /** Return the latest possible time: the voucher must not have ended by then. */
  function latest() {
    return Math.min(now() + MAX_DAYS * DAY_MS, end ?? Infinity);
  }
  function draw() {
    fields.hidden = !isLater();
    changed();
  }
  function switched() {
    draw();
    onChange();
  }
  function changed() {
    const chosen = instant();
    fill(shown, chosen && h("b", {}, t("shop.when.sends", { time: whenExactly(chosen) })), h("span", {}, t("shop.when.zone", { zone: timeZone(chosen ?? tomorrow) })));
    showError("");
  }
  function showError(text) {
    fill(error, text);
    for (const each of [date, time]) each.setAttribute("aria-invalid", Boolean(text));
  }
  /** Return what is wrong with the time, or an empty text. */
  function findError() {
    const chosen = instant()?.getTime() ?? null;
    if (chosen === null) return t("shop.when.missing");
    if (chosen <= now()) return t("shop.when.past");
    if (end !== null && chosen >= end) return t("shop.when.after_end", { time: whenExactly(end) });
    return chosen > latest() ? t("shop.when.too_far") : "";
  }
  function reject(text) {
    showError(text);
    (date.value ? time : date).focus();
  }
  function check() {
    const found = isLater() ? findError() : "";
    if (found) reject(found);
    return found === "";
  }
  function explain({ code, rule, errors }) {
    const isTooLate = code === "not-giftable" && [null, "minimum_window"].includes(rule);
    if (!isLater() || !(isTooLate || errors.some(({ pointer }) => pointer === "/send_at"))) return false;
    reject(isTooLate ? t("shop.when.too_late") : findError() || t("shop.when.invalid"));
    return true;
  }
  draw();
  return {
    element: h("div", {}, choice.element, fields),
    isLater,
    value: () => (isLater() ? { send_at: instant().toISOString() } : {}),
    check,
    explain,
    draft: () => ({ when: choice.value(), date: date.value, time: time.value }),
  };
}
