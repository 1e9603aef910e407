/** Solve a challenge in ALTCHA's second format. The derivations run beside the page, a few at a time. */
const solve = async (challenge) => {
  const asked = challenge.parameters;
  if (!globalThis.crypto.subtle || asked.algorithm !== "PBKDF2/SHA-256") throw new Told("unsolved");
  const [nonce, salt] = [unhex(asked.nonce), unhex(asked.salt)];
  const derive = async (counter) => {
    const password = new Uint8Array(nonce.length + 4);
    password.set(nonce);
    new DataView(password.buffer).setUint32(nonce.length, counter);
    const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
    const rounds = { name: "PBKDF2", hash: "SHA-256", salt, iterations: asked.cost };
    return hex(new Uint8Array(await crypto.subtle.deriveBits(rounds, key, asked.keyLength * 8)));
  };
  const abreast = Math.max(2, Math.min(8, navigator.hardwareConcurrency || 2));
  const until = Date.now() + SOLVING_LASTS;
  for (let first = 0; Date.now() < until; first += abreast) {
    const keys = await Promise.all(Array.from({ length: abreast }, (_, ahead) => derive(first + ahead)));
    const found = keys.findIndex((key) => key.startsWith(asked.keyPrefix));
    if (found >= 0) return btoa(JSON.stringify({ challenge, solution: { counter: first + found, derivedKey: keys[found] } }));
    await paint();
  }
  throw new Told("failed");
};
