/* What somebody presses becomes a record: a step, a note, an arrival, a call for help; an offer is
   answered, and the phone is signed out. `work` is what the page keeps (work.js). */
"use strict";
self.songheForms = (work) => {
  const kept = self.songheKept;
  const proof = self.songheProof;
  const shown = self.songheShown;
  const way = self.songheWay;
  const door = self.songheDoor;
  const measured = self.songheMeasured;
  const HELP_PLACE_MS = 30000;   // a call for help does not wait for it
  const one = (name, within = document) => within.querySelector(name);
  const every = (name, within = document) => [...within.querySelectorAll(name)];
  const fileOf = async (form) => {
    const box = one("[data-sign]", form);
    if (box) {
      const blob = await self.songheSign.picture(box);
      if (blob) return [blob, "signature.png"];
    }
    const input = one("input[type=file]", form);
    const file = input?.files[0];
    if (!file) return [null, ""];
    return [await proof.shrink(file), "photo.jpg"];
  };
  const submit = async (event) => {
    const form = event.target;
    if (!form.matches("[data-tell]")) return;
    event.preventDefault();
    if (form.dataset.busy) return;
    if (door.asksWhy(form) || measured.asks(form)) return;
    form.dataset.busy = "1";
    work.trouble("");
    try {
      await fromForm(form, event.submitter, self.songheClock.stamp());
    } finally {
      delete form.dataset.busy;
    }
  };
  const fromForm = async (form, pressed, at) => {
    const given = new FormData(form, pressed);
    const text = (name) => String(given.get(name) || "");
    const kind = text("kind");
    const visit = form.closest("[data-visit]")?.dataset.visit || one("[data-steps]")?.dataset.visit || lastVisit();
    const data = measured.told(form, given);
    for (const name of ["reason", "why"]) if (text(name)) data[name] = text(name);
    if (kind === "signature") {
      const how = self.songheSign.how(one("[data-sign]", form)) || "photo";
      data.signed = { how, words: text("signed_words"), language: text("signed_language") };
    }
    const more = { step: text("step"), text: text("text"), data };
    if (text("shown").trim()) {
      more.shown = text("shown").trim();
      more.way = text("way") || "code";
    }
    if (["set_off", "arrived", "done", "not_done"].includes(kind)) Object.assign(more, (await door.found(kind)) || {});
    if (kind === "arrived" && !more.way) more.way = more.lat === undefined ? "none" : "gps";
    if (kind === "done") data.missing = missing();
    const [blob, name] = await fileOf(form);
    if (kind === "signature" && !(blob && more.text.trim())) {
      shown.unsigned(form, one("[data-said]").dataset[blob ? "sayNoName" : "sayNoSign"], Boolean(blob));
      return;
    }
    if (kind === "help") work.callsAnew();
    const record = await work.tell(visit, kind, at, more, blob, name);
    if (!record) return;
    await way.pressed(visit, kind, more.lat !== undefined);
    form.reset();
    if (kind === "help") helped(record).catch((error) => console.warn(error));
    const next = one("[data-steps] [aria-current] :is(button[data-kind=main], .button[data-kind=main] input)");
    if (next && shown.MOVES[kind] !== undefined) next.focus({ preventScroll: false });
  };
  /* Steps that must be done and were left out, or not come to, with the reason that was given. */
  const missing = () => every("[data-steps] [data-required='1']").flatMap((step) => {
    const done = work.queue().find((r) => r.told.step === step.dataset.key && r.told.kind !== "skipped");
    const skipped = work.queue().find((r) => r.told.step === step.dataset.key && r.told.kind === "skipped");
    const isDone = done || (step.dataset.state === "done" && !skipped && !step.querySelector("[data-when]").textContent.includes("·"));
    return isDone ? [] : [{ step: step.dataset.key, reason: skipped?.told.data?.reason || "" }];
  });
  const lastVisit = () => sessionStorage.getItem("songhe-work-visit") || null;
  /* A call for help waits for nothing: her place follows, into the record while it waits, else after it
     (the same call once more); never while it is on its way. */
  const helped = async (record) => {
    shown.help(work.hasSignal() ? "sayGoing" : "sayKept");
    const placing = proof.place(HELP_PLACE_MS);
    await work.send();
    const left = work.queue().find((r) => r.id === record.id)?.state;
    if (left) shown.help(left === "kept" ? "sayKept" : "");
    const place = await placing;
    if (!place) return;
    await self.songheSending.alone(() => kept.put("records", { ...record, told: { ...record.told, ...place } }));
    await work.refresh();
    await work.send();
  };
  const answer = async (event) => {
    const form = event.target;
    if (!form.matches("[data-answer]")) return;
    event.preventDefault();
    const given = new FormData(form, event.submitter);
    try {
      const token = (await kept.fact("token")) || given.get("csrfmiddlewaretoken");
      given.set("csrfmiddlewaretoken", token);
      const said = await fetch(form.action, { method: "POST", body: new URLSearchParams(given), credentials: "same-origin", signal: AbortSignal.timeout(15000) });
      if (!said.ok) throw new TypeError(said.status);
      location.assign(said.url);
    } catch {
      work.trouble(one("[data-said]").dataset.sayNoSignal);
    }
  };
  const signOut = async (event) => {
    const form = event.target;
    if (!form.matches("[data-sign-out]")) return;
    event.preventDefault();
    if (!form.dataset.sure) {
      await work.send();
      form.dataset.sure = "1";
      if (work.queue().some((r) => r.state === "kept" && r.told.kind !== "place")) {
        one("[data-sign-out-words]").textContent = one("[data-sign-out-words]").dataset.say;
        return;
      }
    }
    try {
      await self.songheSending.hold();
      await kept.forgetDay();
      await kept.leave();
    } catch (error) {
      console.warn(error);  // a phone whose store is broken is signed out all the same
    }
    addEventListener("pageshow", () => location.reload());
    form.submit();
  };
  return { submit, answer, signOut };
};
