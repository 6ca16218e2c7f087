// Written by `make generate` from functions/web/assets; change it there.
handsel.define("profile.js", ["api.js", "errors.js", "i18n.js"], async ({ call, Problem }, { Explained }, { t }) => {
const handleInput = () => ({
  name: "handle",
  maxlength: 30,
  pattern: "[A-Za-z0-9][A-Za-z0-9_.]{2,29}",
  title: t("center.handle_rule"),
  autocapitalize: "none",
  autocomplete: "off",
  spellcheck: "false",
  translate: "no",
});

async function saveProfile(field, value) {
  try {
    return await call("PATCH", "/me", { body: { [field]: value } });
  } catch (error) {
    if (error instanceof Problem && error.code === "invalid-request") throw new Explained(t(`center.${field}_invalid`));
    throw error;
  }
}
return { handleInput, saveProfile };
});
handsel.define("sign_in.js", ["clock.js", "dom.js", "errors.js", "i18n.js", "profile.js", "session.js", "storage.js", "ui.js"], async ({ learnTime }, { announce, config, fill, h, openDialog, reachable }, { Explained, signInErrorText }, { has, t }, { handleInput, saveProfile }, { callUserPool, revoke, saveSession, userPool }, { session }, { copyButton }) => {
const RESEND_MS = 30_000;
const NOT_SENT = ["LimitExceededException", "TooManyRequestsException", "CodeDeliveryFailureException"];
const NO_RESET = { NotAuthorizedException: "no_reset", InvalidParameterException: "no_reset" };
const WRONG_CODE = {
  CodeMismatchException: "two_step.wrong",
  EnableSoftwareTokenMFAException: "two_step.wrong",
  ExpiredCodeException: "two_step.used",
};

const UNCONFIRMED = "handsel.unconfirmed_email";
const IN_APP = /MicroMessenger|FBA[NV]|Instagram|\bLine\/|KAKAOTALK|Weibo|\bQQ\/|DingTalk|BytedanceWebview|aweme|musical_ly|Snapchat|Twitter|Telegram|LinkedInApp|Pinterest|; wv\)/i;

let open = null;

function signIn(why = null) {
  open ??= openPanel(why).finally(() => {
    open = null;
  });
  return open;
}

function openPanel(why) {
  return new Promise((resolve) => {
    const opener = document.activeElement;
    const panel = h("div", { class: "panel-body" });
    const title = h("h2", { id: "sign-in-title" }, t("sign_in"));
    const close = h("button", { type: "button", class: "quiet close", "aria-label": t("close"), on: { click: () => dialog.close() } }, "✕");
    const dialog = h(
      "dialog",
      { class: "panel sign-in", "aria-labelledby": "sign-in-title", on: { close: end } },
      h("header", {}, title, close),
      panel,
    );
    let done = false;
    let signedIn = false;
    function end() {
      if (done) return;
      done = true;
      dialog.remove();
      opener?.focus?.();
      resolve(signedIn);
    }
    const enter = (tokens) => {
      if (done) {
        if (tokens.refresh_token) revoke(tokens.refresh_token);
        return;
      }
      saveSession(tokens);
      session.delete(UNCONFIRMED);
      signedIn = true;
    };
    document.body.append(dialog);
    if (config.sign_in.url) start(panel, title, { enter, end, why });
    else fill(panel, h("p", {}, t("sign_in_elsewhere")));
    openDialog(dialog);
  });
}

function start(panel, title, { enter, end, why }) {
  const show = (heading, ...content) => {
    title.textContent = t(heading);
    fill(panel, ...content);
    panel.querySelector("input")?.focus();
  };
  const entered = { email: "", password: "" };
  const reason = why && h("p", {}, t(`sign_in.why.${why}`));

  const finish = (tokens) => {
    enter(tokens);
    end();
  };

  async function authenticate(next = finish) {
    const answer = await userPool("InitiateAuth", {
      AuthFlow: "USER_PASSWORD_AUTH",
      AuthParameters: { USERNAME: entered.email, PASSWORD: entered.password },
    });
    return proceed(answer, next);
  }

  const challenges = { NEW_PASSWORD_REQUIRED: newPasswordForm, SOFTWARE_TOKEN_MFA: oneTimeCodeForm, MFA_SETUP: setUpForm };

  function proceed(answer, next) {
    if (answer.AuthenticationResult) {
      const { IdToken, RefreshToken } = answer.AuthenticationResult;
      return next({ id_token: IdToken, refresh_token: RefreshToken });
    }
    const draw = challenges[answer.ChallengeName];
    if (!draw) throw new Explained(t("sign_in_elsewhere"));
    return draw(answer, next);
  }

  async function respond({ ChallengeName, ChallengeParameters, Session }, responses, next) {
    const ChallengeResponses = { USERNAME: ChallengeParameters?.USER_ID_FOR_SRP ?? entered.email, ...responses };
    return proceed(await userPool("RespondToAuthChallenge", { ChallengeName, Session, ChallengeResponses }), next);
  }

  function challengeForm(fields, label, submit, texts) {
    return form(
      fields,
      label,
      async () => {
        try {
          await submit();
        } catch (error) {
          if (error.code !== "NotAuthorizedException") throw error;
          signInForm(t("sign_in_again"));
        }
      },
      texts,
    );
  }

  function newPasswordForm(challenge, next) {
    const { userAttributes = "{}", requiredAttributes = "[]" } = challenge.ChallengeParameters;
    const missing = new Set(JSON.parse(requiredAttributes).map((each) => each.replace("userAttributes.", "")));
    if (!JSON.parse(userAttributes).name) missing.add("name");
    const attributes = () => Object.fromEntries([...missing].map((each) => [`userAttributes.${each}`, entered[each]]));
    entered.password = ""; // the temporary one is not a new one
    show(
      "new_password",
      h("p", {}, t("temporary_password")),
      challengeForm(
        [[...missing].map((each) => (each === "name" ? name(entered) : field(entered, each, {}))), password(entered, "new-password")],
        "new_password",
        () => respond(challenge, { NEW_PASSWORD: entered.password, ...attributes() }, next),
      ),
    );
  }

  function oneTimeCodeForm(challenge, next) {
    entered.code = "";
    show(
      "two_step",
      h("p", {}, t("two_step.enter")),
      challengeForm(
        [code(entered)],
        "sign_in",
        () => respond(challenge, { SOFTWARE_TOKEN_MFA_CODE: entered.code }, next),
        WRONG_CODE,
      ),
      h("p", { class: "faint" }, t("two_step.lost")),
    );
  }

  async function setUpForm(challenge, next) {
    const { keyView } = await handsel.load("two_step.js");
    const { SecretCode, Session } = await callUserPool("AssociateSoftwareToken", { Session: challenge.Session });
    entered.code = "";
    show(
      "two_step",
      h("p", {}, t("two_step.required")),
      keyView(SecretCode, entered.email),
      challengeForm(
        [code(entered)],
        "confirm",
        async () => {
          const verified = await callUserPool("VerifySoftwareToken", { Session, UserCode: entered.code });
          await respond({ ...challenge, Session: verified.Session }, {}, next);
        },
        WRONG_CODE,
      ),
    );
  }

  async function sendCode(action, draw) {
    let notice = null;
    try {
      await userPool(action, { Username: entered.email });
    } catch (error) {
      if (!NOT_SENT.includes(error.code)) throw error;
      notice = signInErrorText(error);
    }
    draw(notice);
  }

  function demo() {
    const shown = h("div", {});
    if (config.sign_in.demo) readDemo().then(({ users }) => fill(shown, demoUsers(users, finish)));
    return shown;
  }

  function signInForm(notice = null) {
    show(
      "sign_in",
      reason,
      demo(),
      warning(notice),
      form([email(entered), password(entered, "current-password")], "sign_in", async () => {
        try {
          await authenticate();
        } catch (error) {
          if (error.code === "UserNotConfirmedException") await sendCode("ResendConfirmationCode", confirmForm);
          else if (error.code === "PasswordResetRequiredException") await sendCode("ForgotPassword", resetForm);
          else throw error;
        }
      }),
      h("p", { class: "ways" }, link("sign_up", () => signUpForm()), link("forgot_password", () => forgotForm())),
    );
  }

  function signUpForm() {
    entered.password = ""; // the one that was tried is not a new one
    show(
      "sign_up",
      reason,
      why && demo(),
      why && inApp(),
      form([name(entered), email(entered), password(entered, "new-password")], "sign_up", async () => {
        await userPool("SignUp", {
          Username: entered.email,
          Password: entered.password,
          UserAttributes: [
            { Name: "email", Value: entered.email },
            { Name: "name", Value: entered.name },
          ],
        });
        session.set(UNCONFIRMED, entered.email);
        confirmForm();
      }),
      h("p", { class: "ways" }, link("have_account", () => signInForm())),
    );
  }

  function confirmForm(notice = null) {
    entered.code = "";
    const isPasswordLost = entered.password === "";
    show(
      "confirm_email",
      notice ? warning(notice) : h("p", {}, t("code_sent", { email: entered.email })),
      why && h("p", { class: "faint" }, t("sign_in.come_back")),
      demoMail(entered.email),
      form([code(entered), isPasswordLost && password(entered, "current-password")], "confirm", async () => {
        try {
          await userPool("ConfirmSignUp", { Username: entered.email, ConfirmationCode: entered.code });
        } catch (error) {
          if (error.code !== "NotAuthorizedException") throw error;
        }
        await authenticate((tokens) => {
          enter(tokens);
          if (why) end();
          else handleForm();
        });
      }),
      sendAgain("ResendConfirmationCode", confirmForm),
      why && h("p", { class: "ways" }, link("have_account", () => signInForm())),
    );
  }

  function handleForm() {
    show(
      "choose_handle",
      h("p", { class: "faint" }, t("center.handle_hint")),
      form([field(entered, "handle", handleInput())], "center.save", async () => {
        await saveProfile("handle", entered.handle);
        end();
      }),
      h("p", { class: "ways" }, link("choose_handle_later", end)),
    );
  }

  function forgotForm() {
    show(
      "forgot_password",
      form([email(entered)], "send_code", () => sendCode("ForgotPassword", resetForm), NO_RESET),
      h("p", { class: "ways" }, link("have_account", () => signInForm())),
    );
  }

  function resetForm(notice = null) {
    entered.code = "";
    entered.password = ""; // the one that was tried is not a new one
    show(
      "new_password",
      notice ? warning(notice) : h("p", {}, t("code_sent", { email: entered.email })),
      demoMail(entered.email),
      form([code(entered), password(entered, "new-password")], "new_password", async () => {
        await userPool("ConfirmForgotPassword", {
          Username: entered.email,
          ConfirmationCode: entered.code,
          Password: entered.password,
        });
        await authenticate();
      }),
      sendAgain("ForgotPassword", resetForm),
    );
  }

  function sendAgain(action, draw) {
    const drawn = performance.now();
    const notice = h("div", {});
    const button = link("send_again", async () => {
      if (button.getAttribute("aria-busy")) return;
      if (performance.now() - drawn < RESEND_MS) {
        fill(notice, h("p", { role: "status" }, t("code_just_sent")));
        return;
      }
      button.setAttribute("aria-busy", "true");
      try {
        await userPool(action, { Username: entered.email });
        draw();
        announce(t("code_sent", { email: entered.email }));
      } catch (error) {
        fill(notice, warning(signInErrorText(error)));
        button.removeAttribute("aria-busy");
      }
    });
    return [h("p", { class: "ways" }, button), notice];
  }

  entered.email = (why && session.get(UNCONFIRMED)) ?? "";
  if (entered.email) confirmForm();
  else if (why) signUpForm();
  else signInForm();
}

function inApp() {
  if (!IN_APP.test(navigator.userAgent)) return null;
  return h("p", { class: "faint" }, t("sign_in.in_app"), " ", copyButton(location.href, t("gift.copy_link")));
}

async function readDemo() {
  const response = await fetch(reachable(config.sign_in.url), { cache: "no-store" }).then(learnTime, () => null);
  return response?.ok ? response.json() : { users: [], mails: [] };
}

function demoMail(email) {
  const shown = h("p", { class: "faint" });
  if (config.sign_in.demo) {
    readDemo().then(({ mails }) => fill(shown, mails.find((mail) => mail.to.toLowerCase() === email.toLowerCase())?.text));
  }
  return shown;
}

function demoUsers(users, finish) {
  return h(
    "section",
    { class: "demo-users", "aria-label": t("demo_users") },
    h("p", {}, t("demo_users")),
    users.map((user) =>
      h(
        "button",
        { type: "button", class: "person", on: { click: () => finish({ id_token: user.token }) } },
        h("bdi", {}, user.display_name),
        user.role && h("small", {}, t(`demo_role.${user.role}`)),
      ),
    ),
  );
}

const warning = (text) => text && h("p", { class: "problem", role: "alert" }, text);

function form(fields, label, submit, texts = {}) {
  const notice = h("div", {});
  const button = h("button", { type: "submit", class: "main" }, t(label));
  return h(
    "form",
    {
      on: {
        submit: async (event) => {
          event.preventDefault();
          if (button.getAttribute("aria-busy")) return;
          button.setAttribute("aria-busy", "true");
          fill(notice);
          try {
            await submit();
          } catch (error) {
            fill(notice, warning(signInErrorText(error, texts)));
          } finally {
            button.removeAttribute("aria-busy");
          }
        },
      },
    },
    fields,
    notice,
    button,
  );
}

function field(entered, key, attributes, normalize = (value) => value) {
  const input = h("input", {
    name: key,
    dir: "auto",
    required: true,
    value: entered[key] ?? "",
    ...attributes,
    on: {
      input: () => {
        entered[key] = normalize(input.value);
      },
    },
  });
  return h("label", {}, has(`field.${key}`) ? t(`field.${key}`) : key, input);
}

const name = (entered) => field(entered, "name", { autocomplete: "name", maxlength: 40 });
const email = (entered) => field(entered, "email", { type: "email", autocomplete: "username" }, (value) => value.trim().toLowerCase());
const password = (entered, autocomplete) => field(entered, "password", { type: "password", autocomplete, minlength: 12 });
const code = (entered) =>
  field(entered, "code", { inputmode: "numeric", autocomplete: "one-time-code", maxlength: 10 }, (value) => value.replace(/\s/g, ""));

function link(label, onClick) {
  return h("button", { type: "button", class: "link", on: { click: onClick } }, t(label));
}
return { WRONG_CODE, signIn, form, code };
});
handsel.define("two_step.js", ["api.js", "dom.js", "errors.js", "i18n.js", "session.js", "sign_in.js", "ui.js"], async ({ SignedOut }, { config, fill, h }, { Explained, signInErrorText }, { t }, { accessToken, callUserPool, currentUser }, { code, form, WRONG_CODE }, { action, copyButton }) => {
const METHOD = "SOFTWARE_TOKEN_MFA";

function keyView(secret, email) {
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

function twoStepSettings() {
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
return { keyView, twoStepSettings };
});
