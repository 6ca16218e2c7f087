// The session of the signed-in user, in the storage of this device. Other sites cannot read it, and the page's policy runs our scripts only.

import { isTimeKnown, learnTime, realNow } from "./clock.js";
import { config, reachable } from "./dom.js";
import { LINKS, local, session as ofTab } from "./storage.js";

const STORAGE_KEY = "handsel.session";
// A token that expires within this time is renewed before it is used.
const EARLY_MS = 60_000;
const MAX_ATTEMPTS = 3;
const PAUSE_MS = 400;
const TIMEOUT_MS = 20_000;
// A sign-out waits this long for the user pool. After that, it does without.
const REVOKE_MS = 3_000;
// Errors of the user pool that mean that the session has ended: revoked, expired or of a user or client that is gone.
const SESSION_ENDED = [
  "NotAuthorizedException",
  "UserNotFoundException",
  "UserNotConfirmedException",
  "PasswordResetRequiredException",
  "ResourceNotFoundException",
];

/** Return `{id_token, refresh_token?}` of the signed-in user, or null. */
function storedSession() {
  const session = local.getJson(STORAGE_KEY);
  try {
    claimsOf(session);
    return session;
  } catch {
    return null; // none, or damaged
  }
}

/** Return the claims of the signed-in user's ID token, or null. The token is verified by the API, not here. */
export function currentUser() {
  const session = storedSession();
  if (!session) return null;
  const claims = claimsOf(session);
  return isExpired(claims) && !session.refresh_token ? null : claims;
}

/** Return whether a token expires within a time. Until the server's time is known, the API decides. */
function isExpired(claims, early = 0) {
  return isTimeKnown() && claims.exp * 1000 - early <= realNow();
}

function claimsOf(session) {
  return JSON.parse(new TextDecoder().decode(bytes(session.id_token.split(".")[1])));
}

function bytes(base64url) {
  return Uint8Array.from(atob(base64url.replace(/-/g, "+").replace(/_/g, "/")), (each) => each.charCodeAt(0));
}

const userOf = (session) => session && claimsOf(session).sub;

/** Save the tokens of a sign-in, and delete the data of another user who was signed in before. */
export function saveSession(tokens) {
  const before = userOf(storedSession());
  if (before && before !== userOf(tokens)) signOut();
  local.setJson(STORAGE_KEY, tokens);
  pageUser = userOf(tokens);
}

/** Delete the data of the user from this device: all but their share links, which only they can see and nobody can get again. */
function deleteSession() {
  for (const storage of [local, ofTab]) {
    for (const key of storage.keys()) if (key !== "handsel.language" && !key.startsWith(LINKS)) storage.delete(key);
  }
  pageUser = null;
}

/**
 * Delete the data of the user from this device, at once, and revoke the refresh token, so that a copy of it is worth nothing.
 * Resolves when that is done, or could not be done: there is no connection, for example.
 */
export async function signOut() {
  const token = storedSession()?.refresh_token;
  deleteSession();
  if (!token) return;
  const late = new Promise((resolve) => setTimeout(resolve, REVOKE_MS));
  await Promise.race([revoke(token), late]);
}

/** Delete all data of the user from this device, their share links too: the account has been deleted. */
export function forgetUser() {
  local.delete(LINKS + userOf(storedSession()));
  deleteSession();
}

/** Revoke a refresh token, if the user pool can be reached. */
export const revoke = (token) => userPool("RevokeToken", { Token: token }).catch(() => null);

/** Return whether the session can be extended. That of a demo user cannot. */
export const canRenew = () => Boolean(storedSession()?.refresh_token);

// The user whose data this page shows. If another user signs in, in any tab, the page is reloaded.
let pageUser = userOf(storedSession());
function reloadIfUserChanged() {
  if (userOf(storedSession()) === pageUser) return;
  for (const key of ofTab.keys()) ofTab.delete(key);
  location.reload();
}
addEventListener("storage", (event) => (event.key === STORAGE_KEY || event.key === null) && reloadIfUserChanged());
addEventListener("pageshow", (event) => event.persisted && reloadIfUserChanged());

/** Return a valid ID token for calls of the API, or null if there is no session. */
export async function idToken() {
  const session = storedSession();
  const claims = currentUser();
  // If another user has signed in, in another tab, this page is about to be reloaded.
  if (!claims || claims.sub !== pageUser) return null;
  if (!isExpired(claims, EARLY_MS)) return session.id_token;
  try {
    return await renewToken(session.id_token);
  } catch (error) {
    if (isExpired(claims)) throw error;
    return session.id_token; // still valid, for a moment
  }
}

let renewing = null;

/**
 * Return a new token in place of one that expires or was rejected, or null if the session has ended. Throws any other error of
 * the user pool.
 */
export function renewToken(replaced) {
  renewing ??= inOneTab(async () => {
    const session = storedSession();
    if (!session || userOf(session) !== pageUser) return null;
    // Another tab was faster.
    if (session.id_token !== replaced) return session.id_token;
    return (await requestTokens())?.IdToken ?? null;
  }).finally(() => {
    renewing = null;
  });
  return renewing;
}

/**
 * Return an access token, which lets the user change their own settings in the user pool, or null if the session has ended.
 * Throws any other error of the user pool.
 */
export const accessToken = () => inOneTab(async () => (await requestTokens())?.AccessToken ?? null);

/** Run `work` in one tab at a time, if the browser has locks: it has them on encrypted pages and on those of this machine. */
async function inOneTab(work) {
  if (!navigator.locks) return work();
  let isGranted = false;
  try {
    return await navigator.locks.request(STORAGE_KEY, { signal: AbortSignal.timeout(TIMEOUT_MS) }, () => {
      isGranted = true;
      return work();
    });
  } catch (error) {
    if (isGranted || error.name !== "TimeoutError") throw error;
    return work(); // a tab that the browser has suspended does not release the lock
  }
}

async function requestTokens() {
  const session = storedSession();
  if (!session?.refresh_token) return null;
  // The user may have signed out meanwhile, or another one may have signed in.
  const isCurrent = () => storedSession()?.refresh_token === session.refresh_token;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const answer = await userPool("InitiateAuth", {
        AuthFlow: "REFRESH_TOKEN_AUTH",
        AuthParameters: { REFRESH_TOKEN: session.refresh_token },
      });
      if (!isCurrent()) return null;
      saveSession({ ...session, id_token: answer.AuthenticationResult.IdToken });
      return answer.AuthenticationResult;
    } catch (error) {
      if (SESSION_ENDED.includes(error.code)) {
        if (isCurrent()) deleteSession();
        return null;
      }
      if (attempt >= MAX_ATTEMPTS || !isTemporary(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * 2 ** (attempt - 1)));
    }
  }
}

/** An error of the user pool; `code` is the name of the exception, such as NotAuthorizedException. */
export class UserPoolError extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const isTemporary = (error) => !(error instanceof UserPoolError) || error.status >= 500 || error.code === "TooManyRequestsException";

/** Call an action of the user pool that needs no signature. Throws UserPoolError, or another error if there is no response. */
export const userPool = (action, parameters) => callUserPool(action, { ClientId: config.sign_in.client_id, ...parameters });

/** Call an action of the user pool that takes no client: `parameters` have an access token, or the session of a challenge. */
export async function callUserPool(action, parameters) {
  const response = await fetch(reachable(config.sign_in.url), {
    method: "POST",
    headers: { "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": `AWSCognitoIdentityProviderService.${action}` },
    body: JSON.stringify(parameters),
    // Sign-out reloads the page.
    keepalive: true,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  learnTime(response);
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new UserPoolError(response.status, (answer.__type ?? "").split("#").pop(), answer.message ?? "");
  return answer;
}
