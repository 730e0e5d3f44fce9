/* Where this phone is while its worker is on the way, and at no other time: about every two minutes from
   the open page. The newest place replaces older ones that wait; arriving lets them fall. */
"use strict";
self.songheWay = (() => {
  const kept = self.songheKept;
  const ENDS = ["arrived", "began", "done", "not_done"];
  const strip = document.querySelector("[data-way]");
  const words = document.querySelector("[data-way-words]");
  const every_ms = () => Number(document.body.dataset.placeEveryS) * 1000;
  let way = null;              // {visit, at, is_known}: when the place was last told, or asked for in vain
  let asking = false;

  /* Which visit is on the way: as the server said last, and what was told here since; "" for none. */
  const visitOf = (day, queue) => {
    let visit = day?.on_way || "";
    for (const { told, state } of queue) {
      if (state === "refused") continue;
      if (told.kind === "set_off") visit = told.visit;
      else if (ENDS.includes(told.kind) && told.visit === visit) visit = "";
    }
    return visit;
  };
  const note = (visit, at, is_known) => {
    way = { visit, at, is_known };
    return kept.setFact("way", way);
  };
  /* What the server has not heard yet, the desk does not see. */
  const waits = (visit, queue) => queue.some(({ told, state }) => told.visit === visit && state === "kept"
    && ["set_off", "place"].includes(told.kind));
  const show = (visit, queue, clock) => {
    const known = way?.visit === visit ? way : null;
    strip.hidden = !visit || !known;
    if (strip.hidden) return;
    /* In the step that one is at; a page that was fetched anew has none of it. */
    const step = document.querySelector("#step-arrived[aria-current] .step-body");
    if (step && strip.parentElement !== step) step.prepend(strip);
    else if (!step && !strip.isConnected) document.getElementById("work").before(strip);
    const { sayTold, sayNone, sayWaits } = strip.dataset;
    const text = !known.is_known ? sayNone : waits(visit, queue) ? sayWaits : sayTold;
    words.textContent = text.replace("{n}", Math.round(every_ms() / 60000)).replace("{time}", clock(known.at));
  };
  /* A page never asks for the place by itself: it was allowed when she set off, or it is not told. */
  const isAllowed = async () => {
    const asked = await navigator.permissions?.query({ name: "geolocation" }).catch(() => null);
    return !asked || asked.state === "granted";
  };

  /* Called each second. tell: keeps a place of a visit and sends it; clock: words of a time here. */
  const tick = async (day, queue, tell, clock) => {
    const visit = visitOf(day, queue);
    show(visit, queue, clock);
    const since = way?.visit === visit ? Math.abs(Date.now() - way.at) : Infinity;
    if (!visit || document.hidden || asking || since < every_ms()) return;
    asking = true;
    try {
      const place = (await isAllowed()) ? await self.songheProof.place() : null;
      await note(visit, Date.now(), Boolean(place));
      if (place) await tell(visit, place);
      show(visit, queue, clock);
    } finally {
      asking = false;
    }
  };
  /* What was told by a press: setting off says the place itself, arriving ends it. */
  const pressed = async (visit, kind, place) => {
    if (kind === "set_off") await note(visit, Date.now(), Boolean(place));
    else if (ENDS.includes(kind)) await kept.keepPlace(null);
  };
  const start = async () => { way = (await kept.fact("way")) || null; };
  return { tick, pressed, start };
})();
