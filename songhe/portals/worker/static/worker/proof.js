/* Place, code at the door, photographs, voice: what a phone can show of a visit. */
"use strict";
self.songheProof = (() => {
  const LONGEST_PX = 1600;
  const QUALITY = 0.8;
  const PLACE_MS = 4000;

  /* Where the phone is, with its own word on how exact that is; null where it does not say in time. */
  const place = (most_ms = PLACE_MS) => new Promise((resolve) => {
    if (!navigator.geolocation) { resolve(null); return; }
    const timer = setTimeout(() => resolve(null), most_ms + 500);
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        clearTimeout(timer);
        resolve({ lat: coords.latitude, lon: coords.longitude, accuracy_m: coords.accuracy });
      },
      () => { clearTimeout(timer); resolve(null); },
      { enableHighAccuracy: true, timeout: most_ms, maximumAge: 5000 },
    );
  });

  const apart_m = (a, b) => {
    const rad = Math.PI / 180;
    const h = Math.sin((b.lat - a.lat) * rad / 2) ** 2
      + Math.cos(a.lat * rad) * Math.cos(b.lat * rad) * Math.sin((b.lon - a.lon) * rad / 2) ** 2;
    return 2 * 6371008.8 * Math.asin(Math.min(1, Math.sqrt(h)));
  };

  /* A photograph small enough for a day without a signal; one that cannot be drawn goes as it is. */
  const shrink = async (file) => {
    let picture;
    try {
      picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    } catch {
      return file;
    }
    const scale = Math.min(1, LONGEST_PX / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    return new Promise((resolve) => canvas.toBlob((blob) => resolve(blob || file), "image/jpeg", QUALITY));
  };

  /* Reads the codes in a picture: the browser's own reader where it has one, else the one that came
     with the pages (it lies in the phone as they do, so that it reads without a signal). */
  const LOOK_PX = 640;
  let reading = null;
  const ownReader = async () => {
    if (!("BarcodeDetector" in self)) return null;
    const kinds = await BarcodeDetector.getSupportedFormats().catch(() => []);
    return kinds.includes("qr_code") ? new BarcodeDetector({ formats: ["qr_code"] }) : null;
  };
  const script = (address) => new Promise((resolve, reject) => {
    const tag = Object.assign(document.createElement("script"), { src: address, onload: resolve, onerror: reject });
    document.head.append(tag);
  });
  const reader = () => {
    reading ||= (async () => {
      const own = await ownReader();
      if (own) return async (canvas) => (await own.detect(canvas).catch(() => []))[0]?.rawValue || "";
      if (!self.songheQr) await script(document.body.dataset.reader);
      return async (canvas) => {
        const { width, height } = canvas;
        const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
        return self.songheQr.read({ width, height, data }) || "";
      };
    })();
    reading.catch(() => { reading = null; });
    return reading;
  };
  const drawn = (source, width, height, longest) => {
    const scale = Math.min(1, longest / Math.max(width, height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(width * scale));
    canvas.height = Math.max(1, Math.round(height * scale));
    canvas.getContext("2d", { willReadFrequently: true }).drawImage(source, 0, 0, canvas.width, canvas.height);
    return canvas;
  };
  /* What a photograph shows; tried at several sizes, for a small code wants detail, a large one calm. */
  const readPhoto = async (file) => {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" }).catch(() => null);
    if (!picture) return "";
    const read = await reader();
    let found = "";
    for (const longest of [LOOK_PX, 1200, 400, 2000]) {
      found ||= await read(drawn(picture, picture.width, picture.height, longest));
    }
    picture.close();
    return found;
  };

  /* Whether a code is of this door: "yes", "no", or "unknown" where none is known here. The digest is
     the server's (places.py); a page without a secure address cannot work it out. */
  const plain = (shown) => shown.trim().toUpperCase().replace(/^SONGHE:/, "").replace(/[\s-]/g, "")
    .replaceAll("O", "0").replaceAll("I", "1").replaceAll("L", "1");
  const isDoorCode = (shown) => plain(shown).length === 16;
  const isOfDoor = async (shown, door) => {
    if (!door || !self.crypto?.subtle) return "unknown";
    const bytes = new TextEncoder().encode(`songhe-door\0${plain(shown)}`);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    return [...digest].map((one) => one.toString(16).padStart(2, "0")).join("") === door ? "yes" : "no";
  };

  /* The code at the door: by the running camera, or from a photograph of it. */
  const scanner = (box, found) => {
    const words = box.querySelector("[data-scan-words]");
    const video = box.querySelector("[data-scan-picture]");
    const start = box.querySelector("[data-scan-start]");
    const press = box.querySelector("[data-scan-press]");
    const begin = press.textContent;
    let stream = null;
    const stop = () => {
      stream?.getTracks().forEach((track) => track.stop());
      stream = null;
      video.hidden = true;
      press.textContent = begin;
    };
    const scan = async () => {
      const read = await reader();
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      video.srcObject = stream;
      video.hidden = false;
      press.textContent = press.dataset.sayStop;
      words.textContent = words.dataset.sayLooking;
      await video.play();
      const look = async () => {
        if (!stream?.active || !box.isConnected) { stop(); return; }
        const code = video.videoWidth ? await read(drawn(video, video.videoWidth, video.videoHeight, LOOK_PX)) : "";
        if (!stream) return;
        if (!code) { setTimeout(look, 150); return; }
        stop();
        await found(code, words);
      };
      look();
    };
    start.addEventListener("click", () => {
      if (stream) { stop(); words.textContent = ""; return; }
      scan().catch(() => { stop(); words.textContent = words.dataset.sayNoCamera; });
    });
    box.querySelector("[data-scan-photo] input").addEventListener("change", async ({ target }) => {
      if (!target.files.length) return;
      const code = await readPhoto(target.files[0]).catch(() => "");
      target.value = "";
      if (code) await found(code, words);
      else words.textContent = words.dataset.sayNone;
    });
    start.hidden = !navigator.mediaDevices?.getUserMedia;
    box.hidden = false;
  };

  /* A step to be photographed: one large button takes it; then it is shown, with the one that keeps it. */
  const PREVIEW_PX = 480;
  const preview = (form) => {
    const input = form.querySelector("input[type=file]");
    const label = input.closest("label");
    const words = label.querySelector("[data-say-again]");
    const keep = form.querySelector("button[data-kind=main]");
    const shot = form.querySelector("[data-shot]");
    const begin = words.textContent;
    const show = async () => {
      const file = input.files[0];
      keep.hidden = !file;
      shot.hidden = true;
      words.textContent = file ? words.dataset.sayAgain : begin;
      if (file) delete label.dataset.kind;
      else label.dataset.kind = "main";
      const picture = file ? await createImageBitmap(file, { imageOrientation: "from-image" }).catch(() => null) : null;
      if (!picture) return;
      shot.replaceChildren(drawn(picture, picture.width, picture.height, PREVIEW_PX));
      shot.hidden = false;
      picture.close();
      keep.focus({ preventScroll: true });
      keep.scrollIntoView({ block: "center" });
    };
    input.addEventListener("change", show);
    form.addEventListener("reset", () => setTimeout(show, 0));
    show();
  };

  /* A spoken note: press to begin, press to end. */
  const voice = (button, heard) => {
    if (!("MediaRecorder" in self) || !navigator.mediaDevices?.getUserMedia) return;
    const words = button.querySelector("[data-voice-words]");
    const begin = words.textContent;
    let recorder = null;
    button.hidden = false;
    const idle = () => {
      recorder = null;
      button.setAttribute("aria-pressed", "false");
      words.textContent = begin;
    };
    button.addEventListener("click", async () => {
      if (recorder) { recorder.stop(); return; }
      try {
        const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
        recorder = new MediaRecorder(stream);
        const parts = [];
        recorder.addEventListener("dataavailable", (event) => parts.push(event.data));
        recorder.addEventListener("stop", () => {
          stream.getTracks().forEach((track) => track.stop());
          heard(new Blob(parts, { type: recorder.mimeType }));
          idle();
        });
        recorder.start();
        button.setAttribute("aria-pressed", "true");
        words.textContent = button.dataset.sayStop;
      } catch {
        idle();
      }
    });
  };

  return { place, apart_m, shrink, scanner, isDoorCode, isOfDoor, preview, voice };
})();
