/* A measured value at its step, judged in the phone: one that can hardly be is asked about, one beyond its
   limit is said at once with what to do then. Neither keeps anybody from going on. */
"use strict";
self.songheMeasured = (() => {
  const PAUSE_MS = 900;        // after the last digit: "1" of "128" is no value yet
  const one = (name, within) => within.querySelector(name);
  const fields = (form) => [...form.querySelectorAll("[data-measured]")];
  const filled = (form) => fields(form).filter((field) => field.value !== "");
  const values = (form) => filled(form).map((field) => `${field.name}=${field.value}`).join("&");
  const isOut = ({ value, dataset: { low, high } }) => Number(value) < Number(low) || Number(value) > Number(high);
  /* The value that this one must be below, where both are there and it is not. */
  const other = (field) => {
    const above = field.dataset.under && field.form.elements[field.dataset.under];
    return above && above.value !== "" && Number(field.value) >= Number(above.value) ? above.value : null;
  };
  const isOdd = (field) => isOut(field) || other(field) !== null;
  const isBeyond = ({ value, dataset: { ge, le } }) => (ge !== undefined && Number(value) >= Number(ge))
    || (le !== undefined && Number(value) <= Number(le));
  const isSure = (form) => form.dataset.sure === values(form);

  /* Return what stands against the values: {odd, beyond}, fields. */
  const judged = (form) => {
    const odd = isSure(form) ? [] : filled(form).filter(isOdd);
    return { odd, beyond: odd.length ? [] : filled(form).filter(isBeyond) };
  };
  const sentence = (field, words) => {
    const { value, dataset: { name, unit, limit, low, high, underName } } = field;
    const said = { value, name, unit, limit, low: Number(low), high: Number(high), under: underName, other: other(field) };
    return words.replace(/\{(\w+)\}/g, (_all, key) => said[key]);
  };
  const say = (form, name, found) => {
    const box = one(`[data-${name}]`, form);
    const words = one("[data-judged-words]", box);
    const { say: usual, sayUnder } = words.dataset;
    const text = found.map((field) => sentence(field, name === "odd" && !isOut(field) ? sayUnder : usual)).join(" ");
    if (words.textContent !== text) words.textContent = text;
    box.hidden = !found.length;
    for (const field of found) field.setAttribute("aria-invalid", "true");
    return box;
  };
  const clear = (form) => show(form, { odd: [], beyond: [] });
  const show = (form, { odd, beyond }) => {
    for (const field of fields(form)) field.removeAttribute("aria-invalid");
    const boxes = [say(form, "odd", odd), say(form, "beyond", beyond)];
    const keep = one("[data-keep]", form);
    keep.hidden = keep.disabled = odd.length + beyond.length > 0;
    return boxes.find((box) => !box.hidden);
  };

  const ready = (form) => {
    if (!fields(form).length || !one("[data-keep]", form)) return;  // a page that was kept before
    let waiting = 0;
    form.noValidate = true;    // the phone asks itself, in words; the server does for phones without scripts
    form.addEventListener("input", () => {
      clearTimeout(waiting);
      delete form.dataset.did;
      clear(form);
      waiting = setTimeout(() => show(form, judged(form))?.scrollIntoView({ block: "nearest" }), PAUSE_MS);
    });
    form.addEventListener("change", () => { clearTimeout(waiting); show(form, judged(form)); });
    form.addEventListener("reset", () => { clearTimeout(waiting); delete form.dataset.sure; delete form.dataset.did; clear(form); });
    /* No press of Enter decides: the one button that sends is away until she has. */
    for (const button of form.querySelectorAll("[data-does]")) button.addEventListener("click", () => {
      form.dataset.did = button.dataset.does;
      form.requestSubmit();
    });
    one("[data-right]", form).addEventListener("click", () => {
      form.dataset.sure = values(form);
      const box = show(form, judged(form));
      if (box) box.scrollIntoView({ block: "nearest" });
      else form.requestSubmit();
    });
  };

  /* Whether there is something to fill in, to confirm or to decide before the values are kept. */
  const asks = (form) => {
    if (!form.noValidate || !fields(form).length) return false;
    const empty = fields(form).find((field) => field.validity.valueMissing || field.validity.badInput);
    if (empty) {
      empty.reportValidity();
      return true;
    }
    const found = judged(form);
    if (found.odd.length || (found.beyond.length && !form.dataset.did)) {
      show(form, found).scrollIntoView({ block: "center" });
      return true;
    }
    return false;
  };

  /* What is told of it: the values, which were confirmed, and what she did with one beyond its limit. */
  const told = (form, given) => {
    const found = fields(form);
    const data = {};
    const all = [...given].filter(([name]) => name.startsWith("value-"));
    if (all.length) data.values = Object.fromEntries(all.map(([name, value]) => [name.slice(6), Number(value)]));
    if (found.length && isSure(form)) data.sure = found.filter(isOdd).map((field) => field.name.slice(6));
    if (form.dataset.did) data.did = form.dataset.did;
    return data;
  };
  return { ready, asks, told };
})();
