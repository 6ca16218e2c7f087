// The panel where one signs in, over the page one is on: what was begun there is still there afterwards.

import { config, fill, h, showOver } from "./dom.js";
import { has, t } from "./i18n.js";
import { keep, userPool, UserPoolError } from "./session.js";

let open = null;

/** Asks who is there; true once somebody signed in, false when they would rather not. One panel at a time. */
export function signIn() {
  open ??= ask().finally(() => {
    open = null;
  });
  return open;
}

function ask() {
  return new Promise((resolve) => {
    const opener = document.activeElement;
    const panel = h("div", { class: "panel-body" });
    const title = h("h2", { id: "sign-in-title" }, t("sign_in"));
    const close = h("button", { type: "button", class: "quiet close", "aria-label": t("close"), on: { click: () => dialog.close() } }, "✕");
    const dialog = h(
      "dialog",
      { class: "panel sign-in", "aria-labelledby": "sign-in-title", on: { close: () => ended(false) } },
      h("header", {}, title, close),
      panel,
    );
    let done = false;
    function ended(signedIn) {
      if (done) return;
      done = true;
      dialog.remove();
      opener?.focus?.();
      resolve(signedIn);
    }
    const finish = (tokens) => {
      if (done) return; // they would rather not by now
      keep(tokens);
      ended(true);
    };
    document.body.append(dialog);
    if (config.sign_in.url) start(panel, title, finish);
    else fill(panel, h("p", {}, t("sign_in_elsewhere")));
    showOver(dialog);
  });
}

function start(panel, title, finish) {
  const show = (heading, ...content) => {
    title.textContent = t(heading);
    fill(panel, ...content);
    panel.querySelector("input")?.focus();
  };
  const known = { email: "", password: "" };

  async function enter() {
    const answer = await userPool("InitiateAuth", {
      AuthFlow: "USER_PASSWORD_AUTH",
      AuthParameters: { USERNAME: known.email, PASSWORD: known.password },
    });
    const { IdToken, RefreshToken } = answer.AuthenticationResult;
    finish({ id_token: IdToken, refresh_token: RefreshToken });
  }

  function signInForm() {
    const demo = h("div", {});
    if (config.sign_in.demo) forShow().then(({ users }) => fill(demo, demoUsers(users, finish)));
    show(
      "sign_in",
      demo,
      form(
        [email(known), password(known, "current-password")],
        "sign_in",
        async () => {
          try {
            await enter();
          } catch (error) {
            if (error.code !== "UserNotConfirmedException") throw error;
            await userPool("ResendConfirmationCode", { Username: known.email });
            confirmForm();
          }
        },
      ),
      h("p", { class: "ways" }, link("sign_up", signUpForm), link("forgot_password", forgotForm)),
    );
  }

  function signUpForm() {
    show(
      "sign_up",
      form([name(known), email(known), password(known, "new-password")], "sign_up", async () => {
        await userPool("SignUp", {
          Username: known.email,
          Password: known.password,
          UserAttributes: [
            { Name: "email", Value: known.email },
            { Name: "name", Value: known.name },
          ],
        });
        confirmForm();
      }),
      h("p", { class: "ways" }, link("have_account", signInForm)),
    );
  }

  function confirmForm() {
    show(
      "confirm_email",
      h("p", {}, t("code_sent", { email: known.email })),
      mailed(known.email),
      form([code(known)], "confirm", async () => {
        await userPool("ConfirmSignUp", { Username: known.email, ConfirmationCode: known.code });
        await enter();
      }),
    );
  }

  function forgotForm() {
    show(
      "forgot_password",
      form([email(known)], "send_code", async () => {
        await userPool("ForgotPassword", { Username: known.email });
        resetForm();
      }),
      h("p", { class: "ways" }, link("have_account", signInForm)),
    );
  }

  function resetForm() {
    show(
      "new_password",
      h("p", {}, t("code_sent", { email: known.email })),
      mailed(known.email),
      form([code(known), password(known, "new-password")], "new_password", async () => {
        await userPool("ConfirmForgotPassword", {
          Username: known.email,
          ConfirmationCode: known.code,
          Password: known.password,
        });
        await enter();
      }),
    );
  }

  signInForm();
}

/** What only a developer's own machine tells: who is there for show, and what would have been mailed, newest first. */
async function forShow() {
  const response = await fetch(config.sign_in.url).catch(() => null);
  return response?.ok ? response.json() : { users: [], mails: [] };
}

/** The mail with a code, where none is really sent. */
function mailed(email) {
  const shown = h("p", { class: "faint" });
  if (config.sign_in.demo) {
    forShow().then(({ mails }) => fill(shown, mails.find((mail) => mail.to.toLowerCase() === email.toLowerCase())?.text));
  }
  return shown;
}

function demoUsers(users, finish) {
  return h(
    "section",
    { class: "demo-users", "aria-label": t("demo_users") },
    h("p", {}, t("demo_users")),
    users
      .filter((user) => !user.role)
      .map((user) =>
        h("button", { type: "button", class: "person", on: { click: () => finish({ id_token: user.token }) } }, user.display_name),
      ),
  );
}

function form(fields, label, does) {
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
            await does();
          } catch (error) {
            fill(notice, h("p", { class: "problem", role: "alert" }, why(error)));
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

function why(error) {
  if (!(error instanceof UserPoolError)) return t("offline");
  return has(`user_pool.${error.code}`) ? t(`user_pool.${error.code}`) : t("refused");
}

function field(known, key, attributes) {
  const input = h("input", {
    name: key,
    required: true,
    value: known[key] ?? "",
    ...attributes,
    on: {
      input: () => {
        known[key] = input.value;
      },
    },
  });
  return h("label", {}, t(`field.${key}`), input);
}

const name = (known) => field(known, "name", { autocomplete: "name", maxlength: 40 });
const email = (known) => field(known, "email", { type: "email", autocomplete: "username" });
const password = (known, autocomplete) => field(known, "password", { type: "password", autocomplete, minlength: 12 });
const code = (known) => field(known, "code", { inputmode: "numeric", autocomplete: "one-time-code", maxlength: 10 });

function link(label, does) {
  return h("button", { type: "button", class: "link", on: { click: does } }, t(label));
}
