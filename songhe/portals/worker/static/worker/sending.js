/* Sends what is kept, and learns the day. One sends at a time, pages and service worker together;
   should two do so all the same, the server knows each record by its id. */
"use strict";
self.songheSending = (() => {
  const kept = self.songheKept;
  const PART = 100;
  const PATIENCE_MS = 20000;
  const JUMP_MS = 2000;

  class SignedOut extends Error {}

  const ask = async (address, options = {}) => {
    const answer = await fetch(address, {
      credentials: "same-origin", cache: "no-store", redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE_MS), ...options,
      headers: { Accept: "application/json", ...options.headers },
    });
    if (answer.status === 401 || answer.type === "opaqueredirect") throw new SignedOut();
    return answer;
  };

  /* The token of the session now: it changes with every signing in. */
  const post = async (places, address, body, type) => {
    const given = (token) => ask(address, {
      method: "POST", body, headers: { "X-CSRFToken": token, ...(type ? { "Content-Type": type } : {}) },
    });
    const token = await kept.fact("token");
    const answer = token ? await given(token) : null;
    if (answer && answer.status !== 403) return answer;
    const asked = await ask(places.sync);
    if (!asked.ok) return answer || asked;
    const fresh = (await asked.json()).token;
    await kept.setFact("token", fresh);
    return given(fresh);
  };

  /* How long ago something was, by the steady clock: known only to the page that ran through. The
     steady clock of some phones rests while they sleep, so it is believed where both clocks agree, and
     where the phone's clock was turned back, which no sleep does. */
  const ageOf = (record, steady) => {
    if (!steady || record.session !== steady.session) return null;
    const walked = performance.now() - record.steady_ms;
    const shown = Date.now() - Date.parse(record.told.device_at);
    return shown - walked < JUMP_MS ? Math.max(0, walked / 1000) : null;
  };
  const toSend = (record, steady) => ({ ...record.told, age_s: ageOf(record, steady) });

  const sendFiles = async (places, user) => {
    for (const file of await kept.files(user)) {
      if (file.state === "refused") continue;
      const form = new FormData();
      form.append("visit", file.visit);
      form.append("id", file.id);
      form.append("file", file.blob, file.name);
      const answer = await post(places, places.files, form);
      if (answer.ok) await kept.remove("files", [file.id]);
      else if ([404, 409, 413, 422].includes(answer.status)) {
        const said = await answer.json().catch(() => ({}));
        await kept.put("files", { ...file, state: "refused", words: said.detail || said.title || "" });
      } else return false;
    }
    return true;
  };

  const learn = async (user, said, askedAt, heardAt) => {
    const offset_s = ((askedAt + heardAt) / 2 - Date.parse(said.now)) / 1000;
    await kept.setFact("token", said.token);
    if (said.user !== user) return { ...said, offset_s };
    await kept.setFact("day", {
      user, off: said.off, until: said.until, offset_s, pages: said.pages, shell: said.shell,
      on_way: said.visits.filter((one) => one.state === "on_way").at(-1)?.id || "", learned_at: heardAt, is_clock_wrong: Boolean(said.is_clock_wrong),
    });
    return { ...said, offset_s };
  };

  /* Keep the pages whose version is another one than the kept; drop those that are of no visit now. */
  const keepPages = async (pages) => {
    const cache = await caches.open(kept.PAGES);
    const wanted = new Map(pages.map((page) => [new URL(page.url, self.location.origin).href, page.version]));
    for (const old of await cache.keys()) if (!wanted.has(old.url)) await cache.delete(old);
    const versions = (await kept.fact("versions")) || {};
    const next = {};
    const changed = [];
    for (const [address, version] of wanted) {
      if (versions[address] === version && await cache.match(address)) {
        next[address] = version;
        continue;
      }
      const answer = await fetch(address, {
        credentials: "same-origin", redirect: "manual", cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS),
      });
      if (!answer.ok) continue;
      await cache.put(address, answer);
      next[address] = version;
      changed.push(address);
    }
    await kept.setFact("versions", next);
    return changed;
  };

  /* Return what became of it: {state: sent | signed-out | no-signal, …}. */
  const send = async (places, user, steady = null) => {
    try {
      let said = null;
      let records = (await kept.records(user)).filter((one) => one.state === "kept");
      /* The first question asks the day as well, with nothing to tell: then the clock is known. */
      for (let begin = 0; begin === 0 || begin < records.length; begin += PART) {
        const part = records.slice(begin, begin + PART);
        const askedAt = Date.now();
        const body = JSON.stringify({
          sent_at: new Date(askedAt).toISOString(), told: part.map((one) => toSend(one, steady)),
        });
        const answer = await post(places, places.sync, body, "application/json");
        if (!answer.ok) return { state: answer.status === 403 ? "signed-out" : "no-signal" };
        said = await learn(user, await answer.json(), askedAt, Date.now());
        if (said.user !== user) return { state: "other-user" };
        await kept.change(said.answers.filter((one) => one.id).map((one) => [one.id, {
          state: one.state === "refused" ? "refused" : "sent", words: one.words,
        }]));
      }
      const filesSent = await sendFiles(places, user);
      const sent = (await kept.records(user)).filter((one) => one.state === "sent").map((one) => one.id);
      const changed = await keepPages(said.pages);
      /* Only now, when the pages say it themselves. */
      await kept.remove("records", sent);
      return { state: filesSent ? "sent" : "no-signal", said, changed };
    } catch (error) {
      if (error instanceof SignedOut) {
        await kept.forgetDay();
        return { state: "signed-out" };
      }
      if (error instanceof TypeError || ["TimeoutError", "AbortError"].includes(error.name)) return { state: "no-signal" };
      throw error;
    }
  };

  const once = (work) => (self.navigator.locks
    ? self.navigator.locks.request("songhe-work-sending", work) : work());
  /* Wait for what is on its way; from then on nothing is sent or fetched until this page is gone. */
  const hold = () => new Promise((holds) => {
    once(() => {
      holds();
      return new Promise(() => {});
    });
  });
  return { send: (...given) => once(() => send(...given)), hold, alone: once };
})();
