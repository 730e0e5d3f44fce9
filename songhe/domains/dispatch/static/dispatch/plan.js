/* A visit is dragged to another worker or day: the server says whether it can stand there. Its time stays;
   who works by keyboard opens the visit and uses its form, which does the same. */
const NAMES = { time: "begins", was: "was" };
const held = { block: null };
const blockOf = (event) => event.target.closest?.(".plan-grab");
const pageOf = (block) => block.querySelector("a").href;
const cellOf = (event) => event.target.closest?.(".plan-cell");

function light(cell) {
  for (const one of document.querySelectorAll("[data-over]")) delete one.dataset.over;
  if (cell) cell.dataset.over = "";
}

document.addEventListener("dragstart", (event) => {
  held.block = blockOf(event);
  if (!held.block) return;  // what was said stays until the drop is answered: nothing may jump under the hand
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", pageOf(held.block));
  held.block.dataset.held = "";
});

document.addEventListener("dragover", (event) => {
  const cell = held.block && cellOf(event);
  light(cell);
  if (cell) event.preventDefault();
});

document.addEventListener("dragend", () => {
  light(null);
  if (held.block) delete held.block.dataset.held;
  held.block = null;
});

document.addEventListener("drop", (event) => {
  const cell = cellOf(event);
  const block = held.block;
  if (!cell || !block || cell.contains(block)) return;
  event.preventDefault();
  move(block, cell);
});

function say(html) {
  document.getElementById("plan-say").innerHTML = html;
}

async function move(block, cell) {
  const body = new FormData(document.getElementById("plan-token"));
  body.set("worker", cell.dataset.worker);
  body.set("day", cell.dataset.day);
  // An order that waits has no time yet: the server takes the first at which it fits there.
  for (const name of ["time", "was"]) if (block.dataset[name]) body.set(NAMES[name], block.dataset[name]);
  const place = document.getElementById("plan-say");
  try {
    const answer = await fetch(pageOf(block), {
      method: "POST", body, headers: { "HX-Request": "true" }, redirect: "error",
    });
    if (answer.status === 204) {
      say("");
      await htmx.ajax("GET", location.href, { target: "#week", select: "#week", swap: "outerHTML" });
    } else {
      say(await answer.text());
    }
  } catch {
    const words = document.createElement("p");
    words.className = "notice";
    words.dataset.kind = "offline";
    words.textContent = place.dataset.sayLost;
    place.replaceChildren(words);
  }
}
