/* A field to sign in: by finger, pen or mouse; or, by keyboard, with the name that was typed. Nothing
   here needs a network. A form that is posted takes the picture along as text (`data-sign-into`);
   who keeps it in the phone asks `songheSign.picture(box)`. Markup: kit/sign.html. */
"use strict";
self.songheSign = (() => {
  const LEAST_PX = 60;   // a shorter line is a slip of the finger, no signature
  const states = new WeakMap();

  const ready = (box) => {
    if (states.has(box)) return;
    const canvas = box.querySelector("[data-sign-pad]");
    const words = box.querySelector("[data-sign-words]");
    const typed = box.querySelector("[data-sign-typed]");
    const name = document.getElementById(box.dataset.signName);
    const pen = canvas.getContext("2d");
    const state = { canvas, drawn: 0, typed: false };
    states.set(box, state);
    const say = (key) => { words.textContent = words.dataset[key] || ""; };

    const paper = () => {
      pen.fillStyle = "#FFFFFF";
      pen.fillRect(0, 0, canvas.width, canvas.height);
      pen.fillStyle = pen.strokeStyle = "#141D18";
      pen.lineWidth = 5;
      pen.lineCap = pen.lineJoin = "round";
    };
    const clear = () => {
      paper();
      state.drawn = 0;
      state.typed = typed.checked = false;
      say("");
    };
    /* The name as it was typed, as large as fits, on a line. */
    const write = () => {
      paper();
      state.drawn = 0;
      const text = name?.value.trim() || "";
      state.typed = Boolean(typed.checked && text);
      if (!typed.checked) { say(""); return; }
      if (!text) { say("sayNoName"); typed.checked = false; name?.focus(); return; }
      let size = canvas.height * 0.5;
      const family = getComputedStyle(canvas).fontFamily;
      do { pen.font = `${size}px ${family}`; size -= 4; } while (pen.measureText(text).width > canvas.width * 0.9 && size > 16);
      pen.textAlign = "center";
      pen.textBaseline = "middle";
      pen.fillText(text, canvas.width / 2, canvas.height / 2);
      say("sayTyped");
    };

    const at = (event) => {
      const frame = canvas.getBoundingClientRect();
      return [(event.clientX - frame.left) * canvas.width / frame.width,
        (event.clientY - frame.top) * canvas.height / frame.height];
    };
    let last = null;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      if (state.typed) clear();
      canvas.setPointerCapture(event.pointerId);
      last = at(event);
      event.preventDefault();
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!last || !canvas.hasPointerCapture(event.pointerId)) return;
      for (const one of event.getCoalescedEvents?.() || [event]) {
        const next = at(one);
        pen.beginPath();
        pen.moveTo(...last);
        pen.lineTo(...next);
        pen.stroke();
        state.drawn += Math.hypot(next[0] - last[0], next[1] - last[1]);
        last = next;
      }
    });
    for (const over of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(over, () => {
        if (last && state.drawn >= LEAST_PX) say("sayDrawn");
        last = null;
      });
    }
    box.querySelector("[data-sign-clear]").addEventListener("click", clear);
    typed.addEventListener("change", write);
    name?.addEventListener("input", () => { if (typed.checked) write(); });
    box.closest("form")?.addEventListener("reset", () => setTimeout(clear, 0));
    const into = box.querySelector("[data-sign-into]");
    box.closest("form")?.addEventListener("submit", () => {
      if (into) into.value = isSigned(box) ? canvas.toDataURL("image/png") : "";
    });
    const again = typed.checked;
    clear();
    if (again) { typed.checked = true; write(); }
    box.querySelector("[data-sign-here]").hidden = false;
  };

  const isSigned = (box) => {
    const state = states.get(box);
    return Boolean(state && (state.typed || state.drawn >= LEAST_PX));
  };
  /* How it was signed: drawn or typed; "" while nobody has. */
  const how = (box) => (isSigned(box) ? (states.get(box).typed ? "typed" : "drawn") : "");
  const picture = (box) => (isSigned(box)
    ? new Promise((resolve) => states.get(box).canvas.toBlob(resolve, "image/png")) : Promise.resolve(null));

  const start = () => document.querySelectorAll("[data-sign]").forEach(ready);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
  return { ready, how, picture };
})();
