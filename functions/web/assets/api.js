// Calls of the API. Requests that may succeed later are retried before the caller gets an error.

import { learnTime, now } from "./clock.js";
import { randomId } from "./dom.js";
import { language } from "./i18n.js";
import { forgetUser, idToken, renewToken } from "./session.js";
import { session } from "./storage.js";

const MAX_ATTEMPTS = 4;
const PENDING = "handsel.pending.";
const PAUSE_MS = 400;
const MAX_PAUSE_MS = 5_000;
// API Gateway answers within 30 seconds.
const TIMEOUT_MS = 35_000;

/**
 * An error response (RFC 9457): its `status` and `code`, `errors` with a pointer for each invalid field, the `total` now if the
 * price has changed, the `rule` of the policy that decided, and the `reason` why there is no refund. `requestId` leads to its log;
 * API Gateway names its own header.
 */
export class Problem extends Error {
  constructor({ status, headers }, document) {
    super(document.detail ?? document.title ?? `${status}`);
    this.status = status;
    this.requestId = headers.get("X-Request-Id") ?? headers.get("Apigw-Requestid");
    // Errors of API Gateway itself have no code; throttling is known by its status.
    this.code = document.code ?? (status === 429 ? "too-many-requests" : "");
    this.errors = document.errors ?? [];
    this.total = document.total ?? null;
    this.rule = document.rule ?? null;
    this.reason = document.reason ?? null;
  }
}

/** No response after all attempts: there is no connection, or the service is down. */
export class Offline extends Error {}

/** The call needs a signed-in user. */
export class SignedOut extends Error {}

/**
 * An earlier, different request of the same `form` is not confirmed yet: `resume` or `discard` it first. `earlier` is its body,
 * and `sentAt` when it was first sent, by the server's clock.
 */
export class Unconfirmed extends Error {
  constructor(form, { text, sentAt }) {
    super(form);
    this.form = form;
    this.earlier = JSON.parse(text);
    this.sentAt = sentAt;
  }
}

/** Return whether an error means that the request was not carried out and will not be. */
export function isRejected(error) {
  return error instanceof Problem && error.status < 500 && error.code !== "too-many-requests";
}

/**
 * Send a request and return its parsed response. All calls are idempotent, so that they can be retried: reads, PUT and DELETE
 * are, a claim is unique per claimer, and creating calls carry a key. Throws Problem, Offline, SignedOut.
 *
 * @param {object} options `body` is sent as JSON, `key` as Idempotency-Key; `as` is "json", "blob" or "none"; an `anonymous`
 *   request carries no token.
 */
export async function call(method, path, { body, key, as = "json", anonymous = false } = {}) {
  let bearer = anonymous ? null : await requestToken(idToken);
  if (!anonymous && !bearer) throw new SignedOut();
  let renewed = false;
  for (let attempt = 1; ; attempt += 1) {
    let response = await send(method, path, body, key, bearer);
    if (response?.ok) {
      try {
        return await { json: () => response.json(), blob: () => response.blob(), none: () => null }[as]();
      } catch {
        response = null; // the connection ended before the end of the body
      }
    }
    if (response?.status === 401 && !anonymous) {
      const rejected = bearer;
      bearer = renewed ? null : await requestToken(() => renewToken(rejected));
      renewed = true;
      if (!bearer) throw new SignedOut();
      continue;
    }
    if (attempt >= MAX_ATTEMPTS || !(await isRetryable(response))) {
      if (!response) throw new Offline();
      const problem = new Problem(response, await response.json().catch(() => ({})));
      if (problem.code === "account-erased") leaveErased();
      throw problem;
    }
    await pause(response, attempt);
  }
}

/** Forget the signed-in user, whose account has been deleted, and show the page that says so. */
function leaveErased() {
  forgetUser();
  history.replaceState(null, "", "/#/erased");
  // What is on the page belongs to the account.
  location.reload();
}

/** Return the token that `source` gives, or null. Throws Offline if the user pool does not answer. */
async function requestToken(source) {
  try {
    return await source();
  } catch {
    throw new Offline();
  }
}

// Limits that a moment of waiting does not lift.
const LASTING_LIMITS = ["too-many-open-gifts", "too-many-exports", "too-many-gifts", "too-many-changes", "too-many-reminders"];

/** Return whether the same request may succeed in a moment. */
async function isRetryable(response) {
  if (!response || response.status >= 500) return true;
  if (response.status !== 429) return false;
  const problem = await response.clone().json().catch(() => ({}));
  return !LASTING_LIMITS.includes(problem.code);
}

async function send(method, path, body, key, bearer) {
  // Texts in the language of the page, which may differ from the browser's.
  const headers = { "Accept-Language": language };
  if (bearer) headers.Authorization = `Bearer ${bearer}`;
  if (key) headers["Idempotency-Key"] = key;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  try {
    return learnTime(await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) }));
  } catch {
    return null;
  }
}

function pause(response, attempt) {
  const requested = Number(response?.headers.get("Retry-After")) * 1000;
  const milliseconds = Math.min(requested || PAUSE_MS * 2 ** (attempt - 1), MAX_PAUSE_MS);
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/**
 * Send a creating request that is carried out once, even if it is repeated after a reload: its body and key are stored until a
 * response confirms or rejects it. Meanwhile another request of the same form throws Unconfirmed, until `resume` or `discard`
 * is called.
 *
 * @param {string} form identifies what is created, such as "buy:<product>".
 */
export async function create(form, path, body) {
  const storageKey = PENDING + form;
  const text = JSON.stringify(body);
  const earlier = session.getJson(storageKey);
  if (earlier && earlier.text !== text && !earlier.resumed) throw new Unconfirmed(form, earlier);
  const pending = earlier ?? { text, key: randomId(), sentAt: now() };
  session.setJson(storageKey, pending);
  try {
    const answer = await call("POST", path, { body: JSON.parse(pending.text), key: pending.key });
    session.delete(storageKey);
    return answer;
  } catch (error) {
    if (isRejected(error)) session.delete(storageKey);
    // The total of the earlier request is not the one of this request.
    if (pending.text !== text && error instanceof Problem) error.total = null;
    throw error;
  }
}

/** Make the next request of a form repeat the unconfirmed one. */
export function resume(form) {
  session.setJson(PENDING + form, { ...session.getJson(PENDING + form), resumed: true });
}

/** Forget the unconfirmed request of a form. It may have been carried out. */
export function discard(form) {
  session.delete(PENDING + form);
}
