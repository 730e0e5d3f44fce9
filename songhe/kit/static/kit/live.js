/* The live connection. Each event of the stream becomes DOM events on <body>:
     songhe:live          every event, and once after every reconnection
     songhe:live-<kind>   events of a kind (alarm, reading, device …)
     songhe:refresh       after a reconnection or a resync: what was missed is unknown, so ask anew
   so that  hx-trigger="songhe:live-alarm from:body, songhe:refresh from:body"  refreshes a piece of a page.
   The stream is read with fetch, not EventSource: it tells a refusal from a broken line, sees every
   byte, and so knows that silence means "cut off" and not "nothing happened". */
const SILENT_MS = 25000;
const WAITS_S = [1, 2, 4, 8, 15];
const GATHER_MS = 250;

const body = document.body;
const shown = document.querySelector("[data-live]");
const said = document.querySelector("[data-live-said]");
const address = `${location.protocol}//${location.hostname}:${body.dataset.livePort}/stream`;

let state = "joining";
let heardAt = Date.now();
let bytesAt = Date.now();
let tries = 0;
let again = false;
let joinedBefore = false;
let control = null;
let waker = null;

const announce = (name, detail) => body.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));

const show = () => {
  if (!shown) return;
  const seconds = Math.max(0, Math.round((Date.now() - heardAt) / 1000));
  const words = { on: shown.dataset.sayOn, joining: shown.dataset.sayJoining, lost: shown.dataset.sayLost }[state];
  shown.dataset.state = state;
  shown.textContent = words.replace("{s}", seconds);
};

const become = (next) => {
  if (next === state) return;
  const before = state;
  state = next;
  if (said && next === "lost" && before === "on") said.textContent = shown.dataset.saidLost;
  if (said && next === "on" && joinedBefore) said.textContent = shown.dataset.saidOn;
  announce("songhe:stream", { state: next });
  show();
};

/* Events of one kind that come in one gust are told once. */
const gathered = new Map();
const tell = (event) => {
  const kind = String(event.kind || "other").replace(/[^a-z-]/g, "");
  if (gathered.has(kind)) {
    gathered.get(kind).push(event);
    return;
  }
  gathered.set(kind, [event]);
  setTimeout(() => {
    const events = gathered.get(kind);
    gathered.delete(kind);
    announce("songhe:live", { kind, events });
    announce(`songhe:live-${kind}`, { kind, events });
  }, GATHER_MS);
};

const refresh = () => {
  announce("songhe:refresh", {});
  announce("songhe:live", { kind: "refresh", events: [] });
};

/* A beat says that the stream itself hears the database; a bare comment only that the line is open. */
const hear = (event) => {
  heardAt = Date.now();
  become("on");
  if (event.kind === "again") again = true;
  else if (event.kind === "resync") refresh();
  else if (event.kind !== "hello" && event.kind !== "beat") tell(event);
};

const take = (block) => {
  const data = block.split("\n").filter((line) => line.startsWith("data:"))
    .map((line) => line.slice(5).replace(/^ /, "")).join("\n");
  if (!data) return;
  try {
    hear(JSON.parse(data));
  } catch {
    console.warn("live: an event could not be read");
  }
};

const joined = () => {
  tries = 0;
  heardAt = bytesAt = Date.now();
  become("on");
  if (joinedBefore) refresh();
  joinedBefore = true;
};

const listen = async () => {
  bytesAt = Date.now();
  const watch = document.querySelector("[data-live-watch]")?.dataset.liveWatch;
  const query = watch ? `?watch=${encodeURIComponent(watch)}` : "";
  const asked = await fetch(body.dataset.liveTicket + query, {
    headers: { Accept: "application/json" }, cache: "no-store", signal: control.signal,
  });
  if (asked.status === 401) {
    location.reload();
    return;
  }
  if (!asked.ok) throw new Error(`ticket ${asked.status}`);
  const { ticket } = await asked.json();
  /* Of when the page is: what came between its drawing and this stream is told at its beginning. */
  const since = joinedBefore ? "" : `?since=${encodeURIComponent(body.dataset.liveSince)}`;
  /* In the body: the ticket of somebody with thousands of persons is longer than an address may be. */
  const stream = await fetch(`${address}${since}`, {
    method: "POST", body: ticket, headers: { Accept: "text/event-stream" },
    cache: "no-store", credentials: "omit", signal: control.signal,
  });
  if (!stream.ok || !stream.body) throw new Error(`stream ${stream.status}`);
  joined();
  const reader = stream.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    bytesAt = Date.now();
    rest = (rest + value).replace(/\r\n?/g, "\n");
    let end;
    while ((end = rest.indexOf("\n\n")) >= 0) {
      take(rest.slice(0, end));
      rest = rest.slice(end + 2);
    }
    if (again) return;
  }
};

const pause = (seconds) => new Promise((resolve) => {
  const timer = setTimeout(resolve, seconds * 1000);
  waker = () => {
    clearTimeout(timer);
    resolve();
  };
});

const keep = async () => {
  for (;;) {
    control = new AbortController();
    again = false;
    try {
      await listen();
    } catch (error) {
      if (error.name !== "AbortError") console.info(`live: ${error.message}`);
    }
    if (again) {
      control.abort();
      continue;
    }
    become("lost");
    const wait = WAITS_S[Math.min(tries, WAITS_S.length - 1)];
    tries += 1;
    await pause(wait * (0.75 + Math.random() / 2));
  }
};

setInterval(() => {
  if (state === "on" && Date.now() - heardAt > SILENT_MS) become("lost");
  if (Date.now() - bytesAt > SILENT_MS) control.abort();
  show();
}, 1000);
addEventListener("online", () => waker?.());
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && state === "lost") waker?.();
});
addEventListener("pagehide", () => control?.abort());

if (body.dataset.livePort) keep();
