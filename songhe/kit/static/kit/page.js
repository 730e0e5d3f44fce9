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

// What somebody opened stays open when a piece of the page is renewed; known by its id. Several pieces are
// renewed at once: each gives back only what lies in it.
const opened = new Set();
document.body.addEventListener("htmx:beforeSwap", (event) => {
  for (const one of event.detail.target.querySelectorAll("details[id]")) opened[one.open ? "add" : "delete"](one.id);
});
document.body.addEventListener("htmx:afterSettle", (event) => {
  for (const one of event.target.querySelectorAll("details[id]")) if (opened.delete(one.id)) one.open = true;
});

// Words typed where links lead elsewhere and back (data-keep names them) stay in this tab until they are sent
// or somebody signs out.
const KEPT = "songhe-keep.";
for (const field of document.querySelectorAll("[data-keep]")) {
  const name = KEPT + field.dataset.keep;
  const keep = () => sessionStorage.setItem(name, field.value);
  if (!field.value) field.value = sessionStorage.getItem(name) ?? "";
  if (field.value) {
    field.closest("details")?.setAttribute("open", "");
    keep();
  }
  field.addEventListener("input", keep);
  field.form?.addEventListener("submit", () => sessionStorage.removeItem(name));
}
document.addEventListener("submit", (event) => {
  if (!event.target.action.endsWith("/sign-out/")) return;
  for (const name of Object.keys(sessionStorage)) if (name.startsWith(KEPT)) sessionStorage.removeItem(name);
});
