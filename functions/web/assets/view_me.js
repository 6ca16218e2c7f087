// The account: display name, handle, who may give, recommendations, language, sign-out, and leaving.

import { call } from "./api.js";
import { announce, config, fill, h } from "./dom.js";
import { blockedPeople, giftsFrom } from "./gifts_from.js";
import { choose, language, t } from "./i18n.js";
import { erasureSettings, exportSettings } from "./leaving.js";
import { handleInput, saveProfile } from "./profile.js";
import { canRenew, signOut } from "./session.js";
import { problem, runAction } from "./ui.js";

const LISTS = ["orders", "sent", "received", "holdings"];
const LANGUAGES = { en: "English", zh: "简体中文" };

export async function view(main) {
  const me = await call("GET", "/me");
  const offersTwoStep = config.sign_in.mfa !== "OFF" && canRenew();
  const twoStep = offersTwoStep && (await import("./two_step.js")).twoStepSettings();
  fill(
    main,
    h("h1", {}, t("center.me")),
    ownThings(me.order_center),
    profileField("display_name", me.display_name, { maxlength: 80, autocomplete: "nickname" }),
    profileField("handle", me.handle ?? "", handleInput()),
    giftsFrom(me.gifts_from),
    blockedPeople(),
    toggle("tell_opened", me.tell_opened),
    toggle("recommendations", me.recommendations),
    languages(),
    twoStep,
    h("button", { type: "button", class: "out", on: { click: leave } }, t("sign_out")),
    exportSettings(),
    erasureSettings(me.erase_at ?? null),
  );
  return t("center.me");
}

/** The entry of the order center; the lists of the user's own things, if there is none. */
function ownThings(center) {
  const link = (href, label) => h("a", { href }, label);
  const links = center
    ? [link("#/center", t("center.title"))]
    : LISTS.map((tab) => link(`#/center/${tab}`, t(`center.tab.${tab}`)));
  return h("nav", { class: "card mine", "aria-label": t(center ? "center.title" : "center.title_of_lists") }, links);
}

/** A field of the profile, saved separately, so that an error of one does not affect the other. */
function profileField(field, value, attributes) {
  const notice = h("div", { class: "notice" });
  const hint = h("p", { class: "faint", id: `${field}-hint` }, t(`center.${field}_hint`));
  const input = h("input", { name: field, value, required: true, dir: "auto", "aria-describedby": hint.id, ...attributes });
  const button = h("button", { type: "submit" }, t("center.save"));
  async function save() {
    const me = await saveProfile(field, input.value);
    input.value = me[field];
    fill(notice, h("p", { class: "saved", role: "status" }, t("center.saved")));
  }
  function submit(event) {
    event.preventDefault();
    runAction(button, notice, save);
  }
  return h(
    "form",
    { class: "card profile", on: { submit } },
    h("label", {}, t(`center.${field}`), input),
    hint,
    button,
    notice,
  );
}

/** A field of the account that is on or off. It is saved at once. */
function toggle(field, on) {
  const notice = h("div", { class: "notice" });
  const box = h("input", { type: "checkbox", role: "switch", name: field, checked: on, "aria-describedby": `${field}-hint`, on: { change } });
  async function change() {
    const wanted = box.checked;
    box.disabled = true;
    fill(notice);
    try {
      await call("PATCH", "/me", { body: { [field]: wanted } });
      announce(t(`center.${field}_${wanted ? "on" : "off"}`));
    } catch (error) {
      box.checked = !wanted;
      fill(notice, problem(error));
    } finally {
      box.disabled = false;
      box.focus();
    }
  }
  return h(
    "div",
    { class: "card profile" },
    h("label", { class: "switch" }, h("span", {}, t(`center.${field}`)), box),
    h("p", { class: "faint", id: `${field}-hint` }, t(`center.${field}_hint`)),
    notice,
  );
}

function languages() {
  return h(
    "fieldset",
    { class: "card profile" },
    h("legend", {}, t("center.language")),
    h(
      "div",
      { class: "languages" },
      Object.entries(LANGUAGES).map(([each, name]) =>
        h(
          "button",
          { type: "button", lang: each, "aria-pressed": String(each === language), on: { click: () => each !== language && choose(each) } },
          name,
        ),
      ),
    ),
  );
}

async function leave({ currentTarget }) {
  currentTarget.setAttribute("aria-busy", "true");
  await signOut();
  location.hash = "#/";
  location.reload();
}
