/* What time it is and was: how far the phone's clock is off, as last known, and in words. */
"use strict";
self.songheClock = (() => {
  const { worker: user } = document.body.dataset;
  const JUMP_MS = 2000;
  /* An epoch is a time in which the phone's clock was not turned: pages of one tab without a jump, and
     without a pause between them. How far the clock is off is known for the epoch in which it was
     learned, and for no other. */
  const EPOCH = "songhe-work-epoch";
  const PAUSE_MS = 15000;
  let drift = Date.now() - performance.now();
  let known = null;            // how far the clock is ahead, in seconds; null where that is not known
  let turns = 0;               // how often the clock jumped on this page
  const keepEpoch = () => sessionStorage.setItem(EPOCH, JSON.stringify({ user, known, at: Date.now() }));
  const watchClock = () => {
    const now = Date.now() - performance.now();
    if (Math.abs(now - drift) > JUMP_MS) {
      known = null;
      turns += 1;
    }
    drift = now;
    keepEpoch();
  };
  const before = JSON.parse(sessionStorage.getItem(EPOCH) || "null");
  const pause = before ? Date.now() - before.at : -1;
  if (before?.user === user && pause >= 0 && pause < PAUSE_MS) known = before.known;
  addEventListener("pagehide", watchClock);
  const offset = () => known;
  const serverNow = () => Date.now() - (offset() ?? guess) * 1000;
  let guess = 0;
  /* When it was, by every clock there is: taken at the press, before anything is waited for. */
  const stamp = () => {
    watchClock();
    return { device_at: new Date().toISOString(), steady_ms: performance.now(), offset_s: offset() };
  };
  const clockWords = (at) => {
    const zone = /([+-])(\d\d):(\d\d)$/.exec(document.querySelector("[data-work-clock]").dateTime);
    const shift = zone ? (zone[1] === "-" ? -1 : 1) * (Number(zone[2]) * 60 + Number(zone[3])) * 60000 : 0;
    return new Date(at + shift).toISOString().slice(11, 16);
  };
  const estimate = (record) => Date.parse(record.told.device_at) - (record.told.offset_s ?? offset() ?? guess) * 1000;
  /* Learned from an answer; known for this epoch where no clock was turned since the question. */
  const learn = (offset_s, turnsThen) => {
    watchClock();
    guess = offset_s;
    if (turns === turnsThen) known = offset_s;
    keepEpoch();
  };
  const suppose = (offset_s) => { guess = offset_s; };
  const off = () => offset() ?? guess;
  return { watch: watchClock, stamp, now: serverNow, off, words: clockWords, estimate, learn, suppose, turns: () => turns };
})();
