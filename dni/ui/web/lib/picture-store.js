// @ts-check
// A place in the browser's database for one file of a tab; a file stays there for a day at most.

/** @typedef {{ key: string, file: File, at: number }} Kept */

const DATABASE = 'dni';
const STORE = 'pictures';
const MAX_AGE_MS = 24 * 60 * 60 * 1000;

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function settled(request) {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(request.error));
  });
}

async function openStore() {
  const request = indexedDB.open(DATABASE, 1);
  request.addEventListener('upgradeneeded', () => request.result.createObjectStore(STORE, { keyPath: 'key' }));
  return (await settled(request)).transaction(STORE, 'readwrite').objectStore(STORE);
}

/** @param {IDBObjectStore} store */
async function dropOld(store) {
  /** @type {Kept[]} */
  const all = await settled(store.getAll());
  for (const { key, at } of all) if (Date.now() - at > MAX_AGE_MS) store.delete(key);
}

/** Its methods reject in a browser that keeps nothing, as in a private window. */
export class PictureStore {
  /** @param {string} key of the place */
  constructor(key) {
    this.key = key;
  }

  /** @param {File} file */
  async put(file) {
    (await openStore()).put({ key: this.key, file, at: Date.now() });
  }

  async delete() {
    (await openStore()).delete(this.key);
  }

  /** @returns {Promise<File | null>} */
  async get() {
    const store = await openStore();
    /** @type {Kept | undefined} */
    const kept = await settled(store.get(this.key));
    dropOld(store);
    return kept?.file ?? null;
  }
}
