// Texts, money and times in the user's language: the chosen one, or else the one negotiated for the page.

import { DECIMALS } from "./currencies.js";
import { local } from "./storage.js";

const STORAGE_KEY = "handsel.language";
const LANGUAGES = { en: "en", zh: "zh-CN" };

// The address has the language if it cannot be stored.
const wanted = [new URLSearchParams(location.search).get("lang"), local.get(STORAGE_KEY)];
export const language = wanted.find((each) => Object.hasOwn(LANGUAGES, each ?? "")) ?? document.documentElement.lang.slice(0, 2);
document.documentElement.lang = LANGUAGES[language];

const { words } = await (language === "zh" ? import("./zh.js") : import("./en.js"));
document.head.dataset.retrying = words.retrying;

// Letters and controls of scripts that are written from right to left.
const RIGHT_TO_LEFT = /[\u0590-\u08ff\u200f\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

// The name that the API gives to users whose accounts were deleted.
const ERASED_NAME = "Deleted user";

/** Return the name of a user in the language of the page. */
export const shownName = (name) => (name === ERASED_NAME ? words.erased_name : name);

/** Return a name for use in a sentence of ours, which it must not reorder (Unicode's isolates, UAX #9). */
export const isolate = (value) => (RIGHT_TO_LEFT.test(value) ? `\u2068${value}\u2069` : shownName(value));

/** The name of a person whose name is not shown. At the beginning of a sentence it may be written in another way. */
const someone = (isFirst) => (isFirst ? words.someone_first : words.someone);

/**
 * Return the text of a key, with its `{name}` placeholders filled in. A text may be a function of its values. `null` is the name of
 * a person that is not shown.
 */
export function t(key, values = {}) {
  const text = words[key];
  const safe = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, isolate(value)]));
  if (typeof text === "function") return text(safe);
  return (text ?? key).replace(/{(\w+)}/g, (_, name, at) => (values[name] === null ? someone(at === 0) : (safe[name] ?? "")));
}

export function has(key) {
  return key in words;
}

/** Change the language, and reload the page in it. */
export function choose(chosen) {
  local.set(STORAGE_KEY, chosen);
  const url = new URL(location.href);
  url.searchParams.delete("lang");
  if (!local.isKept) url.searchParams.set("lang", chosen);
  // A navigation to the same address, or to another fragment only, would not load the page again.
  history.replaceState(history.state, "", url);
  location.reload();
}

/**
 * Format money of the API: an amount in minor units and an ISO 4217 currency.
 *
 * The decimals are those of ISO 4217, not those that the browser displays by default.
 */
export function money({ amount, currency }) {
  const decimals = DECIMALS[currency] ?? 2;
  const format = new Intl.NumberFormat(LANGUAGES[language], {
    style: "currency",
    currency,
    currencyDisplay: display(currency),
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
  return format.format(amount / 10 ** decimals);
}

// Its symbol is short in every language.
const HOME = "CNY";
// Currencies whose symbol is also that of HOME or, but for a space, of another one (CLDR: `FCFA` and `F CFA`).
const SHARED = new Set(["JPY", "XAF", "XOF"]);

/** Return how to name a currency, so that no two currencies look the same in one language. */
function display(currency) {
  if (currency === HOME) return "narrowSymbol";
  return SHARED.has(currency) ? "code" : "symbol";
}

/** Format a timestamp of the API as date and time, in the user's time zone. */
export function when(timestamp) {
  return new Intl.DateTimeFormat(LANGUAGES[language], { dateStyle: "medium", timeStyle: "short" }).format(new Date(timestamp));
}

/** Format a point in time with its day of the week and its time zone, for a user who may be in another one. */
export function whenExactly(timestamp) {
  const parts = { weekday: "short", year: "numeric", month: "short", day: "numeric", hour: "numeric", minute: "2-digit", timeZoneName: "short" };
  return new Intl.DateTimeFormat(LANGUAGES[language], parts).format(new Date(timestamp));
}

/** Return the name of the user's time zone, at a time. */
export function timeZone(timestamp) {
  const parts = new Intl.DateTimeFormat(LANGUAGES[language], { timeZoneName: "long" }).formatToParts(new Date(timestamp));
  return parts.find(({ type }) => type === "timeZoneName").value;
}

const SPANS = [["days", 86_400], ["hours", 3_600], ["minutes", 60], ["seconds", 1]];

/** Format a length of time in whole units, the largest two of it: `1 day`, `2 days 3 hours`. A day of its own has 24 hours. */
export function span(seconds) {
  if (seconds === 86_400) return t("span.hours", { count: 24 });
  const parts = [];
  let rest = seconds;
  for (const [unit, size] of SPANS) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(t(`span.${unit}`, { count }));
    else if (parts.length > 0) break;
  }
  return parts.slice(0, 2).join(" ");
}

export function day(timestamp) {
  return new Intl.DateTimeFormat(LANGUAGES[language], { dateStyle: "medium" }).format(new Date(timestamp));
}
