/* The button that lets this browser tell its user: asks for leave, subscribes, and sends the form as any form is sent. */
const form = document.querySelector("[data-push]");
const button = form?.querySelector("button");
const line = form?.querySelector("[data-push-said]");
const able = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window && window.isSecureContext;

const say = (words) => {
  line.textContent = words;
};
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
  .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

/* A worker that was registered just now subscribes nobody before it is active. */
const activated = (registration) => new Promise((resolve) => {
  const fresh = registration.active ? null : registration.installing || registration.waiting;
  if (!fresh || fresh.state === "activated") resolve();
  fresh?.addEventListener("statechange", () => fresh.state === "activated" && resolve());
});

const subscribe = async () => {
  const worker = await navigator.serviceWorker.register(form.dataset.worker, { scope: form.dataset.scope });
  await activated(worker);
  const key = bytes(form.dataset.key);
  const standing = await worker.pushManager.getSubscription();
  /* Of another key (another install, or a new one): it would never arrive. */
  if (standing && text(standing.options.applicationServerKey) !== form.dataset.key) await standing.unsubscribe();
  return worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
};

/* Without a way to its push service a browser waits for minutes; a person does not. */
const WAITS_MS = 20000;
const inTime = (work) => Promise.race([
  work,
  new Promise((_, refuse) => { setTimeout(() => refuse(new Error("the push service does not answer")), WAITS_MS); }),
]);

const ask = async (event) => {
  event.preventDefault();
  button.disabled = true;
  try {
    if (await Notification.requestPermission() !== "granted") {
      say(form.dataset.sayRefused);
      return;
    }
    say(form.dataset.sayWaiting);
    const given = await inTime(subscribe());
    form.elements.endpoint.value = given.endpoint;
    form.elements.p256dh.value = text(given.getKey("p256dh"));
    form.elements.auth.value = text(given.getKey("auth"));
    form.submit();
  } catch (error) {
    console.info(`push: ${error.message}`);
    say(form.dataset.sayFailed);
  } finally {
    button.disabled = false;
  }
};

if (form && able) {
  button.hidden = false;
  say("");
  form.addEventListener("submit", ask);
} else if (form) {
  say(form.dataset.sayUnable);
}
