// Two-step sign-in with an authenticator app (TOTP): its key, and its settings in the account.

import { SignedOut } from "./api.js";
import { config, fill, h } from "./dom.js";
import { Explained, signInErrorText } from "./errors.js";
import { t } from "./i18n.js";
import { accessToken, callUserPool, currentUser } from "./session.js";
import { code, form, WRONG_CODE } from "./sign_in.js";
import { action, copyButton } from "./ui.js";

const METHOD = "SOFTWARE_TOKEN_MFA";

/** The key that an authenticator app needs: to copy, to type in, and as a link that opens an app on this device. */
export function keyView(secret, email) {
  const issuer = t("app");
  const link = `otpauth://totp/${encodeURIComponent(issuer)}:${encodeURIComponent(email)}?${new URLSearchParams({ secret, issuer })}`;
  return h(
    "div",
    { class: "key" },
    h("p", {}, t("two_step.how")),
    h("p", {}, h("code", { translate: "no" }, secret.replace(/(.{4})(?=.)/g, "$1 "))),
    h("p", { class: "ways" }, copyButton(secret, t("two_step.copy")), h("a", { href: link }, t("two_step.open"))),
  );
}

/** Call an action of the user pool for the signed-in user. `texts` are for `signInErrorText`. Throws Explained, SignedOut. */
async function callForUser(name, parameters = {}, texts = {}) {
  try {
    const token = await accessToken();
    if (!token) throw new SignedOut();
    return await callUserPool(name, { AccessToken: token, ...parameters });
  } catch (error) {
    if (error instanceof SignedOut) throw error;
    throw new Explained(signInErrorText(error, texts), [{ label: t("try_again") }]);
  }
}

const enable = (isEnabled) => callForUser("SetUserMFAPreference", { SoftwareTokenMfaSettings: { Enabled: isEnabled, PreferredMfa: isEnabled } });

/** The settings of the account: shows whether two-step sign-in is on; sets it up, for another device too, and turns it off. */
export function twoStepSettings() {
  const content = h("div", {});

  function showState(isOn) {
    fill(
      content,
      h("p", { role: "status" }, t(isOn ? "two_step.on" : "two_step.off")),
      action(t(isOn ? "two_step.replace" : "two_step.set_up"), setUp),
      isOn && config.sign_in.mfa === "OPTIONAL" && action(t("two_step.turn_off"), turnOff, { class: "quiet" }),
    );
  }

  async function turnOff() {
    await enable(false);
    showState(false);
  }

  async function setUp() {
    const { SecretCode } = await callForUser("AssociateSoftwareToken");
    const entered = {};
    const verify = async () => {
      await callForUser("VerifySoftwareToken", { UserCode: entered.code }, WRONG_CODE);
      await enable(true);
      showState(true);
    };
    fill(content, keyView(SecretCode, currentUser().email), form([code(entered)], "confirm", verify));
    content.querySelector("input").focus();
  }

  async function load() {
    const user = await callForUser("GetUser");
    showState((user.UserMFASettingList ?? []).includes(METHOD));
  }

  load().catch(() => fill(content, action(t("try_again"), load)));
  return h("fieldset", { class: "card profile" }, h("legend", {}, t("two_step")), h("p", { class: "faint" }, t("two_step.hint")), content);
}
