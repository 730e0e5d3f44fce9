/* The worker's pages: forms become records that this phone keeps and sends; what is kept shows on the
   page as if it had been told already. Without this script the same forms go to the server. */
"use strict";
(() => {
  const kept = self.songheKept;
  const proof = self.songheProof;
  const clock = self.songheClock;
  const door = self.songheDoor;
  const body = document.body;
  const user = body.dataset.worker;
  const places = { sync: body.dataset.sync, files: body.dataset.files };
  const EVERY_MS = 30000;
  const session = crypto.randomUUID();
  const one = (name, within = document) => within.querySelector(name);
  const every = (name, within = document) => [...within.querySelectorAll(name)];
  const say = (element, n) => {
    const { sayNone, sayOne, say: many } = element.dataset;
    element.textContent = n === 0 && sayNone ? sayNone : n === 1 && sayOne ? sayOne : (many || "").replace("{n}", n);
  };

  /* ---- keeping ---- */
  let queue = [];
  let day = null;
  const way = self.songheWay;
  let number = 0;
  const tell = async (visit, kind, at, more = {}, blob = null, name = "") => {
    const id = more.id || crypto.randomUUID();
    const file = blob ? { id: crypto.randomUUID(), user, visit, blob, name, state: "kept" } : null;
    number = Math.max(number + 1, ...queue.map((record) => record.number + 1));
    const record = {
      id, user, number, session, state: "kept", words: "", steady_ms: at.steady_ms,
      told: { visit, kind, ...more, id, device_at: at.device_at, offset_s: at.offset_s, file: file?.id || "" },
    };
    unsent(true);
    try {
      await kept.keep(record, file);
    } catch {
      trouble(one("[data-said]").dataset.sayNoRoom);
      return null;
    }
    await refresh();
    one("[data-said]").textContent = one("[data-said]").dataset.sayKept;
    send();
    const worker = await navigator.serviceWorker?.getRegistration(body.dataset.root);
    worker?.sync?.register("songhe-work").catch(() => {});
    return record;
  };
  /* On the way: the newest place alone waits to be sent, and outlives no session. */
  const tellPlace = async (visit, place) => {
    const at = clock.stamp();
    const id = crypto.randomUUID();
    number += 1;
    await kept.keepPlace({
      id, user, number, session, state: "kept", words: "", steady_ms: at.steady_ms,
      told: { visit, kind: "place", ...place, id, device_at: at.device_at, offset_s: at.offset_s },
    });
    await send();
  };
  const trouble = (words) => {
    one("[data-trouble]").hidden = !words;
    one("[data-trouble-words]").textContent = words || "";
  };
  /* Says to the server that what lies here must outlive an ended session. */
  const unsent = (any) => {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `${body.dataset.keptCookie}=${any ? 1 : ""}; path=/; SameSite=Lax${secure}; max-age=${any ? 2592000 : 0}`;
  };

  /* ---- what is kept, shown ---- */
  const shown = self.songheShown;
  const showSteps = () => shown.steps(queue, clock.estimate, clock.words);
  const showDay = () => shown.day(queue);
  let signal = navigator.onLine;
  const showKept = () => {
    const own = queue.filter((r) => r.told.kind !== "place");
    const waiting = own.filter((r) => r.state === "kept").length;
    const count = one("[data-kept-count]");
    count.hidden = !waiting;
    say(count, waiting);
    one("[data-offline]").hidden = signal;
    say(one("[data-offline-words]"), waiting);
    one("[data-waiting]").hidden = !signal || !waiting;
    say(one("[data-waiting-words]"), waiting);
    const here = one("[data-kept-here]");
    if (here) say(here, waiting);
    const refused = queue.filter((r) => r.state === "refused");
    one("[data-refused]").hidden = !refused.length;
    one("[data-refused-list]").replaceChildren(...refused.map((r) => Object.assign(document.createElement("li"), {
      textContent: `${clock.words(clock.estimate(r))} ${r.words}`,
    })));
    if (helpArrived) shown.help("saySent", true);
    unsent(own.length > 0);
  };
  let helpArrived = false;
  const refresh = async () => {
    const called = queue.filter((r) => r.told.kind === "help" && r.state !== "refused").map((r) => r.id);
    queue = await kept.records(user);
    helpArrived ||= called.some((id) => !queue.some((r) => r.id === id && r.state !== "sent"));
    day = await kept.fact("day");
    const files = (await kept.files(user)).filter((f) => f.state === "refused");
    queue.push(...files.map((f) => ({ id: f.id, state: "refused", words: f.words, number: 0, isFile: true, told: { device_at: new Date().toISOString() } })));
    showKept();
    showSteps();
    showDay();
    const seen = (await kept.fact("offSeen")) || [];
    shown.off((day?.off || []).filter((o) => !seen.includes(o.id)));
  };

  /* ---- sending ---- */
  let sending = null;
  const send = () => {
    sending ||= (async () => {
      clock.watch();
      const began = clock.turns();
      const became = await self.songheSending.send(places, user, { session });
      signal = !["no-signal"].includes(became.state);
      one("[data-signed-out]").hidden = became.state !== "signed-out";
      if (became.state === "other-user") { await kept.forgetDay(); location.reload(); return; }
      if (became.said) {
        clock.learn(became.said.offset_s, began);
        showClock(became.said.offset_s);
        await takePage(became.changed);
      }
      await refresh();
      const still = queue.some((r) => r.state === "kept");
      if (still && became.state === "sent") setTimeout(send, 0);
    })().catch((error) => console.error(error)).finally(() => { sending = null; });
    return sending;
  };
  const showClock = (off) => {
    const wrong = Math.abs(off) > Number(body.dataset.wrongS);
    one("[data-clock-wrong]").hidden = !wrong;
    const words = one("[data-clock-words]");
    if (wrong) words.textContent = words.dataset.say.replace("{n}", Math.round(Math.abs(off) / 60));
  };
  const here = () => location.origin + location.pathname;
  const isBusy = () => {
    const active = document.activeElement;
    return Boolean(active && active.closest("#work") && active.matches("input, textarea, select"))
      || Boolean(one("[data-voice][aria-pressed=true]")) || every("details[open]", one("#work")).length > 0
      || every("#work input[type=file]").some((input) => input.files.length)
      || every("#work [data-measured]").some((input) => input.value !== "");
  };
  /* The page as the server shows it now, without a reload; never under somebody's fingers. */
  let late = false;
  const takePage = async (changed) => {
    late ||= changed.includes(here());
    if (!late || isBusy()) return;
    const answer = await (await caches.open(kept.PAGES)).match(here());
    if (!answer) return;
    late = false;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const inner = fresh.querySelector("#work");
    if (!inner) return;
    const focused = document.activeElement?.id;
    one("#work").replaceChildren(...inner.childNodes);
    ready();
    if (focused) document.getElementById(focused)?.focus();
  };

  /* ---- what the page has ---- */
  const ready = () => {
    const list = one("[data-steps]");
    if (list) sessionStorage.setItem("songhe-work-visit", list.dataset.visit);
    every("[data-sign]").forEach((box) => {
      self.songheSign.ready(box);
    });
    every("[data-scan]").forEach((box) => proof.scanner(box, (code, words) => door.showCode(box, words, code, "qr")));
    every("[data-tell=arrived] [name=shown]").forEach((input) => input.addEventListener("change", () => {
      const box = one("[data-scan]", input.form);
      if (proof.isDoorCode(input.value)) door.showCode(box, one("[data-scan-words]", box), input.value, "code");
      else input.form.elements.way.value = "";
    }));
    const voice = one("[data-voice]");
    if (voice) {
      proof.voice(voice, (blob) => {
        tell(list.dataset.visit, "note", clock.stamp(), { data: { sort: "voice" } }, blob, "voice");
      });
    }
    every("[data-picture]").forEach((form) => proof.preview(form));
    every("[data-tell=measure]").forEach((form) => self.songheMeasured.ready(form));
    every("[data-send-at-once]").forEach((input) => input.addEventListener("change", () => {
      if (input.files.length) input.form.requestSubmit();
    }));
    showSteps();
    showDay();
    if (one("[data-steps] [data-state=done]")) one("[data-steps] [aria-current]")?.scrollIntoView({ block: "nearest" });
    door.arrival();
    tick();
  };
  const two = (n) => String(n).padStart(2, "0");
  const tick = () => {
    clock.watch();
    const now = clock.now();
    one("[data-work-clock]").textContent = clock.words(now);
    for (const left of every("[data-left]")) {
      const seconds = Math.max(0, Math.ceil((Date.parse(left.dataset.left) - now) / 1000));
      left.textContent = `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}`;
    }
    way.tick(day, queue, tellPlace, (at) => clock.words(at - clock.off() * 1000)).catch((error) => console.warn(error));
    const lasts = one("[aria-current=step] [data-step-clock]");
    if (lasts) {
      const earlier = lasts.closest("[data-key]").previousElementSibling?.dataset.at;
      const seconds = earlier ? Math.max(0, Math.floor((now - Date.parse(earlier)) / 1000)) : 0;
      lasts.textContent = `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}`;
    }
  };

  const forms = self.songheForms({
    tell, send, refresh, trouble, queue: () => queue, hasSignal: () => signal,
    callsAnew: () => { helpArrived = false; },
  });
  document.addEventListener("submit", (event) => {
    forms.submit(event);
    forms.answer(event);
    forms.signOut(event);
  });
  one("[data-off-seen]").addEventListener("click", async () => {
    await kept.setFact("offSeen", (day?.off || []).map((o) => o.id));
    if (shown.isOff()) location.assign(body.dataset.root);
    else await refresh();
  });
  one("[data-refused-seen]").addEventListener("click", async () => {
    const refused = queue.filter((r) => r.state === "refused");
    await kept.remove("records", refused.filter((r) => !r.isFile).map((r) => r.id));
    await kept.remove("files", refused.filter((r) => r.isFile).map((r) => r.id));
    await refresh();
  });
  const workers = navigator.serviceWorker;
  const stand = async () => {
    if (!workers) return;
    try {
      await workers.register(body.dataset.sw, { scope: body.dataset.root });
      const { active } = await workers.ready;
      if (!workers.controller) active.postMessage("claim");
    } catch (error) {
      console.warn(error);
    }
  };
  addEventListener("online", send);
  addEventListener("offline", () => { signal = false; showKept(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) send(); });
  for (const live of ["order", "notice"]) body.addEventListener(`songhe:live-${live}`, send);
  body.addEventListener("songhe:refresh", send);
  setInterval(() => {
    if (document.hidden) return;
    if (!workers?.controller) stand();  // not all of its files may have come
    send();
  }, EVERY_MS);
  setInterval(tick, 1000);

  const start = async () => {
    workers?.addEventListener("message", (event) => { if (event.data === "send") send(); });
    stand();
    navigator.storage?.persist?.();
    await kept.setFact("user", user);
    await way.start();
    day = await kept.fact("day");
    if (day && (day.user !== user || kept.isOver(day))) await kept.forgetDay();
    else if (day) clock.suppose(day.offset_s);
    await refresh();
    ready();
    await send();
    document.documentElement.dataset.workReady = "";
  };
  start().catch((error) => { console.error(error); trouble(one("[data-said]").dataset.sayNoRoom); });
})();
