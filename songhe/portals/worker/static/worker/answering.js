/* The service worker of /work/: pages come from the network while there is one, else from the day that
   was kept; files of the shell come from their cache. What is told goes out in the background too. */
"use strict";
const SHELL = `songhe-work-shell-${TOLD.version}`;
const PATIENCE_MS = 4000;
const TRIES = 3;
const PAUSE_MS = 1000;
const FILE_MS = 15000;

const bring = async (cache, asset) => {
  const answer = await fetch(asset, { signal: AbortSignal.timeout(FILE_MS) });
  if (!answer.ok) throw new TypeError(`${asset}: ${answer.status}`);
  await cache.put(asset, answer);
};

/* With a weak signal some file fails or hangs: what came is kept, the rest is asked for again, now or at
   the next start. */
const fill = async () => {
  const cache = await caches.open(SHELL);
  for (let left = TRIES; ; left -= 1) {
    const here = await Promise.all(TOLD.assets.map((asset) => cache.match(asset)));
    const missing = TOLD.assets.filter((_asset, number) => !here[number]);
    const came = await Promise.allSettled(missing.map((asset) => bring(cache, asset)));
    const failed = came.find((one) => one.status === "rejected");
    if (!failed) return;
    if (left === 1) throw failed.reason;
    await new Promise((resolve) => { setTimeout(resolve, PAUSE_MS); });
  }
};

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    await fill();
    await self.skipWaiting();
  })());
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith("songhe-work-shell-") && name !== SHELL) await caches.delete(name);
    }
    await self.clients.claim();
  })());
});

/* A page that was loading while the worker began to answer was not claimed: it asks. */
self.addEventListener("message", (event) => {
  if (event.data === "claim") event.waitUntil(self.clients.claim());
});

const keptPage = async (address) => {
  const day = await songheKept.fact("day");
  if (!day || songheKept.isOver(day)) {
    await songheKept.forgetDay();
  } else {
    const found = await (await caches.open(songheKept.PAGES)).match(address, { ignoreSearch: true });
    if (found) return found;
  }
  return (await caches.open(SHELL)).match(TOLD.offline);
};

const page = async (request) => {
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (answer.status >= 500) return await keptPage(request.url);
    return answer;
  } catch {
    return keptPage(request.url);
  }
};

const file = async (request) => {
  const found = await (await caches.open(SHELL)).match(request);
  return found || fetch(request);
};

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== self.location.origin) return;
  if (request.mode === "navigate" && address.pathname.startsWith(TOLD.root)) event.respondWith(page(request));
  else if (TOLD.assets.includes(address.pathname)) event.respondWith(file(request));
});

/* An open page knows the steady clock and sends itself; without one the records go out from here. */
self.addEventListener("sync", (event) => {
  event.waitUntil((async () => {
    const open = await self.clients.matchAll({ type: "window" });
    if (open.length) {
      for (const client of open) client.postMessage("send");
      return;
    }
    const day = await songheKept.fact("day");
    const user = day?.user || (await songheKept.fact("user"));
    if (!user) return;
    const became = await songheSending.send(TOLD, user);
    if (became.state === "no-signal") throw new Error("no signal yet");
  })());
});
