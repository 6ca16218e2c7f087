// The address form. The last address stays on this device until the user signs out, so that it is typed once.

import { Problem } from "./api.js";
import { fill, h } from "./dom.js";
import { language, t } from "./i18n.js";
import { local } from "./storage.js";
import { runAction } from "./ui.js";

const STORAGE_KEY = "handsel.address";
// ISO 3166-1. The browser knows their names in every language.
const COUNTRIES =
  "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW".split(
    " ",
  );

/** Fields by their JSON pointers in the API, in the order in which they are shown. */
const FIELDS = {
  "/name": { autocomplete: "name", maxlength: 100, required: true },
  "/phone": { autocomplete: "tel", type: "tel", maxlength: 100, required: true },
  "/lines/0": { autocomplete: "address-line1", maxlength: 200, required: true },
  "/lines/1": { autocomplete: "address-line2", maxlength: 200 },
  "/city": { autocomplete: "address-level2", maxlength: 100, required: true },
  "/postal_code": { autocomplete: "postal-code", maxlength: 20 },
  "/country": { autocomplete: "country", required: true },
};

/**
 * Return a form that calls `send(address)`. If that throws a Problem with pointers under `/address`, the errors are shown at
 * their fields.
 */
export function addressForm(label, send) {
  const last = lastAddress();
  const fields = Object.entries(FIELDS).map(([pointer, attributes]) => field(pointer, attributes, last));
  const button = h("button", { type: "submit", class: "main" }, label);
  const notice = h("div", { class: "notice" });
  async function sendAddress() {
    for (const each of fields) each.showError("");
    const address = read(fields);
    try {
      await send(address);
    } catch (error) {
      if (!showErrors(fields, error)) throw error;
      return;
    }
    local.setJson(STORAGE_KEY, address);
  }
  function submit(event) {
    event.preventDefault();
    runAction(button, notice, sendAddress);
  }
  return h("form", { class: "address", on: { submit } }, fields.map((each) => each.element), button, notice);
}

function lastAddress() {
  try {
    const address = local.getJson(STORAGE_KEY);
    return { ...address, "lines/0": address.lines[0], "lines/1": address.lines[1] ?? "" };
  } catch {
    return {};
  }
}

function field(pointer, attributes, last) {
  const name = pointer.slice(1);
  const error = h("p", { class: "field-error", id: `error-${name}` });
  const input = name === "country" ? countries(last.country) : h("input", { value: last[name] ?? "", dir: "auto" });
  for (const [key, value] of Object.entries(attributes)) input.setAttribute(key, value === true ? "" : value);
  input.name = name;
  return {
    pointer,
    input,
    element: h("div", { class: `field ${name.replace("/", "-")}` }, h("label", {}, t(`gift.field.${name}`), input), error),
    showError(text) {
      fill(error, text);
      input.setAttribute("aria-invalid", Boolean(text));
      input.setAttribute("aria-describedby", text ? error.id : "");
    },
  };
}

function countries(last) {
  const names = new Intl.DisplayNames(language, { type: "region" });
  const selected = last ?? new Intl.Locale(navigator.language).region ?? (language === "zh" ? "CN" : "");
  const sorted = COUNTRIES.map((code) => [code, names.of(code)]).sort(([, one], [, other]) => one.localeCompare(other, language));
  return h(
    "select",
    {},
    h("option", { value: "" }, ""),
    sorted.map(([code, name]) => h("option", { value: code, selected: code === selected }, name)),
  );
}

function read(fields) {
  const values = Object.fromEntries(fields.map(({ pointer, input }) => [pointer, input.value.trim()]));
  return {
    name: values["/name"],
    phone: values["/phone"],
    lines: [values["/lines/0"], ...(values["/lines/1"] ? [values["/lines/1"]] : [])],
    city: values["/city"],
    postal_code: values["/postal_code"],
    country: values["/country"],
  };
}

/** Show an error at each invalid field. Return whether there was one. */
function showErrors(fields, error) {
  if (!(error instanceof Problem)) return false;
  const wrong = fields.filter(({ pointer }) => error.errors.some((each) => `${each.pointer}/`.startsWith(`/address${pointer}/`)));
  for (const each of wrong) each.showError(t("gift.field_wrong"));
  wrong[0]?.input.focus();
  return wrong.length > 0;
}
