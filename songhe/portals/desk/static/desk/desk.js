/* The desk: the crown in the bar follows what stands unanswered, and a new alarm is said aloud to
   screen readers, once. Both come with the tally, which is asked for anew on every event. */
const said = document.getElementById("desk-said");
const mark = document.querySelector(".topbar .mark");
const head = () => document.getElementById("desk-head");
let told = head()?.dataset.newest || "";

document.body.addEventListener("htmx:afterSwap", () => {
  const now = head()?.dataset;
  if (!now) return;
  mark?.toggleAttribute("data-lit", now.lit === "yes");
  if (now.newest && now.newest !== told && said) said.textContent = now.newestWords;
  told = now.newest || "";
});
