// The sign-in panel. It opens over the current page, which stays as it is.

import { learnTime } from "./clock.js";
import { announce, config, fill, h, openDialog, reachable } from "./dom.js";
import { Explained, signInErrorText } from "./errors.js";
import { has, t } from "./i18n.js";
import { handleInput, saveProfile } from "./profile.js";
import { callUserPool, revoke, saveSession, userPool } from "./session.js";
import { session } from "./storage.js";
import { copyButton } from "./ui.js";

// A user who gets no code at once asks again. The user pool allows few codes in an hour, so ask them to wait first.
const RESEND_MS = 30_000;
// Reasons why no code was sent, although an earlier one may have arrived.
const NOT_SENT = ["LimitExceededException", "TooManyRequestsException", "CodeDeliveryFailureException"];
const NO_RESET = { NotAuthorizedException: "no_reset", InvalidParameterException: "no_reset" };
/** The errors of a form for the code of an authenticator app. */
export const WRONG_CODE = {
  CodeMismatchException: "two_step.wrong",
  EnableSoftwareTokenMFAException: "two_step.wrong",
  ExpiredCodeException: "two_step.used",
};

// A new user leaves the page to read the mail with the code. The browsers of chats may drop the page meanwhile.
const UNCONFIRMED = "handsel.unconfirmed_email";
// Browsers inside of other apps have storage of their own.
const IN_APP = /MicroMessenger|FBA[NV]|Instagram|\bLine\/|KAKAOTALK|Weibo|\bQQ\/|DingTalk|BytedanceWebview|aweme|musical_ly|Snapchat|Twitter|Telegram|LinkedInApp|Pinterest|; wv\)/i;

let open = null;

/**
 * Open the panel. Resolves to true after a sign-in, false if the user closed it. There is one panel at a time.
 *
 * @param {string | null} why a key of `sign_in.why`, for what needs the sign-in: the panel explains it, begins with a new account, and
 *   asks for nothing else.
 */
export function signIn(why = null) {
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
        // The user has closed the panel.
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

  /** Pass the tokens of an answer to `next`, or show the form of the challenge that it has instead. */
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

  /** A form whose challenge expires: after that, the sign-in starts again. */
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

  /** The first sign-in of a user whom an administrator created: they choose a password, and their name if it is missing. */
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

  /** The first sign-in where two-step sign-in is required. */
  async function setUpForm(challenge, next) {
    const { keyView } = await import("./two_step.js");
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

  /** Send a code, and draw the form for it, even if no more codes are sent now: the user may have one already. */
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
          // An administrator reset the password.
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
    // The page was loaded again meanwhile, and a password is not stored.
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
          // Confirmed already: the answer to an earlier try was lost.
          if (error.code !== "NotAuthorizedException") throw error;
        }
        await authenticate((tokens) => {
          enter(tokens);
          // Who came to do something does that first. The account has the handle, too.
          if (why) end();
          else handleForm();
        });
      }),
      sendAgain("ResendConfirmationCode", confirmForm),
      why && h("p", { class: "ways" }, link("have_account", () => signInForm())),
    );
  }

  /** Asked once, after signing up. The user is signed in, even if they close the panel. */
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

  /** A button that sends another code, and draws the form for it. */
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

/** In the browser of a chat, the user is signed in there only: offer the link for another browser. */
function inApp() {
  if (!IN_APP.test(navigator.userAgent)) return null;
  return h("p", { class: "faint" }, t("sign_in.in_app"), " ", copyButton(location.href, t("gift.copy_link")));
}

/** Return the demo users and the mails that were not really sent, newest first. Only a local stack has them. */
async function readDemo() {
  const response = await fetch(reachable(config.sign_in.url), { cache: "no-store" }).then(learnTime, () => null);
  return response?.ok ? response.json() : { users: [], mails: [] };
}

/** The mail with a code, on a local stack, which sends no mails. */
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

/** A notice about an error, or nothing if there is none. */
const warning = (text) => text && h("p", { class: "problem", role: "alert" }, text);

/** A form with a button. `texts` are for `signInErrorText`. */
export function form(fields, label, submit, texts = {}) {
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

/** A labelled input that stores its value in `entered`, in the form of `normalize`. */
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
// The address is the name of the user: a name is not refused for a capital letter that a keyboard added.
const email = (entered) => field(entered, "email", { type: "email", autocomplete: "username" }, (value) => value.trim().toLowerCase());
const password = (entered, autocomplete) => field(entered, "password", { type: "password", autocomplete, minlength: 12 });
/** An input of a code, which apps and mails may show in groups of digits. */
export const code = (entered) =>
  field(entered, "code", { inputmode: "numeric", autocomplete: "one-time-code", maxlength: 10 }, (value) => value.replace(/\s/g, ""));

function link(label, onClick) {
  return h("button", { type: "button", class: "link", on: { click: onClick } }, t(label));
}
