// Where a parcel goes. The last address stays on this device until its owner signs out, so that one types it once.

import { Problem } from "./api.js";
import { fill, h } from "./dom.js";
import { language, t } from "./i18n.js";
import { doing } from "./ui.js";

const KEPT = "handsel.address";
// ISO 3166-1. What they are called is known to the browser, in every language.
const COUNTRIES =
  "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW".split(
    " ",
  );

/** Fields by the pointers of the API, in the order in which they are asked for. */
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
 * The form for an address, which `send(address)` takes. What the API finds wrong with it (the pointers of a Problem, under
 * `/address`) is said where it stands.
 */
export function addressForm(label, send) {
  const last = kept();
  const fields = Object.entries(FIELDS).map(([pointer, attributes]) => field(pointer, attributes, last));
  const button = h("button", { type: "submit", class: "main" }, label);
  const notice = h("div", { class: "notice" });
  async function sent() {
    for (const each of fields) each.say("");
    const address = read(fields);
    try {
      await send(address);
    } catch (error) {
      if (!pointed(fields, error)) throw error;
      return;
    }
    localStorage.setItem(KEPT, JSON.stringify(address));
  }
  function submit(event) {
    event.preventDefault();
    doing(button, notice, sent);
  }
  return h("form", { class: "address", on: { submit } }, fields.map((each) => each.element), button, notice);
}

function kept() {
  try {
    const address = JSON.parse(localStorage.getItem(KEPT));
    return { ...address, "lines/0": address.lines[0], "lines/1": address.lines[1] ?? "" };
  } catch {
    return {};
  }
}

function field(pointer, attributes, last) {
  const name = pointer.slice(1);
  const error = h("p", { class: "field-error", id: `error-${name}` });
  const input = name === "country" ? countries(last.country) : h("input", { value: last[name] ?? "" });
  for (const [key, value] of Object.entries(attributes)) input.setAttribute(key, value === true ? "" : value);
  input.name = name;
  return {
    pointer,
    input,
    element: h("div", { class: `field ${name.replace("/", "-")}` }, h("label", {}, t(`gift.field.${name}`), input), error),
    say(words) {
      fill(error, words);
      input.setAttribute("aria-invalid", Boolean(words));
      input.setAttribute("aria-describedby", words ? error.id : "");
    },
  };
}

function countries(last) {
  const names = new Intl.DisplayNames(language, { type: "region" });
  const here = last ?? new Intl.Locale(navigator.language).region ?? (language === "zh" ? "CN" : "");
  const sorted = COUNTRIES.map((code) => [code, names.of(code)]).sort(([, one], [, other]) => one.localeCompare(other, language));
  return h(
    "select",
    {},
    h("option", { value: "" }, ""),
    sorted.map(([code, name]) => h("option", { value: code, selected: code === here }, name)),
  );
}

function read(fields) {
  const said = Object.fromEntries(fields.map(({ pointer, input }) => [pointer, input.value.trim()]));
  return {
    name: said["/name"],
    phone: said["/phone"],
    lines: [said["/lines/0"], ...(said["/lines/1"] ? [said["/lines/1"]] : [])],
    city: said["/city"],
    postal_code: said["/postal_code"],
    country: said["/country"],
  };
}

/** Says at each field what is wrong there; false where that is not what went wrong. */
function pointed(fields, error) {
  if (!(error instanceof Problem)) return false;
  const wrong = fields.filter(({ pointer }) => error.errors.some((each) => `${each.pointer}/`.startsWith(`/address${pointer}/`)));
  for (const each of wrong) each.say(t("gift.field_wrong"));
  wrong[0]?.input.focus();
  return wrong.length > 0;
}
