// The address form. Its fields follow the country, and the address is shown once more before it is sent. The last address stays
// on this device until the user signs out, so that it is typed once.

import { FORMATS } from "./address_formats.js";
import { Problem } from "./api.js";
import { fill, h } from "./dom.js";
import { language, t } from "./i18n.js";
import { local } from "./storage.js";
import { runAction } from "./ui.js";

const STORAGE_KEY = "handsel.address";
// Until a country is chosen.
const UNKNOWN = { l: "%N|%A|%C|%Z", r: "AC" };

/** Inputs by the name of the field. Names are JSON pointers of the API without the first slash. */
const INPUTS = {
  country: { autocomplete: "country", required: true },
  name: { autocomplete: "name", maxlength: 100, required: true },
  phone: { autocomplete: "tel", type: "tel", maxlength: 100, required: true },
  "lines/0": { autocomplete: "address-line1", maxlength: 200 },
  "lines/1": { autocomplete: "address-line2", maxlength: 200 },
  city: { autocomplete: "address-level2", maxlength: 100 },
  region: { autocomplete: "address-level1", maxlength: 100 },
  postal_code: { autocomplete: "postal-code", maxlength: 20 },
};
/** The fields of the formats. The second line is always optional. */
const FIELDS = { A: ["lines/0", "lines/1"], C: ["city"], S: ["region"], Z: ["postal_code"] };

/**
 * Return a form that shows the address once more and then calls `send(address)`. If that throws a Problem with pointers below
 * `at`, the errors are shown at their fields.
 *
 * @param {object} options `address`: the address to begin with instead of the last one; `at`: the pointer of the address in the
 *   body that `send` sends.
 */
export function addressForm(label, send, { address: given, at = "/address" } = {}) {
  const first = given ?? lastAddress();
  const inputs = Object.fromEntries(Object.entries(INPUTS).map(([name, attributes]) => [name, input(name, attributes, first)]));
  const fields = h("div", { class: "fields" });
  const place = h("div", { class: "address-form" });
  const next = h("button", { type: "submit", class: "main" }, t("gift.check_address"));
  const form = h("form", { class: "address", on: { submit } }, fields, next);
  let shown = [];

  function draw() {
    const country = inputs.country.value;
    // An address from elsewhere may have more than its country's format, and keeps it.
    const extra = country === first.country ? Object.keys(FIELDS).filter((letter) => FIELDS[letter].some((name) => first[name])) : [];
    shown = fieldsOf(country, extra).map(({ name, text, required }) => field(inputs[name], name, text, required));
    fill(fields, shown.map((each) => each.element));
  }

  function submit(event) {
    event.preventDefault();
    for (const each of shown) each.showError("");
    const address = read(inputs, shown);
    fill(place, review(address, label, sendAddress, edit));
    place.querySelector("h2").focus();

    async function sendAddress() {
      try {
        await send(address);
      } catch (error) {
        const wrong = error instanceof Problem ? shown.filter(({ name }) => isAbout(error, `${at}/${name}`)) : [];
        if (wrong.length === 0) throw error;
        edit();
        for (const each of wrong) each.showError(wrongText(each.name, address.country));
        wrong[0].input.focus();
        return;
      }
      local.setJson(STORAGE_KEY, address);
    }
  }

  function edit() {
    fill(place, form);
    shown[0].input.focus();
  }

  inputs.country.addEventListener("change", draw);
  draw();
  return fill(place, form);
}

/** What is going to be sent, with buttons to send it and to change it. */
function review(address, label, send, edit) {
  const notice = h("div", { class: "notice" });
  const button = h("button", { type: "button", class: "main", on: { click: () => runAction(button, notice, send) } }, label);
  return h(
    "section",
    { class: "review", "aria-labelledby": "review-title" },
    h("h2", { id: "review-title", tabindex: -1 }, t("gift.is_address_right")),
    h("address", {}, [...written(address), countryName(address.country), address.phone].map((line) => h("span", {}, line))),
    button,
    notice,
    h("button", { type: "button", class: "link", on: { click: edit } }, t("gift.change_address")),
  );
}

/** Return the letters of the fields in the lines of a format, in the order in which this language writes them. */
function order(format) {
  const lines = format.split("|").map((line) => (line.match(/%./g) ?? []).map((field) => field[1]));
  const largeFirst = lines.at(-1).includes("N");
  return largeFirst && language !== "zh" ? lines.reverse().map((line) => line.reverse()) : lines;
}

/** Return the fields to show for a country, with their labels. `extra` are letters of fields to show in any case. */
function fieldsOf(country, extra) {
  const { l: lines, r: needed, s: region = "province", c: city = "city", n: code = "postal" } = FORMATS[country] ?? UNKNOWN;
  const texts = { city: `gift.field.${city}`, region: `gift.field.${region}`, postal_code: `gift.field.${code}` };
  const letters = order(lines).flat().filter((letter) => letter in FIELDS);
  const followed = [...new Set([...letters, ...extra])].flatMap((letter) =>
    FIELDS[letter].map((name) => ({ name, text: texts[name] ?? `gift.field.${name}`, required: needed.includes(letter) && name !== "lines/1" })),
  );
  const always = ["country", "name", "phone"].map((name) => ({ name, text: `gift.field.${name}`, required: true }));
  return [...always, ...followed];
}

/** Return the lines of an address in the order of its country. */
function written(address) {
  const values = { N: [address.name], A: address.lines, C: [address.city], S: [address.region], Z: [address.postal_code] };
  const lines = order((FORMATS[address.country] ?? UNKNOWN).l);
  // Also what the format of the country does not have.
  const others = Object.keys(values).filter((letter) => !lines.flat().includes(letter));
  return [...lines, ...others].flatMap((line) => {
    const written = [...line].flatMap((letter) => values[letter]).filter(Boolean);
    return line.includes("A") ? written : written.join(" ") || [];
  });
}

function lastAddress() {
  return local.getJson(STORAGE_KEY) ?? {};
}

function input(name, attributes, first) {
  const [key, index] = name.split("/");
  const value = (index ? first[key]?.[index] : first[key]) ?? "";
  const element = name === "country" ? countries(value) : h("input", { value, dir: "auto" });
  for (const [attribute, each] of Object.entries(attributes)) element.setAttribute(attribute, each === true ? "" : each);
  element.name = name;
  return element;
}

function field(element, name, text, required) {
  const error = h("p", { class: "field-error", id: `error-${name}` });
  element.required = required;
  const label = h("label", {}, required || name === "lines/1" ? t(text) : t("gift.optional", { field: t(text) }), element);
  return {
    name,
    input: element,
    element: h("div", { class: `field ${name.replace("/", "-")}` }, label, error),
    showError(message) {
      fill(error, message);
      element.setAttribute("aria-invalid", Boolean(message));
      element.setAttribute("aria-describedby", message ? error.id : "");
    },
  };
}

function countries(last) {
  const selected = last || (new Intl.Locale(navigator.language).region ?? (language === "zh" ? "CN" : ""));
  const sorted = Object.keys(FORMATS)
    .map((code) => [code, countryName(code)])
    .sort(([, one], [, other]) => one.localeCompare(other, language));
  return h(
    "select",
    {},
    h("option", { value: "" }, ""),
    sorted.map(([code, name]) => h("option", { value: code, selected: code === selected }, name)),
  );
}

/** The browser knows the names of all countries in every language. */
function countryName(code) {
  return new Intl.DisplayNames(language, { type: "region" }).of(code);
}

/** Return the address. Fields that the country does not have are null. */
function read(inputs, shown) {
  const names = shown.map(({ name }) => name);
  const value = (name) => (names.includes(name) && inputs[name].value.trim()) || null;
  return {
    name: value("name"),
    phone: value("phone"),
    lines: [value("lines/0"), value("lines/1")].filter(Boolean),
    city: value("city"),
    region: value("region"),
    postal_code: value("postal_code"),
    country: value("country"),
  };
}

const isAbout = (error, pointer) => error.errors.some((each) => `${pointer}/`.startsWith(`${each.pointer}/`));

function wrongText(name, country) {
  const example = name === "postal_code" && FORMATS[country]?.z;
  return example ? t("gift.field_wrong_code", { example }) : t("gift.field_wrong");
}
