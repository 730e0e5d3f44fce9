/* Passkeys (WebAuthn): a form with data-passkey="get" or "create" asks the browser before it is sent,
   with what the server wrote into data-options, and carries the answer in its field `credential`. */
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
  .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

/* The server's JSON names bytes in base64url; the browser wants buffers. */
const prepared = (options) => {
  const key = { ...options.publicKey, challenge: bytes(options.publicKey.challenge) };
  if (key.user) key.user = { ...key.user, id: bytes(key.user.id) };
  for (const name of ["allowCredentials", "excludeCredentials"]) {
    if (key[name]) key[name] = key[name].map((one) => ({ ...one, id: bytes(one.id) }));
  }
  return { publicKey: key };
};

const written = (credential) => {
  const response = { clientDataJSON: text(credential.response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = text(credential.response[name]);
  }
  if (credential.response.getTransports) response.transports = credential.response.getTransports();
  return JSON.stringify({
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    response,
    clientExtensionResults: credential.getClientExtensionResults(),
  });
};

for (const form of document.querySelectorAll("[data-passkey]")) {
  const said = form.querySelector("[data-passkey-said]");
  const say = (words) => {
    said.textContent = words;
    said.hidden = !words;
  };
  form.addEventListener("submit", async (event) => {
    if (form.elements.credential.value) return;
    event.preventDefault();
    if (!window.PublicKeyCredential || !navigator.credentials) {
      say(form.dataset.sayNone);
      return;
    }
    say("");
    try {
      const options = prepared(JSON.parse(form.dataset.options));
      const credential = await navigator.credentials[form.dataset.passkey](options);
      form.elements.credential.value = written(credential);
      form.submit();
    } catch {
      say(form.dataset.sayFailed);
    }
  });
}
