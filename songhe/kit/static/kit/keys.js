/* Keys of the alarm list: J next, K before, Enter opens (a link does that by itself), space acknowledges.
   Space presses the button with data-key="Space" in the row's own <li>, or of the open alarm when the row
   is the open one; on any other row it opens the row first, so that nothing is answered unseen. */
const rows = () => [...document.querySelectorAll("[data-alarms] .alarm")].filter((row) => row.offsetParent);
const typing = (element) => element?.closest("input, textarea, select, [contenteditable], dialog");

const move = (by) => {
  const all = rows();
  if (!all.length) return;
  const here = all.indexOf(document.activeElement);
  const from = here >= 0 ? here : all.findIndex((row) => row.hasAttribute("aria-current"));
  const next = from < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, from + by));
  all[next].focus();
  all[next].scrollIntoView({ block: "nearest" });
};

const answer = (row) => {
  const own = row?.closest("li")?.querySelector("[data-key='Space']");
  const open = document.querySelector("main [data-key='Space']:not([data-alarms] *)");
  const chosen = own || (!row || row.hasAttribute("aria-current") ? open : null);
  if (chosen && !chosen.disabled) chosen.click();
  else if (row && !row.hasAttribute("aria-current")) row.click();
  else return false;
  return true;
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || typing(event.target)) return;
  const key = event.key.toLowerCase();
  if (key === "j" || key === "k") {
    move(key === "j" ? 1 : -1);
    event.preventDefault();
  } else if (event.key === " " && !event.target.closest("button, summary, a:not(.alarm), progress")) {
    const row = event.target.closest("[data-alarms] .alarm");
    const somewhere = row || event.target === document.body || event.target.id === "main";
    if (somewhere && !event.repeat && answer(row)) event.preventDefault();
  }
});
