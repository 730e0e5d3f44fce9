/* At the door: how far the phone stands from it, its code, and why it may not be the one. */
"use strict";
self.songheDoor = (() => {
  const proof = self.songheProof;
  const one = (name, within = document) => within.querySelector(name);
  let placed = null;
  const found = async (kind) => {
    if (kind === "arrived" && placed && Date.now() - placed.asked < 60000) return placed.place;
    const place = await proof.place();
    return place;
  };
  const arrival = async () => {
    const list = one("[data-steps]");
    const words = one("[data-place-words]");
    if (!list || !words) return;
    const step = words.closest("[data-key]");
    const reason = one("[data-reason]", step);
    reason.hidden = true;
    if (step.getAttribute("aria-current") !== "step") return;
    const place = await proof.place();
    placed = { place, asked: Date.now() };
    const { lat, lon } = list.dataset;
    if (!place || lat === undefined) { words.textContent = words.dataset.sayNone; return; }
    const away = proof.apart_m(place, { lat: Number(lat), lon: Number(lon) });
    const isFar = away > Number(document.body.dataset.nearM) + place.accuracy_m;
    words.textContent = (isFar ? words.dataset.sayFar : words.dataset.sayNear)
      .replace("{n}", Math.round(away)).replace("{m}", Math.round(place.accuracy_m));
    step.toggleAttribute("data-far", isFar && reason.dataset.door !== "yes");
    reason.hidden = reason.dataset.door !== "no";
  };
  /* A code that was scanned or typed; a wrong one asks why, and stops nobody. */
  const showCode = async (box, words, code, way) => {
    const { elements } = box.closest("form");
    elements.shown.value = code;
    elements.way.value = way;
    const isHere = await proof.isOfDoor(code, one("[data-steps]").dataset.door);
    words.textContent = words.dataset[{ yes: "sayRead", no: "sayWrong", unknown: "sayKept" }[isHere]];
    const reason = one("[data-reason]", box.closest("form"));
    reason.dataset.door = isHere;
    if (isHere !== "unknown") reason.hidden = isHere === "yes";
  };
  /* Far from the door, and no code was shown: one press asks why, the next one tells it all the same. */
  const asksWhy = (form) => {
    const step = form.closest("[data-far]");
    if (form.dataset.tell !== "arrived" || !step || form.dataset.asked) return false;
    const { shown: code, reason } = form.elements;
    if (code?.value.trim() || [...(reason?.length ? reason : [reason])].some((one) => one?.checked)) return false;
    form.dataset.asked = "1";
    one("[data-reason]", form).hidden = false;
    one("[data-place-words]", form).textContent += ` ${one("[data-place-words]", form).dataset.sayWhy}`;
    one("[data-place-words]", form).scrollIntoView({ block: "start" });
    return true;
  };
  return { arrival, showCode, asksWhy, found };
})();
