// The gift and the secret in the URL of a gift page. Programs that find links in messages append punctuation and tracking
// parameters, encode the `#`, move the fragment, break long words or change letter case: ids and secrets are found anyway.

// Ids and secrets have 32 characters of base32.
const TOKEN = /(?<![a-z0-9])[a-z2-7]{32}(?![a-z0-9])/g;
const SECRET_WITH_REST = /^[a-z2-7]{32}/;
// Soft hyphens, zero-width characters and marks of direction.
const INVISIBLE = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;
const MAX_DECODINGS = 4;

/** Return the text of a part of a URL, in lower case, even if it was encoded more than once. */
function decode(part) {
  let text = part;
  for (let count = 0; count < MAX_DECODINGS && text.includes("%"); count += 1) {
    text = text.replace(/(?:%[0-9a-f]{2})+/gi, (run) => {
      try {
        return decodeURIComponent(run);
      } catch {
        return run;
      }
    });
  }
  return text.replace(INVISIBLE, "").toLowerCase();
}

/** Return the id of the gift in the URL of its page. */
export function findGiftId({ pathname }) {
  const [id] = decode(pathname).match(TOKEN) ?? [];
  return id ?? pathname.split("/").pop();
}

/** Return the secret in the URL of the page of a gift, or undefined. */
export function findSecret({ hash, pathname, search }, giftId) {
  const [fragment] = decode(hash).split(":~:");
  for (const text of [fragment, decode(pathname), decode(search)]) {
    const found = text.match(TOKEN)?.find((token) => token !== giftId);
    if (found) return found;
  }
  // It was broken into lines or marked as emphasised, or a word was appended to it.
  return fragment.replace(/[^a-z0-9]/g, "").match(SECRET_WITH_REST)?.[0];
}
