/* What this phone has kept, laid over the page: the steps of a visit, the day's list, a call for help. */
"use strict";
self.songheShown = (() => {
  const STATES = ["told", "on_way", "arrived", "working", "done", "not_done"];
  const MOVES = { set_off: "on_way", arrived: "arrived", began: "working", done: "done", not_done: "not_done" };
  const BEFORE = { set_off: [], arrived: ["set_off"], began: ["set_off", "arrived"], done: ["set_off", "arrived", "began"] };
  const OVER = ["done", "not_done", "cancelled"];
  const one = (name, within = document) => within.querySelector(name);
  const every = (name, within = document) => [...within.querySelectorAll(name)];
  const of = (queue, visit) => queue.filter((r) => r.told.visit === visit && r.state !== "refused");
  /* The state of a visit as the server said it, brought on by what was told here. */
  const stateOf = (said, mine) => {
    let state = said;
    for (const record of mine) {
      const next = MOVES[record.told.kind];
      if (next && STATES.indexOf(next) > STATES.indexOf(state) && !OVER.includes(state)) state = next;
    }
    return state;
  };

  /* What she was told of and need not make any more: said until she has read it; its steps are gone. */
  const isOff = () => Boolean(one("[data-steps][data-off]"));
  const off = (visits) => {
    one("[data-called-off]").hidden = !visits.length;
    one("[data-off-list]").replaceChildren(...visits.map((v) => Object.assign(document.createElement("li"), { textContent: v.what })));
    const list = one("[data-steps]");
    if (list && visits.some((v) => v.id === list.dataset.visit)) {
      list.dataset.off = "";
      list.hidden = true;
    }
  };

  /* That a value was beyond its limit, and what she did: it stays to be read once it is kept. */
  const did = (step, { told }) => {
    const words = one("[data-did]", step);
    if (!words || !told.data?.did) return;
    one("span", words).textContent = words.getAttribute(`data-say-${told.data.did}`);
    words.hidden = false;
  };
  const steps = (queue, estimate, clockWords) => {
    const list = one("[data-steps]");
    if (!list) return;
    const mine = of(queue, list.dataset.visit);
    const state = stateOf(list.dataset.state, mine);
    const all = every("[data-key]", list);
    const doneBy = (step) => mine.find((r) => (step.dataset.key === r.told.kind && !r.told.step)
      || (r.told.step && r.told.step === step.dataset.key));
    for (const step of all) {
      const record = doneBy(step);
      if (record && step.dataset.state !== "done") {
        step.dataset.state = "done";
        step.dataset.at = new Date(estimate(record)).toISOString();
        const when = one("[data-when]", step);
        did(step, record);
        when.textContent = clockWords(estimate(record)) + (record.told.kind === "skipped" ? ` · ${when.dataset.sayLeftOut}` : "");
      }
    }
    for (const step of all) {
      const behind = all.some((other) => other.dataset.state === "done" && (BEFORE[other.dataset.key] || []).includes(step.dataset.key));
      if (behind) step.dataset.state = "done";
    }
    const over = OVER.includes(state);
    const current = over ? null : all.find((step) => step.dataset.state !== "done");
    for (const step of all) {
      if (step === current) step.setAttribute("aria-current", "step");
      else step.removeAttribute("aria-current");
    }
    one("[data-while-open]").hidden = over;
    one("[data-over]").hidden = !over;
    const told = one("[data-told-list]");
    told.replaceChildren(...mine.filter((r) => ["note", "photo"].includes(r.told.kind) && !r.told.step).map((r) => {
      const press = every("[data-tell=note] button[name=text]").find((button) => button.value === r.told.text);
      const words = press?.textContent.trim() || r.told.text || (r.told.data?.sort === "voice" ? told.dataset.sayVoice : told.dataset.sayPhoto);
      return Object.assign(document.createElement("li"), { textContent: `${clockWords(estimate(r))} ${words}` });
    }));
  };

  /* How many are left and which one is next, as the server would say it (`sheets.py`). */
  const day = (queue) => {
    const rows = every("[data-visit][data-state]").filter((row) => one("[data-state-words]", row));
    for (const row of rows) {
      const state = stateOf(row.dataset.state, of(queue, row.dataset.visit));
      if (state !== row.dataset.state) one("[data-state-words]", row).textContent = one("[data-state-words]", row).getAttribute(`data-say-${state}`);
      row.dataset.state = state;
    }
    const open = rows.filter((row) => !OVER.includes(row.dataset.state));
    const next = open.find((row) => "rescue" in row.dataset)
      || open.find((row) => row.dataset.state !== "told") || open[0];
    for (const row of rows) {
      const words = one("[data-state-words]", row);
      const link = one(".work-visit", row);
      link.classList.toggle("work-next", row === next);
      if (row === next) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
      if (row.dataset.state === "told") words.textContent = row === next ? words.dataset.sayNext : "";
      const way = row.previousElementSibling;
      if (way?.matches(".work-way")) way.hidden = !open.includes(row);
    }
    const left = one("[data-visits-left]");
    if (!left || !rows.length) return;
    const { sayNone, sayOne, say } = left.dataset;
    left.textContent = open.length === 0 ? sayNone : open.length === 1 ? sayOne : say.replace("{n}", open.length);
  };

  /* How a call for help stands, while only this phone knows; what the server says of it is not laid over. */
  const help = (key, isLater = false) => {
    const words = one("[data-help-said]");
    if (!words || (isLater && !words.dataset.own)) return;
    words.dataset.own = "1";
    words.textContent = words.dataset[key] || "";
  };

  /* Nobody has signed, or it is not said who: said at the field itself, and the field is in hand. */
  const unsigned = (form, text, isSigned) => {
    const words = one("[data-sign-words]", form);
    words.textContent = text;
    const field = isSigned ? one("[name=text]", form) : one("[data-sign-pad]", form);
    if (!isSigned) field.tabIndex = -1;
    field.focus();
    field.scrollIntoView({ block: "center" });
  };
  return { steps, day, help, off, isOff, unsigned, MOVES };
})();
