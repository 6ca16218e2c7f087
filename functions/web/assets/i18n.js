// Texts, money and times in the user's language: the chosen one, or else the one negotiated for the page.

import { DECIMALS } from "./currencies.js";

const STORAGE_KEY = "handsel.language";
const LANGUAGES = { en: "en", zh: "zh-CN" };

export const language = LANGUAGES[localStorage.getItem(STORAGE_KEY)]
  ? localStorage.getItem(STORAGE_KEY)
  : document.documentElement.lang.slice(0, 2);
document.documentElement.lang = LANGUAGES[language];

const { words } = await (language === "zh" ? import("./zh.js") : import("./en.js"));

/** Return the text of a key, with its `{name}` placeholders filled in. A text may be a function of its values. */
export function t(key, values = {}) {
  const text = words[key];
  if (typeof text === "function") return text(values);
  return (text ?? key).replace(/{(\w+)}/g, (_, name) => values[name] ?? "");
}

export function has(key) {
  return key in words;
}

/** Change the language, and reload the page in it. */
export function choose(chosen) {
  localStorage.setItem(STORAGE_KEY, chosen);
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

export function day(timestamp) {
  return new Intl.DateTimeFormat(LANGUAGES[language], { dateStyle: "medium" }).format(new Date(timestamp));
}
