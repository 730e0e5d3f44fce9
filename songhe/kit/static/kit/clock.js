/* The clock of the top bar and all counters, after the server's clock, not the screen's.
   data-clock   a <time> whose datetime is the server's time at loading
   data-since   an instant: the element counts up (01:28, then hours, then days)
   data-until   an instant on a <progress>: it fills up; its label with data-say counts down */
const clock = document.querySelector("[data-clock]");
const serverAtLoad = clock ? Date.parse(clock.dateTime) : Date.now();
const tickAtLoad = performance.now();
const now = () => serverAtLoad + (performance.now() - tickAtLoad);

/* The server writes times in the region's zone: keep its offset, whatever zone the screen is in. */
const zone = clock ? /([+-])(\d\d):(\d\d)$/.exec(clock.dateTime) : null;
const zoneMs = zone ? (zone[1] === "-" ? -1 : 1) * (Number(zone[2]) * 60 + Number(zone[3])) * 60000 : 0;
const two = (number) => String(number).padStart(2, "0");

const sinceWords = (seconds) => {
  if (seconds < 3600) return `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}`;
  const hours = Math.floor(seconds / 3600);
  const days = Math.floor(hours / 24);
  const say = days ? clock?.dataset.sayDays : clock?.dataset.sayHours;
  return say ? say.replace("{n}", days || hours) : null;
};

const write = (element, words) => {
  if (words !== null && element.textContent !== words) element.textContent = words;
};

const due = new WeakSet();
const tick = () => {
  const at = now();
  if (clock) {
    const local = new Date(at + zoneMs);
    write(clock, `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}:${two(local.getUTCSeconds())}`);
  }
  for (const element of document.querySelectorAll("[data-since]")) {
    const seconds = Math.max(0, Math.floor((at - Date.parse(element.dataset.since)) / 1000));
    write(element, sinceWords(seconds));
  }
  for (const bar of document.querySelectorAll("[data-until]")) {
    const left = Math.max(0, Math.ceil((Date.parse(bar.dataset.until) - at) / 1000));
    bar.value = bar.max - Math.min(bar.max, left);
    const label = bar.labels?.[0];
    if (label?.dataset.say) write(label, label.dataset.say.replace("{s}", left));
    if (left === 0 && !due.has(bar)) {
      due.add(bar);
      bar.dispatchEvent(new CustomEvent("songhe:due", { bubbles: true }));
    }
  }
};

tick();
setInterval(tick, 1000);
