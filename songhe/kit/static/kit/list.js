/* A list never re-sorts under the pointer or under the keyboard. While somebody is in a [data-list],
   a fresh copy from the server changes the rows that are there in place; new rows wait behind a button
   (data-say-news="{n} new alarms") until it is pressed or the list is left. Rows are <li data-row="id">,
   or <li> with an .alarm[data-id]. */
const held = new Map();

const busy = (list) => list.matches(":hover") || list.contains(document.activeElement);
const idOf = (item) => item.dataset.row || item.querySelector("[data-id]")?.dataset.id || "";
const items = (root) => [...root.querySelectorAll(":scope > li")].filter((item) => idOf(item));

const fresh = (list, html) => {
  const page = new DOMParser().parseFromString(html, "text/html");
  return (list.id && page.getElementById(list.id)) || page.querySelector("[data-list]") || page.body;
};

const settle = (list, copy) => {
  const focused = document.activeElement?.closest("li");
  const back = focused && list.contains(focused) ? idOf(focused) : "";
  const here = new Map(items(list).map((item) => [idOf(item), item]));
  const there = items(copy);
  for (const item of there) {
    const old = here.get(idOf(item));
    if (old && old.innerHTML !== item.innerHTML) {
      const taken = document.importNode(item, true);
      old.replaceWith(taken);
      window.htmx?.process(taken);
      if (back && idOf(taken) === back) taken.querySelector("a, button")?.focus({ preventScroll: true });
    }
  }
  return there.filter((item) => !here.has(idOf(item))).length;
};

const button = (list) => {
  let news = list.previousElementSibling;
  if (!news?.matches("[data-news]")) {
    news = document.createElement("button");
    news.type = "button";
    news.className = "button waiting-news";
    news.dataset.news = "";
    news.addEventListener("click", () => release(list));
    list.before(news);
  }
  return news;
};

const release = (list) => {
  const html = held.get(list);
  if (html === undefined) return;
  held.delete(list);
  const copy = document.importNode(fresh(list, html), true);
  list.replaceChildren(...copy.childNodes);
  window.htmx?.process(list);
  if (list.previousElementSibling?.matches("[data-news]")) list.previousElementSibling.hidden = true;
  list.dispatchEvent(new CustomEvent("songhe:released", { bubbles: true }));
};

document.body.addEventListener("htmx:beforeSwap", (event) => {
  const list = event.detail.target;
  if (!list?.matches?.("[data-list]") || event.detail.xhr.status !== 200 || !busy(list)) {
    if (list?.matches?.("[data-list]")) held.delete(list);
    return;
  }
  event.detail.shouldSwap = false;
  held.set(list, event.detail.serverResponse);
  const waiting = settle(list, fresh(list, event.detail.serverResponse));
  const news = button(list);
  news.hidden = waiting === 0;
  news.textContent = (list.dataset.sayNews || "{n}").replace("{n}", waiting);
});

const left = (event) => {
  const list = event.target.closest?.("[data-list]");
  if (!list || !held.has(list) || list.contains(event.relatedTarget)) return;
  if (event.relatedTarget?.matches?.("[data-news]")) return;
  /* The pointer may have left while the keyboard is still there, and the other way round. */
  setTimeout(() => {
    if (!busy(list)) release(list);
  }, 0);
};
document.addEventListener("pointerout", left);
document.addEventListener("focusout", left);
