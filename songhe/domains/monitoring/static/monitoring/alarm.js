/* An opened alarm keeps itself fresh: an event of the stream that names it asks for its parts anew.
   "Leave it" closes the form in place; without script it leads back to the page. */
const body = document.body;

body.addEventListener("songhe:live-alarm", (event) => {
  const watch = document.getElementById("alarm-watch");
  const open = document.querySelector("[data-alarm]")?.dataset.alarm;
  if (watch && event.detail.events.some((one) => one.id === open)) {
    watch.dispatchEvent(new CustomEvent("songhe:alarm"));
  }
});

document.addEventListener("click", (event) => {
  const leave = event.target.closest("[data-clear]");
  const place = leave && document.getElementById(leave.dataset.clear);
  if (!place || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  place.replaceChildren();
  document.querySelector("#alarm-head .button")?.focus();
});

/* A form that was asked for in place takes the focus, its mistakes first. */
body.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id !== "alarm-do") return;
  const place = event.detail.target;
  const first = place.querySelector(".error-summary, input:checked, input:not([type=hidden]), textarea, select");
  first?.focus({ preventScroll: false });
});

/* An alarm opened from the list takes the focus: a list that keeps the focus holds its new rows back. */
body.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target.id === "opened" || event.detail.elt?.id === "opened") {
    document.getElementById("main")?.focus({ preventScroll: true });
    scrollTo({ top: 0 });
  }
});
