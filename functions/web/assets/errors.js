// The texts of errors, for the user.

import { Offline, Problem, SignedOut, Unconfirmed } from "./api.js";
import { has, t } from "./i18n.js";
import { NotLoaded } from "./load.js";
import { UserPoolError } from "./session.js";

/**
 * An error with a text of its own, and ways on: `{label, before}` runs `before` and then the action again, `{label, href}` is a
 * link.
 */
export class Explained extends Error {
  constructor(text, ways = []) {
    super(text);
    this.ways = ways;
  }
}

/** Return the ID of a request that failed on the side of the server, for the user to quote; null for other errors. */
export function requestId(error) {
  return error instanceof Problem && error.status >= 500 ? error.requestId : null;
}

/** Return the text of an error. */
export function errorText(error) {
  if (error instanceof Explained) return error.message;
  if (error instanceof Offline) return t("offline");
  if (error instanceof SignedOut) return t("signed_out");
  if (error instanceof NotLoaded) return t("shop.not_loaded");
  if (error instanceof Unconfirmed) return t("unconfirmed");
  if (error instanceof Problem) {
    if (has(`rule.${error.rule}`)) return t(`rule.${error.rule}`);
    if (has(`not_refundable.${error.reason}`)) return t(`not_refundable.${error.reason}`);
    if (has(`problem.${error.code}`)) return t(`problem.${error.code}`);
    return error.status < 500 ? t("not_possible") : t("our_fault");
  }
  console.error(error);
  return t("our_fault");
}

/**
 * Run `send`. Resolves to null if a part of the form explained the error at its field: a part has `explain(error)`, which returns
 * whether the error is about it.
 */
export async function explainedBy(parts, send) {
  try {
    return await send();
  } catch (error) {
    if (!(error instanceof Problem) || !parts.some((part) => part.explain(error))) throw error;
    return null;
  }
}

const KNOWN = [Explained, Problem, SignedOut, NotLoaded];
// Errors that the user pool tells apart by their message only.
const MESSAGES = { "Password attempts exceeded": "LimitExceededException", "Temporary password has expired": "TemporaryPasswordExpired" };

/** Return the text of an error of a sign-in. `texts` has the keys of texts that fit the form better, by the name of the error. */
export function signInErrorText(error, texts = {}) {
  if (KNOWN.some((each) => error instanceof each)) return errorText(error);
  if (!(error instanceof UserPoolError)) return t("offline");
  const message = Object.keys(MESSAGES).find((each) => error.message.startsWith(each));
  const key = texts[error.code] ?? `user_pool.${MESSAGES[message] ?? error.code}`;
  return has(key) ? t(key) : t("not_possible");
}
