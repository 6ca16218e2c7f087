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
handsel.define("sign_in.js", ["api.js", "clock.js", "dom.js", "errors.js", "i18n.js", "profile.js", "session.js"], async ({ Problem }, { learnTime }, { announce, config, fill, h, openDialog, reachable }, { Explained, errorText }, { has, t }, { handleInput, saveProfile }, { saveSession, userPool, UserPoolError }) => {
let open = null;

function signIn() {
  open ??= openPanel().finally(() => {
    open = null;
  });
  return open;
}

function openPanel() {
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
      if (done) return; // the user has closed the panel
      saveSession(tokens);
      signedIn = true;
    };
    document.body.append(dialog);
    if (config.sign_in.url) start(panel, title, { enter, end });
    else fill(panel, h("p", {}, t("sign_in_elsewhere")));
    openDialog(dialog);
  });
}

function start(panel, title, { enter, end }) {
  const show = (heading, ...content) => {
    title.textContent = t(heading);
    fill(panel, ...content);
    panel.querySelector("input")?.focus();
  };
  const entered = { email: "", password: "" };

  const finish = (tokens) => {
    enter(tokens);
    end();
  };

  async function authenticate(next = finish) {
    const answer = await userPool("InitiateAuth", {
      AuthFlow: "USER_PASSWORD_AUTH",
      AuthParameters: { USERNAME: entered.email, PASSWORD: entered.password },
    });
    const { IdToken, RefreshToken } = answer.AuthenticationResult;
    next({ id_token: IdToken, refresh_token: RefreshToken });
  }

  function signInForm() {
    const demo = h("div", {});
    if (config.sign_in.demo) readDemo().then(({ users }) => fill(demo, demoUsers(users, finish)));
    show(
      "sign_in",
      demo,
      form(
        [email(entered), password(entered, "current-password")],
        "sign_in",
        async () => {
          try {
            await authenticate();
          } catch (error) {
            if (error.code !== "UserNotConfirmedException") throw error;
            await userPool("ResendConfirmationCode", { Username: entered.email });
            confirmForm();
          }
        },
      ),
      h("p", { class: "ways" }, link("sign_up", signUpForm), link("forgot_password", forgotForm)),
    );
  }

  function signUpForm() {
    entered.password = ""; // the one that was tried is not a new one
    show(
      "sign_up",
      form([name(entered), email(entered), password(entered, "new-password")], "sign_up", async () => {
        await userPool("SignUp", {
          Username: entered.email,
          Password: entered.password,
          UserAttributes: [
            { Name: "email", Value: entered.email },
            { Name: "name", Value: entered.name },
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
      h("p", {}, t("code_sent", { email: entered.email })),
      demoMail(entered.email),
      form([code(entered)], "confirm", async () => {
        await userPool("ConfirmSignUp", { Username: entered.email, ConfirmationCode: entered.code });
        await authenticate((tokens) => {
          enter(tokens);
          handleForm();
        });
      }),
      sendAgain(() => userPool("ResendConfirmationCode", { Username: entered.email }), confirmForm),
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
      form([email(entered)], "send_code", async () => {
        await userPool("ForgotPassword", { Username: entered.email });
        entered.password = ""; // the one that was tried is not a new one
        resetForm();
      }),
      h("p", { class: "ways" }, link("have_account", signInForm)),
    );
  }

  function resetForm() {
    show(
      "new_password",
      h("p", {}, t("code_sent", { email: entered.email })),
      demoMail(entered.email),
      form([code(entered), password(entered, "new-password")], "new_password", async () => {
        await userPool("ConfirmForgotPassword", {
          Username: entered.email,
          ConfirmationCode: entered.code,
          Password: entered.password,
        });
        await authenticate();
      }),
      sendAgain(() => userPool("ForgotPassword", { Username: entered.email }), resetForm),
    );
  }

  function sendAgain(send, draw) {
    const notice = h("div", {});
    const button = link("send_again", async () => {
      if (button.getAttribute("aria-busy")) return;
      button.setAttribute("aria-busy", "true");
      try {
        await send();
        entered.code = "";
        draw();
        announce(t("code_sent", { email: entered.email }));
      } catch (error) {
        fill(notice, h("p", { class: "problem", role: "alert" }, signInErrorText(error)));
        button.removeAttribute("aria-busy");
      }
    });
    return [h("p", { class: "ways" }, button), notice];
  }

  signInForm();
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

function form(fields, label, submit) {
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
            fill(notice, h("p", { class: "problem", role: "alert" }, signInErrorText(error)));
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

function signInErrorText(error) {
  if (error instanceof Explained || error instanceof Problem) return errorText(error);
  if (!(error instanceof UserPoolError)) return t("offline");
  return has(`user_pool.${error.code}`) ? t(`user_pool.${error.code}`) : t("not_possible");
}

function field(entered, key, attributes) {
  const input = h("input", {
    name: key,
    dir: "auto",
    required: true,
    value: entered[key] ?? "",
    ...attributes,
    on: {
      input: () => {
        entered[key] = input.value;
      },
    },
  });
  return h("label", {}, t(`field.${key}`), input);
}

const name = (entered) => field(entered, "name", { autocomplete: "name", maxlength: 40 });
const email = (entered) => field(entered, "email", { type: "email", autocomplete: "username" });
const password = (entered, autocomplete) => field(entered, "password", { type: "password", autocomplete, minlength: 12 });
const code = (entered) => field(entered, "code", { inputmode: "numeric", autocomplete: "one-time-code", maxlength: 10 });

function link(label, onClick) {
  return h("button", { type: "button", class: "link", on: { click: onClick } }, t(label));
}
return { signIn };
});
