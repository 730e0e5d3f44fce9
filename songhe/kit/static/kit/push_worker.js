/* The service worker of notices. A push carries no words of anybody: a glance ("New task"), where to go, and the
   token by which we tell that it was shown. Who opens it signs in first, and reads the rest there. */
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

const said = (event) => {
  try {
    return event.data.json();
  } catch {
    return {};
  }
};

const tell = async (told) => {
  await self.registration.showNotification(told.title || "Songhe", {
    tag: told.tag, lang: told.lang, data: { path: told.path }, renotify: Boolean(told.tag), requireInteraction: true,
  });
  if (told.seen) await fetch("/notices/seen/", { method: "POST", body: told.seen, credentials: "omit" });
};

self.addEventListener("push", (event) => event.waitUntil(tell(said(event))));

const open = async (path) => {
  const address = new URL(path || "/notices/", self.location.origin);
  if (address.origin !== self.location.origin) return;
  await self.clients.openWindow(address.href);
};

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data?.path));
});
