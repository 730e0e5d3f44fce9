/* What a phone keeps until it was taken: records, files and a few facts, in IndexedDB.
   Loaded by the pages and by the service worker; everything is under `songheKept`. */
"use strict";
self.songheKept = (() => {
  const NAME = "songhe-work";
  const STORES = { records: "id", files: "id", facts: "name" };

  let opened = null;
  let hasLeft = false;
  const open = () => {
    if (hasLeft) return Promise.reject(new DOMException("This phone was signed out.", "InvalidStateError"));
    opened ||= new Promise((resolve, reject) => {
      const asked = indexedDB.open(NAME, 1);
      asked.onupgradeneeded = () => {
        for (const [store, key] of Object.entries(STORES)) asked.result.createObjectStore(store, { keyPath: key });
      };
      asked.onsuccess = () => {
        asked.result.onversionchange = () => asked.result.close();
        asked.result.onclose = () => { opened = null; };
        resolve(asked.result);
      };
      asked.onerror = () => { opened = null; reject(asked.error); };
    });
    return opened;
  };
  /* Somebody signs out: a page that is still open while the browser clears everything must not begin anew. */
  const leave = async () => {
    const database = await open();
    hasLeft = true;
    database.close();
  };

  /* One transaction; it is done when the disk has it, not before: the app may be killed at any time. */
  const within = async (stores, mode, work) => {
    const database = await open();
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(stores, mode, { durability: "strict" });
      let answer;
      transaction.oncomplete = () => resolve(answer);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
      work(transaction, (value) => { answer = value; });
    });
  };
  const all = (store) => within([store], "readonly", (t, give) => {
    const asked = t.objectStore(store).getAll();
    asked.onsuccess = () => give(asked.result);
  });
  const put = (store, value) => within([store], "readwrite", (t) => t.objectStore(store).put(value));
  const remove = (store, keys) => within([store], "readwrite", (t) => {
    for (const key of keys) t.objectStore(store).delete(key);
  });

  /* A record and its file go in together, or not at all. */
  const keep = (record, file) => within(["records", "files"], "readwrite", (t) => {
    t.objectStore("records").add(record);
    if (file) t.objectStore("files").add(file);
  });

  /* Set some fields of records that are still there: what was removed meanwhile stays removed. */
  const change = (changes) => within(["records"], "readwrite", (t) => {
    const store = t.objectStore("records");
    for (const [id, fields] of changes) {
      const asked = store.get(id);
      asked.onsuccess = () => { if (asked.result) store.put({ ...asked.result, ...fields }); };
    }
  });

  /* Where the phone is replaces where it was and was not told yet; without a record that is let fall. */
  const keepPlace = (record) => within(["records"], "readwrite", (t) => {
    const store = t.objectStore("records");
    const asked = store.openCursor();
    asked.onsuccess = () => {
      const cursor = asked.result;
      if (cursor) {
        if (cursor.value.told.kind === "place") cursor.delete();
        cursor.continue();
      } else if (record) store.add(record);
    };
  });

  const fact = (name) => within(["facts"], "readonly", (t, give) => {
    const asked = t.objectStore("facts").get(name);
    asked.onsuccess = () => give(asked.result?.value);
  });
  const setFact = (name, value) => put("facts", { name, value });

  const records = async (user) => (await all("records"))
    .filter((one) => one.user === user).sort((a, b) => a.number - b.number);
  const files = async (user) => (await all("files")).filter((one) => one.user === user);

  /* The pages of the day are in caches of their own; what was told is not touched. */
  const PAGES = "songhe-work-pages";
  const forgetDay = async () => {
    await caches.delete(PAGES);
    await keepPlace(null);
    await setFact("day", null);
  };
  const isOver = (day) => Boolean(day) && Date.now() - (day.offset_s || 0) * 1000 > Date.parse(day.until);

  return { keep, keepPlace, change, records, files, all, put, remove, fact, setFact, forgetDay, isOver, leave, PAGES };
})();
