// Keeps the site usable without a connection. It holds the site's own files, by the list that the build
// wrote before this script, and nothing that a visitor makes: pictures and examples never pass through it.
//
// Hosts answer in many ways: one redirects `index.html` to the folder, another serves no folders, a third sends
// its front page for whatever it lacks. So an answer is kept only when its bytes are the ones the build wrote,
// and as a new response: a browser refuses a page that was reached through a redirect.

/** URLs are relative to the site's root. */
interface Files {
  version: string;
  /** sha256 by URL. */
  needed: Record<string, string>;
  /** The same, of files that are kept once they have been used. */
  optional: Record<string, string>;
}

/** The build writes it before this script. */
declare const __FILES__: Files;
const { version, needed, optional } = __FILES__;
const scope = self as unknown as ServiceWorkerGlobalScope;

const PREFIX = 'onthefly ';
const root = scope.registration.scope;
// Several sites of one origin share its caches: each clears only its own.
const mine = `${PREFIX}${root} `;
const cacheName = mine + version;
const absolute = (url: string) => new URL(url, root).href;
const PAGE = absolute('index.html');
/** Where hosts serve the page: the folder first, because that is the address that visitors have. */
const PAGE_ADDRESSES = [root, PAGE, absolute('index')];
const sums = new Map(Object.entries({ ...needed, ...optional }).map(([url, sum]) => [absolute(url), sum]));

scope.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(cacheName)
      .then((cache) => Promise.all(Object.keys(needed).map((url) => keep(cache, absolute(url)))))
      .then(() => scope.skipWaiting()),
  );
});

scope.addEventListener('activate', (event) => {
  const isOld = (key: string) => key.startsWith(mine) && key !== cacheName;
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
  const url = PAGE_ADDRESSES.includes(asked) ? PAGE : asked;
  if (!sums.has(url)) return;
  event.respondWith(hasHashedName(url) ? keptFirst(event, url) : freshFirst(request, url));
});

const hasHashedName = (url: string) => url.startsWith(absolute('assets/')) || url.startsWith(absolute('model/'));

/**
 * Downloads a file and keeps it.
 * @throws Error where the host does not give it
 */
async function keep(cache: Cache, url: string) {
  for (const address of url === PAGE ? PAGE_ADDRESSES : [url]) {
    // A file of fixed name is asked for past the browser's own cache, which may hold one of an older version.
    const ask = { cache: hasHashedName(url) ? 'default' : 'no-cache', mode: 'same-origin', credentials: 'same-origin' };
    const answer = await fetch(address, ask as RequestInit).catch(() => null);
    const own = answer && (await verified(url, answer));
    if (own) return cache.put(url, own);
  }
  throw new Error(`The host does not give the ${url} that the site was built with.`);
}

/**
 * @param answer its body is read
 * @returns one that can be kept under that URL; null where it is not the site's file
 */
async function verified(url: string, answer: Response): Promise<Response | null> {
  if (answer.status !== 200) return null;
  const bytes = await answer.arrayBuffer();
  if (!(url === PAGE ? isPage(answer, bytes) : (await sha256(bytes)) === sums.get(url))) return null;
  const headers = new Headers(answer.headers);
  // What they say is of the bytes as they travelled, or keeps an answer from being kept.
  for (const name of ['content-encoding', 'content-length', 'vary']) headers.delete(name);
  return new Response(bytes, { headers });
}

/** Whether an answer is the page of this very version. Hosts add lines of their own to pages: its sum says nothing. */
function isPage(answer: Response, bytes: ArrayBuffer) {
  const isHtml = /^text\/html\b/i.test(answer.headers.get('content-type') ?? '');
  return isHtml && new TextDecoder().decode(bytes).includes(`data-version="${version}"`);
}

async function sha256(bytes: BufferSource) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A file whose name changes with its bytes: the kept copy is as good as the host's. */
async function keptFirst(event: FetchEvent, url: string) {
  const cache = await caches.open(cacheName);
  const kept = await cache.match(url);
  if (kept) return kept;
  const answer = await fetch(event.request);
  const copy = answer.clone();
  event.waitUntil(verified(url, copy).then((own) => own && cache.put(url, own)));
  return answer;
}

/**
 * A file of fixed name, as the host has it now, so that a new version shows at once and its parts fit; the
 * kept copy only without a connection, or where the host is in trouble.
 */
async function freshFirst(request: Request, url: string) {
  let answer: Response | null = null;
  try {
    answer = await fetch(newest(request));
    if (answer.status < 500) return answer;
  } catch {
    // No connection.
  }
  return (await caches.match(url, { cacheName })) ?? answer ?? Response.error();
}

/**
 * The same request, which the browser's own cache cannot answer with a file of an older version. Where a browser
 * opens a page, it follows redirects itself, and refuses an answer for which that was done.
 */
function newest(request: Request) {
  const { url, mode, headers, credentials, redirect } = request;
  if (mode !== 'navigate') return new Request(request, { cache: 'no-cache' });
  return new Request(url, { headers, credentials, redirect, cache: 'no-cache' });
}
