// Keeps the site usable without a connection. It holds the site's own files, by the list that the build
// wrote before this script, and nothing that a visitor makes: pictures and examples never pass through it.

/** @typedef {{version: string, needed: string[], optional: string[]}} Files URLs relative to the site's root */

/* global __FILES__ */
// @ts-expect-error: the build writes it before this script.
const { version, needed, optional } = /** @type {Files} */ (__FILES__);
const scope = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

const PREFIX = 'onthefly ';
const root = scope.registration.scope;
// Several sites of one origin share its caches: each clears only its own.
const mine = `${PREFIX}${root} `;
const cacheName = mine + version;
const absolute = (/** @type {string} */ url) => new URL(url, root).href;
const known = new Set([...needed, ...optional].map(absolute));

scope.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(cacheName)
      .then((cache) => cache.addAll(needed.map(absolute).map(newest)))
      .then(() => scope.skipWaiting()),
  );
});

scope.addEventListener('activate', (event) => {
  const isOld = (/** @type {string} */ key) => key.startsWith(mine) && key !== cacheName;
  event.waitUntil(
    caches
      .keys()
      .then((keys) => Promise.all(keys.filter(isOld).map((key) => caches.delete(key))))
      .then(() => scope.clients.claim()),
  );
});

scope.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET') return;
  const asked = request.url.split(/[?#]/)[0];
  const url = asked === root ? absolute('index.html') : asked;
  if (!known.has(url)) return;
  event.respondWith(hasHashedName(url) ? keptFirst(request, url) : freshFirst(url));
});

/** @param {string} url */
const hasHashedName = (url) => url.startsWith(absolute('assets/')) || url.startsWith(absolute('model/'));

/**
 * A request that the browser's own cache cannot answer with a file of an older version.
 * @param {string} url
 */
const newest = (url) => new Request(url, { cache: hasHashedName(url) ? 'default' : 'no-cache' });

/**
 * A file whose name changes with its bytes: the kept copy is as good as the host's.
 * @param {Request} request
 * @param {string} url
 */
async function keptFirst(request, url) {
  const cache = await caches.open(cacheName);
  const kept = await cache.match(url);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.status === 200) await cache.put(url, answer.clone());
  return answer;
}

/**
 * A file of fixed name, as the host has it now, so that a new version shows at once and its parts fit; the
 * kept copy only without a connection.
 * @param {string} url
 */
async function freshFirst(url) {
  try {
    return await fetch(newest(url));
  } catch {
    return (await caches.match(url, { cacheName })) ?? Response.error();
  }
}
