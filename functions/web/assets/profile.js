// Changes of the account's profile, with errors in words.

import { call, Problem } from "./api.js";
import { Explained } from "./errors.js";
import { t } from "./i18n.js";

/** Attributes of the input of a handle. */
export const handleInput = () => ({
  name: "handle",
  maxlength: 30,
  pattern: "[A-Za-z0-9][A-Za-z0-9_.]{2,29}",
  title: t("center.handle_rule"),
  autocapitalize: "none",
  autocomplete: "off",
  spellcheck: "false",
  translate: "no",
});

/** Save a field of the profile. Return the account. */
export async function saveProfile(field, value) {
  try {
    return await call("PATCH", "/me", { body: { [field]: value } });
  } catch (error) {
    if (error instanceof Problem && error.code === "invalid-request") throw new Explained(t(`center.${field}_invalid`));
    throw error;
  }
}
