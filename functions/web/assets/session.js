// Who is signed in on this device. Other sites cannot read what is kept here, and the page's policy runs no script but ours.

import { config } from "./dom.js";

const KEPT = "handsel.session";
// A token that ends within this time is made anew before it is used.
const EARLY_MS = 60_000;

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
  const claims = JSON.parse(new TextDecoder().decode(bytes(session.id_token.split(".")[1])));
  return claims.exp * 1000 > Date.now() || session.refresh_token ? claims : null;
}

function bytes(base64url) {
  return Uint8Array.from(atob(base64url.replace(/-/g, "+").replace(/_/g, "/")), (each) => each.charCodeAt(0));
}

/** Keep the tokens somebody signed in with. */
export function keep(tokens) {
  localStorage.setItem(KEPT, JSON.stringify(tokens));
}

/** Sign out: nothing of who it was stays on this device. */
export function forget() {
  for (const storage of [localStorage, sessionStorage]) {
    for (const key of Object.keys(storage)) if (key.startsWith("handsel.") && key !== "handsel.language") storage.removeItem(key);
  }
}

/** The token to call the API with, or null when one has to sign in first. */
export async function token() {
  const session = kept();
  const claims = who();
  if (!claims) return null;
  if (claims.exp * 1000 - EARLY_MS > Date.now()) return session.id_token;
  return refresh();
}

/** A new token for one that ended or was refused; null when one has to sign in again. */
export async function refresh() {
  const session = kept();
  if (!session?.refresh_token) return null;
  try {
    const answer = await userPool("InitiateAuth", {
      AuthFlow: "REFRESH_TOKEN_AUTH",
      AuthParameters: { REFRESH_TOKEN: session.refresh_token },
    });
    keep({ ...session, id_token: answer.AuthenticationResult.IdToken });
    return answer.AuthenticationResult.IdToken;
  } catch (error) {
    if (error instanceof UserPoolError) forget();
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
