// Calls of the API. Calls that are safe to repeat are retried before they fail.

import { language } from "./i18n.js";
import { refresh, token } from "./session.js";

const TRIES = 4;
const PENDING = "handsel.pending.";
const PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 5_000;
// API Gateway ends a request after 30 seconds.
const LONGEST_ANSWER_MS = 35_000;

/** An error response: `status`, `code`, `detail` and `errors` of the problem document. */
export class Problem extends Error {
  constructor(status, document) {
    super(document.detail ?? document.title ?? `${status}`);
    this.status = status;
    // Errors of the gateway have no code; this one is recognized by its status.
    this.code = document.code ?? (status === 429 ? "too-many-requests" : "");
    this.errors = document.errors ?? [];
  }
}

/** No response after all retries: there is no connection, or the API is down. */
export class Offline extends Error {}

/** The user has to sign in first. */
export class SignedOut extends Error {}

/** An earlier, different call of the same `form` has an unknown result. It has to be settled first. */
export class Unsettled extends Error {
  constructor(form) {
    super(form);
    this.form = form;
  }
}

/** Return whether an error means that the call was not carried out, and will not be. */
export function settles(error) {
  return error instanceof Problem && error.status < 500 && error.code !== "too-many-requests";
}

/**
 * Call the API and return the parsed response. Every call may be sent twice: reads, PUT and DELETE are idempotent, claims know
 * their claimer, and creating calls carry a key. Throws Problem, Offline, SignedOut.
 *
 * @param {object} options `body` is sent as JSON, `key` as Idempotency-Key; `as` is "json", "blob" or "nothing".
 */
export async function call(method, path, { body, key, as = "json", open = false } = {}) {
  let bearer = open ? null : await known(token);
  if (!open && !bearer) throw new SignedOut();
  let renewed = false;
  for (let attempt = 1; ; attempt += 1) {
    let response = await sent(method, path, body, key, bearer);
    if (response?.ok) {
      try {
        return await { json: () => response.json(), blob: () => response.blob(), nothing: () => null }[as]();
      } catch {
        response = null; // the connection ended within the response
      }
    }
    if (response?.status === 401 && !open) {
      bearer = renewed ? null : await known(refresh);
      renewed = true;
      if (!bearer) throw new SignedOut();
      continue;
    }
    const mayPass = !response || response.status === 429 || response.status >= 500;
    if (!mayPass || attempt >= TRIES || (response && (await isFinal(response)))) {
      if (!response) throw new Offline();
      throw new Problem(response.status, await response.json().catch(() => ({})));
    }
    await pause(response, attempt);
  }
}

/** Return a token. Throws Offline if the user pool cannot be reached. */
async function known(ask) {
  try {
    return await ask();
  } catch {
    throw new Offline();
  }
}

/** Return whether a 429 is about the limit of open gifts, which does not pass in a moment. */
async function isFinal(response) {
  if (response.status !== 429) return false;
  const problem = await response.clone().json().catch(() => ({}));
  return problem.code === "too-many-open-gifts";
}

async function sent(method, path, body, key, bearer) {
  // Texts in the language of the page, which may be another one than the browser's.
  const headers = { "Accept-Language": language };
  if (bearer) headers.Authorization = `Bearer ${bearer}`;
  if (key) headers["Idempotency-Key"] = key;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  try {
    return await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: "no-store", signal: AbortSignal.timeout(LONGEST_ANSWER_MS) });
  } catch {
    return null;
  }
}

function pause(response, attempt) {
  const asked = Number(response?.headers.get("Retry-After")) * 1000;
  const milliseconds = Math.min(asked || PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS);
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/**
 * Make a creating call that takes effect once, also if it is repeated after a reload: its idempotency key is stored until a
 * response settles it. Until then a different call of the same form throws Unsettled; `first` or `leave` resolves that.
 *
 * @param {string} form identifies the form, such as "buy:<product>".
 */
export async function create(form, path, body) {
  const kept = PENDING + form;
  const text = JSON.stringify(body);
  const earlier = JSON.parse(sessionStorage.getItem(kept) ?? "null");
  if (earlier && earlier.text !== text && !earlier.first) throw new Unsettled(form);
  const pending = earlier ?? { text, key: crypto.randomUUID() };
  sessionStorage.setItem(kept, JSON.stringify(pending));
  try {
    const answer = await call("POST", path, { body: JSON.parse(pending.text), key: pending.key });
    sessionStorage.removeItem(kept);
    return answer;
  } catch (error) {
    if (settles(error)) sessionStorage.removeItem(kept);
    throw error;
  }
}

/** Make the next call of a form repeat the unsettled one. */
export function first(form) {
  const pending = JSON.parse(sessionStorage.getItem(PENDING + form));
  sessionStorage.setItem(PENDING + form, JSON.stringify({ ...pending, first: true }));
}

/** Forget the unsettled call of a form, whether it took effect or not. */
export function leave(form) {
  sessionStorage.removeItem(PENDING + form);
}
