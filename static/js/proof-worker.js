/* Finds the number whose derived key begins as the challenge says (ALTCHA version 2, PBKDF2), away from the page. */

const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const hex = (buffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");

async function derive(parameters, counter) {
  const nonce = bytes(parameters.nonce);
  const password = new Uint8Array(nonce.length + 4);
  password.set(nonce);
  new DataView(password.buffer).setUint32(nonce.length, counter);
  const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt: bytes(parameters.salt), iterations: parameters.cost };
  return hex(await crypto.subtle.deriveBits(how, key, parameters.keyLength * 8));
}

async function solve(challenge) {
  const started = performance.now();
  for (let counter = 0; ; counter += 1) {
    const derivedKey = await derive(challenge.parameters, counter);
    if (derivedKey.startsWith(challenge.parameters.keyPrefix)) {
      return { counter, derivedKey, time: Math.round(performance.now() - started) };
    }
  }
}

onmessage = async ({ data }) => {
  try {
    const answer = await fetch(data);
    if (!answer.ok) throw new Error(answer.statusText);
    const challenge = await answer.json();
    postMessage(btoa(JSON.stringify({ challenge, solution: await solve(challenge) })));
  } catch {
    postMessage("");
  }
};
