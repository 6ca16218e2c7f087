// Words, money and times in the language of who looks: what they chose, else what their browser asked the page for.

const CHOSEN = "handsel.language";
const LANGUAGES = { en: "en", zh: "zh-CN" };

export const language = LANGUAGES[localStorage.getItem(CHOSEN)]
  ? localStorage.getItem(CHOSEN)
  : document.documentElement.lang.slice(0, 2);
document.documentElement.lang = LANGUAGES[language];

const { words } = await (language === "zh" ? import("./zh.js") : import("./en.js"));

/** The words of a key, with `{name}` filled in. A word may be a function of its values, where a language needs one. */
export function t(key, values = {}) {
  const word = words[key];
  if (typeof word === "function") return word(values);
  return (word ?? key).replace(/{(\w+)}/g, (_, name) => values[name] ?? "");
}

export function has(key) {
  return key in words;
}

/** From the next page on. */
export function choose(chosen) {
  localStorage.setItem(CHOSEN, chosen);
  location.reload();
}

/** Money as the API has it: minor units and an ISO 4217 currency. */
export function money({ amount, currency }) {
  const format = new Intl.NumberFormat(LANGUAGES[language], { style: "currency", currency, currencyDisplay: "narrowSymbol" });
  return format.format(amount / 10 ** format.resolvedOptions().maximumFractionDigits);
}

/** A time as the API has it, as a day and a time of the day where the reader is. */
export function when(timestamp) {
  return new Intl.DateTimeFormat(LANGUAGES[language], { dateStyle: "medium", timeStyle: "short" }).format(new Date(timestamp));
}

export function day(timestamp) {
  return new Intl.DateTimeFormat(LANGUAGES[language], { dateStyle: "medium" }).format(new Date(timestamp));
}
