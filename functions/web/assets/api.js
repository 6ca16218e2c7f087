// Calls of the API. Whatever may be sent again is, before anybody is told that it failed.

import { language } from "./i18n.js";
import { refresh, token } from "./session.js";

const TRIES = 4;
const PENDING = "handsel.pending.";
const PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 5_000;
// An API answers within 30 seconds, or never.
const LONGEST_ANSWER_MS = 35_000;

/** An answer that refuses: `status`, `code` and `detail` of a problem as the API has them, `errors` of what was not right. */
export class Problem extends Error {
  constructor(status, document) {
    super(document.detail ?? document.title ?? `${status}`);
    this.status = status;
    // The gateway's own refusals have no code; this one is known by its status.
    this.code = document.code ?? (status === 429 ? "too-many-requests" : "");
    this.errors = document.errors ?? [];
  }
}

/** Nothing answered, though it was asked again: there is no connection, or we are down. */
export class Offline extends Error {}

/** Whoever calls has to sign in first. */
export class SignedOut extends Error {}

/** Something else was asked for in the same `form` before, and nobody knows whether it was done: it comes before this. */
export class Unsettled extends Error {
  constructor(form) {
    super(form);
    this.form = form;
  }
}

/** Whether an error says that what was asked for was not done, and will not be. */
export function settles(error) {
  return error instanceof Problem && error.status < 500 && error.code !== "too-many-requests";
}

/**
 * The answer of a call, parsed. Every call of ours may be sent twice: reads, PUT and DELETE are, claims know their claimer, and
 * creating calls carry a key. Throws Problem, Offline, SignedOut.
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
        response = null; // the connection ended in the middle of the answer
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

/** A token, where the user pool can be asked for it. */
async function known(ask) {
  try {
    return await ask();
  } catch {
    throw new Offline();
  }
}

/** A 429 that says how many gifts may wait at once is not over in a moment. */
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
 * A creating call that is done once, however often it is tried, also after the page was loaded again: the key of what was
 * asked for is kept until there is an answer that settles it. Until then nothing else is asked for in the same form: throws
 * Unsettled, and `first` or `leave` says what comes next.
 *
 * @param {string} form names what is asked for, such as "buy:<product>".
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

/** From here on the next call of a form is the one that is not settled, as it was. */
export function first(form) {
  const pending = JSON.parse(sessionStorage.getItem(PENDING + form));
  sessionStorage.setItem(PENDING + form, JSON.stringify({ ...pending, first: true }));
}

/** What is not settled is not asked for any more, whether it was done or not. */
export function leave(form) {
  sessionStorage.removeItem(PENDING + form);
}
