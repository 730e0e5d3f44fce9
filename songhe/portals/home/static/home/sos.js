/* A call for help. The seconds run at the server; here they are shown, said aloud once, and the page
   asks anew when they are over. Without a network the foot says whom to telephone. */
for (const form of document.querySelectorAll("[data-sos]")) {
  form.addEventListener("submit", (event) => {
    const cut = form.parentElement.querySelector("[data-sos-cut]");
    if (navigator.onLine || !cut) return;
    event.preventDefault();
    cut.hidden = false;
    cut.querySelector("a").focus();
  });
}

let timer = null;
let told = "";

const count = (call) => {
  clearInterval(timer);
  const until = Date.now() + Number(call.dataset.left) * 1000;
  timer = setInterval(() => {
    const left = Math.max(0, Math.ceil((until - Date.now()) / 1000));
    const number = call.querySelector("[data-count]");
    if (number) number.textContent = left;
    call.querySelectorAll("[data-arc]").forEach((arc) => {
      if (Number(arc.dataset.arc) >= left) arc.remove();
    });
    if (left === 0) {
      clearInterval(timer);
      location.replace(location.pathname);
    }
  }, 200);
};

const say = (call) => {
  const heading = call.querySelector("h1");
  const words = call.querySelector("[data-say]");
  if (!heading || !words || call.dataset.state === "none") return;
  const text = `${heading.textContent}。${words.textContent}`;
  if (text === told || !window.speechSynthesis) return;
  told = text;
  const speech = new SpeechSynthesisUtterance(text);
  speech.lang = document.documentElement.lang;
  speech.rate = 0.85;
  window.speechSynthesis.cancel();
  window.speechSynthesis.speak(speech);
};

const show = () => {
  const call = document.getElementById("call");
  if (!call) return;
  if (call.dataset.left && call.dataset.state === "waiting") count(call);
  say(call);
};

document.body.addEventListener("htmx:afterSettle", show);
show();
