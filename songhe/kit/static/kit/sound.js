/* Sound of the desk. One press turns it on (browsers want a press); the highest priority among the
   unacknowledged rows of [data-alarms] decides. Rhythm after IEC 60601-1-8: high 3 + 2 pulses, twice,
   every 10 s; medium 3 pulses every 20 s; low 1 pulse once; unknown silent. It rises in volume, it can
   pause for 120 s with the clock in sight, and a new high alarm ends the pause. It is never just off. */
const PAUSE_MS = 120000;
const EVERY_MS = { high: 10000, medium: 20000 };
const ORDER = ["high", "medium", "low"];
/* Beginnings of the pulses in seconds, their length, their tones in hertz. */
const BURSTS = {
  high: { at: [0, 0.25, 0.5, 0.95, 1.2, 2.1, 2.35, 2.6, 3.05, 3.3], length: 0.15, tones: [660, 660, 660, 880, 880] },
  medium: { at: [0, 0.4, 0.8], length: 0.2, tones: [587, 494, 440] },
  low: { at: [0], length: 0.25, tones: [440] },
};
const KEEP = "songhe.sound";

const box = document.querySelector("[data-sound]");
const button = box?.querySelector("[data-sound-switch]");
const words = box?.querySelector("[data-sound-words]");
const pauser = box?.querySelector("[data-sound-pause]");
const said = box?.querySelector("[data-sound-said]");

let audio = null;
let wanted = sessionStorage.getItem(KEEP) === "on";
let pausedUntil = 0;
let lastAt = 0;
let level = "";
let rounds = 0;
const sounded = new Set(JSON.parse(sessionStorage.getItem(`${KEEP}.done`) || "[]"));

const works = () => audio !== null && audio.state === "running";

const pulse = (begin, length, tone, volume) => {
  const gain = audio.createGain();
  gain.connect(audio.destination);
  gain.gain.setValueAtTime(0, begin);
  gain.gain.linearRampToValueAtTime(volume, begin + length * 0.15);
  gain.gain.setValueAtTime(volume, begin + length * 0.8);
  gain.gain.linearRampToValueAtTime(0, begin + length);
  /* A fundamental with harmonics carries further than a pure tone. */
  [1, 2, 3, 4].forEach((nth) => {
    const voice = audio.createOscillator();
    const share = audio.createGain();
    share.gain.value = 1 / (nth * nth);
    voice.frequency.value = tone * nth;
    voice.connect(share).connect(gain);
    voice.start(begin);
    voice.stop(begin + length);
  });
};

const play = (priority) => {
  const burst = BURSTS[priority];
  const volume = Math.min(0.5, 0.12 + 0.06 * rounds);
  burst.at.forEach((begin, index) => {
    pulse(audio.currentTime + 0.05 + begin, burst.length, burst.tones[index % burst.tones.length], volume);
  });
  rounds += 1;
  lastAt = Date.now();
  box.dataset.played = priority;
};

const waiting = () => [...document.querySelectorAll("[data-alarms] .alarm[data-state='unacknowledged']")];

const show = () => {
  const left = Math.ceil((pausedUntil - Date.now()) / 1000);
  const state = !wanted ? "off" : !works() ? "blocked" : left > 0 ? "paused" : "on";
  box.dataset.state = state;
  const say = { off: box.dataset.sayOff, blocked: box.dataset.sayBlocked, paused: box.dataset.sayPaused, on: box.dataset.sayOn }[state];
  const text = say.replace("{s}", left);
  if (words.textContent !== text) words.textContent = text;
  button.setAttribute("aria-pressed", String(state === "on" || state === "paused"));
  pauser.hidden = state !== "on";
};

const look = () => {
  const rows = waiting();
  const top = ORDER.find((priority) => rows.some((row) => row.dataset.priority === priority)) || "";
  const fresh = rows.filter((row) => row.dataset.id && !sounded.has(row.dataset.id));
  const freshHigh = fresh.some((row) => row.dataset.priority === "high");
  if (freshHigh) pausedUntil = 0;
  if (top !== level) {
    level = top;
    rounds = 0;
    if (top && top !== "low") lastAt = 0;
  }
  if (works() && Date.now() >= pausedUntil && top) {
    const isFresh = fresh.some((row) => row.dataset.priority === top);
    const every = EVERY_MS[top];
    if (isFresh || (every && Date.now() - lastAt >= every)) play(top);
    fresh.forEach((row) => sounded.add(row.dataset.id));
    if (fresh.length) sessionStorage.setItem(`${KEEP}.done`, JSON.stringify([...sounded].slice(-500)));
  }
  show();
};

const open = async () => {
  audio ??= new AudioContext();
  /* resume() waits for ever without a press: look at the state instead of awaiting it. */
  audio.resume().then(look, () => show());
};

if (box) {
  box.hidden = false;
  button.addEventListener("click", async () => {
    wanted = true;
    sessionStorage.setItem(KEEP, "on");
    await open();
    await audio.resume();
    look();
    if (!level) play("low"); /* nothing waits: let the person hear that it works */
  });
  pauser.addEventListener("click", () => {
    pausedUntil = Date.now() + PAUSE_MS;
    said.textContent = box.dataset.saidPaused;
    show();
    button.focus();
  });
  if (wanted) open();
  look();
  setInterval(look, 1000);
}
