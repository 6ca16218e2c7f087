// Who is signed in on this device. Other sites cannot read what is kept here, and the page's policy runs no script but ours.

import { config } from "./dom.js";

const KEPT = "handsel.session";
// A token that ends within this time is made anew before it is used.
const EARLY_MS = 60_000;
// What the user pool says of a session that is over.
const ENDED = ["NotAuthorizedException", "UserNotFoundException"];

/** `{id_token, refresh_token?}` of who is signed in, or null. */
function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEPT));
  } catch {
    return null;
  }
}

/** Claims of the ID token of who is signed in, or null. The API checks the token; here it only says whose it is. */
export function who() {
  const session = kept();
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

const whose = (session) => session && claimsOf(session).sub;

/** Keep the tokens somebody signed in with; nothing of somebody else who was signed in here. */
export function keep(tokens) {
  const before = whose(kept());
  if (before && before !== whose(tokens)) forget();
  localStorage.setItem(KEPT, JSON.stringify(tokens));
  here = whose(tokens);
}

/** Sign out: nothing of who it was stays on this device. */
export function forget() {
  for (const storage of [localStorage, sessionStorage]) {
    for (const key of Object.keys(storage)) if (key.startsWith("handsel.") && key !== "handsel.language") storage.removeItem(key);
  }
  here = null;
}

// Whose this page is: what is drawn of them is not for who comes after them, in this tab or in another one.
let here = whose(kept());
function check() {
  if (whose(kept()) === here) return;
  sessionStorage.clear();
  location.reload();
}
addEventListener("storage", (event) => (event.key === KEPT || event.key === null) && check());
addEventListener("pageshow", (event) => event.persisted && check());

/** The token to call the API with, or null when one has to sign in first. */
export async function token() {
  const session = kept();
  const claims = who();
  if (!claims) return null;
  if (claims.exp * 1000 - EARLY_MS > Date.now()) return session.id_token;
  return refresh();
}

let renewing = null;

/**
 * A new token for one that ended or was refused; null when one has to sign in again. Throws what keeps the user pool from
 * saying so.
 */
export function refresh() {
  renewing ??= renewed().finally(() => {
    renewing = null;
  });
  return renewing;
}

async function renewed() {
  const session = kept();
  if (!session?.refresh_token) return null;
  // Who signed out meanwhile, or is somebody else by now, is not brought back.
  const same = () => kept()?.refresh_token === session.refresh_token;
  try {
    const answer = await userPool("InitiateAuth", {
      AuthFlow: "REFRESH_TOKEN_AUTH",
      AuthParameters: { REFRESH_TOKEN: session.refresh_token },
    });
    if (!same()) return token();
    keep({ ...session, id_token: answer.AuthenticationResult.IdToken });
    return answer.AuthenticationResult.IdToken;
  } catch (error) {
    if (!(error instanceof UserPoolError) || !ENDED.includes(error.code)) throw error;
    if (same()) forget();
    return null;
  }
}

/** A refusal of the user pool; `code` is its exception's name, such as NotAuthorizedException. */
export class UserPoolError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** An unsigned call of the user pool. Throws UserPoolError, and TypeError when nothing answered. */
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
