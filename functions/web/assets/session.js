// The session of the signed-in user, in localStorage. Other sites cannot read it, and the page's policy runs our scripts only.

import { config } from "./dom.js";

const STORAGE_KEY = "handsel.session";
// A token that expires within this time is renewed before it is used.
const EARLY_MS = 60_000;
// Errors of the user pool that mean that the session has ended.
const SESSION_ENDED = ["NotAuthorizedException", "UserNotFoundException"];

/** Return `{id_token, refresh_token?}` of the signed-in user, or null. */
function storedSession() {
  try {
    return JSON.parse(localStorage.getItem(STORAGE_KEY));
  } catch {
    return null;
  }
}

/** Return the claims of the signed-in user's ID token, or null. The token is verified by the API, not here. */
export function currentUser() {
  const session = storedSession();
  if (!session) return null;
  const claims = claimsOf(session);
  return claims.exp * 1000 > Date.now() || session.refresh_token ? claims : null;
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
  localStorage.setItem(STORAGE_KEY, JSON.stringify(tokens));
  pageUser = userOf(tokens);
}

/** Delete all data of the user from this device. */
export function signOut() {
  for (const storage of [localStorage, sessionStorage]) {
    for (const key of Object.keys(storage)) if (key.startsWith("handsel.") && key !== "handsel.language") storage.removeItem(key);
  }
  pageUser = null;
}

// The user whose data this page shows. If another user signs in, in any tab, the page is reloaded.
let pageUser = userOf(storedSession());
function reloadIfUserChanged() {
  if (userOf(storedSession()) === pageUser) return;
  sessionStorage.clear();
  location.reload();
}
addEventListener("storage", (event) => (event.key === STORAGE_KEY || event.key === null) && reloadIfUserChanged());
addEventListener("pageshow", (event) => event.persisted && reloadIfUserChanged());

/** Return a valid ID token for calls of the API, or null if there is no session. */
export async function idToken() {
  const session = storedSession();
  const claims = currentUser();
  if (!claims) return null;
  if (claims.exp * 1000 - EARLY_MS > Date.now()) return session.id_token;
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
  const response = await fetch(config.sign_in.url, {
    method: "POST",
    headers: { "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": `AWSCognitoIdentityProviderService.${action}` },
    body: JSON.stringify({ ClientId: config.sign_in.client_id, ...parameters }),
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new UserPoolError((answer.__type ?? "").split("#").pop(), answer.message ?? "");
  return answer;
}
