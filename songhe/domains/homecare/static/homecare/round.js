/* The keys of the round: 1 all well, 0 later; 2 and 3 ask for a few words first, then Ctrl+Enter sends them.
   Without this script the buttons do the same. */
const form = document.querySelector("[data-round]");
const words = form?.querySelector("textarea");
const button = (key) => document.querySelector(`[data-round-key="${key}"]`);
let chosen = "";

document.addEventListener("keydown", (event) => {
  if (!form || event.altKey || event.metaKey || event.isComposing || event.repeat) return;
  if (event.target === words) {
    if (event.key === "Enter" && event.ctrlKey && chosen) button(chosen)?.click();
    if (event.key === "Escape") words.blur();
    return;
  }
  if (event.ctrlKey || event.target.closest?.("input, select, [contenteditable], dialog, details.user")) return;
  if (!/^[0-3]$/.test(event.key) || !button(event.key)) return;
  event.preventDefault();
  if (event.key < "2" || words?.value.trim()) {
    button(event.key).click();
    return;
  }
  chosen = event.key;
  words?.focus();
});
