/* Small manners of every page: the sheet under the user's name closes as one expects, a mistake summary
   gets the focus, and an unanswered request says so in #errors instead of failing in silence. */
const sheet = document.querySelector(".user");
document.addEventListener("click", (event) => {
  if (sheet?.open && !sheet.contains(event.target)) sheet.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && sheet?.open) {
    sheet.open = false;
    sheet.querySelector("summary").focus();
  }
});

document.querySelector(".error-summary")?.focus();

const errors = document.getElementById("errors");
document.body.addEventListener("htmx:sendError", () => {
  if (!errors) return;
  const words = document.createElement("p");
  words.className = "notice";
  words.dataset.kind = "offline";
  words.textContent = errors.dataset.sayOffline;
  errors.replaceChildren(words);
});
document.body.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful) errors?.replaceChildren();
});
