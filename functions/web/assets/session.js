// The session of the signed-in user, in the storage of this device. Other sites cannot read it, and the page's policy runs our scripts only.

import { isTimeKnown, learnTime, now } from "./clock.js";
import { config, reachable } from "./dom.js";
import { LINKS, local, session as ofTab } from "./storage.js";

const STORAGE_KEY = "handsel.session";
// A token that expires within this time is renewed before it is used.
const EARLY_MS = 60_000;
// Errors of the user pool that mean that the session has ended.
const SESSION_ENDED = ["NotAuthorizedException", "UserNotFoundException"];

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
  return isTimeKnown() && claims.exp * 1000 - early <= now();
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
export function signOut() {
  for (const storage of [local, ofTab]) {
    for (const key of storage.keys()) if (key !== "handsel.language" && !key.startsWith(LINKS)) storage.delete(key);
  }
  pageUser = null;
}

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
  if (!claims) return null;
  if (!isExpired(claims, EARLY_MS)) return session.id_token;
  return renewToken();
}

let renewing = null;

/**
 * Return a new token in place of one that expired or was rejected, or null if the session has ended. Throws any other error of
 * the user pool.
 */
export function renewToken() {
  renewing ??= requestNewToken().finally(() => {
    renewing = null;
  });
  return renewing;
}

async function requestNewToken() {
  const session = storedSession();
  if (!session?.refresh_token) return null;
  // The user may have signed out meanwhile, or another one may have signed in.
  const isCurrent = () => storedSession()?.refresh_token === session.refresh_token;
  try {
    const answer = await userPool("InitiateAuth", {
      AuthFlow: "REFRESH_TOKEN_AUTH",
      AuthParameters: { REFRESH_TOKEN: session.refresh_token },
    });
    if (!isCurrent()) return idToken();
    saveSession({ ...session, id_token: answer.AuthenticationResult.IdToken });
    return answer.AuthenticationResult.IdToken;
  } catch (error) {
    if (!(error instanceof UserPoolError) || !SESSION_ENDED.includes(error.code)) throw error;
    if (isCurrent()) signOut();
    return null;
  }
}

/** An error of the user pool; `code` is the name of the exception, such as NotAuthorizedException. */
export class UserPoolError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** Call an action of the user pool that needs no signature. Throws UserPoolError, or TypeError if there is no response. */
export async function userPool(action, parameters) {
  const response = await fetch(reachable(config.sign_in.url), {
    method: "POST",
    headers: { "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": `AWSCognitoIdentityProviderService.${action}` },
    body: JSON.stringify({ ClientId: config.sign_in.client_id, ...parameters }),
  });
  learnTime(response);
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new UserPoolError((answer.__type ?? "").split("#").pop(), answer.message ?? "");
  return answer;
}
