/* Reading aloud, only when asked: a button [data-aloud] reads what stands in main (or in
   [data-aloud-this] alone), in its language, once more stops. Forms are read by their words; what is
   marked [data-silent], and what is folded away, is not. While the browser has no voice the button
   stays hidden; voices may come late. */
const button = document.querySelector("[data-aloud]");
const voice = window.speechSynthesis;

const ENDS = "p, li, h1, h2, h3, h4, dt, dd, legend, label, a, button, tr";
const PARTS = "span:not(.phrase), b, strong, small, time, td, th";
const SILENT = "[data-silent], [aria-hidden=true], [hidden], details:not([open]), script, style, template";

/* The words of a part of the page: a stop after each line, a breath between what only stands side by side. */
const words = (node, lang) => {
  const [stop, breath] = lang.startsWith("zh") ? ["。", "，"] : [". ", ", "];
  const copy = node.cloneNode(true);
  copy.querySelectorAll(SILENT).forEach((one) => one.remove());
  copy.querySelectorAll("br").forEach((one) => one.replaceWith(breath));
  copy.querySelectorAll(ENDS).forEach((one) => one.append(stop));
  copy.querySelectorAll(PARTS).forEach((one) => {
    let next = one.nextSibling;
    while (next && next.nodeType === Node.TEXT_NODE && !next.data.trim()) next = next.nextSibling;
    if (next && next.nodeType === Node.ELEMENT_NODE) one.append(breath);
  });
  return copy.textContent.replace(/\s+/g, " ").replace(/\s*([，。,.:：；！？!?])(?:\s*[，。,.](?!\d))+/g, (all, first) => (all.includes("。") ? "。" : first)).trim();
};

if (button && voice) {
  const word = button.querySelector("[data-aloud-word]");
  const show = (reads) => {
    button.setAttribute("aria-pressed", String(reads));
    word.textContent = reads ? button.dataset.sayStop : button.dataset.sayRead;
  };
  const offer = () => { button.hidden = !voice.getVoices().length; };
  offer();
  voice.addEventListener?.("voiceschanged", offer);
  button.addEventListener("click", () => {
    if (voice.speaking || button.getAttribute("aria-pressed") === "true") {
      voice.cancel();
      show(false);
      return;
    }
    const read = document.querySelector("[data-aloud-this]") || document.querySelector("main");
    const { lang } = read.closest("[lang]");
    const speech = new SpeechSynthesisUtterance(words(read, lang));
    speech.lang = lang;
    speech.rate = 0.85;
    speech.onend = () => show(false);
    speech.onerror = () => show(false);
    voice.speak(speech);
    show(true);
  });
  addEventListener("pagehide", () => voice.cancel());
}
