// What a page that has this one in an <iframe> may hear: which class is seen, and how sure that is. Never a picture, a
// feature or a photo. Only a page that asks is told, at the origin it asks from. docs/integrate.md has its side.

import { effect } from '@preact/signals';
import { classes, nameOf, prediction } from './state.js';

export const HELLO = 'onthefly:hello';
export const BYE = 'onthefly:bye';
export const READY = 'onthefly:ready';
export const PREDICTION = 'onthefly:prediction';
/** Version of these messages. */
const VERSION = 1;

/** @type {{page: Window, origin: string}|null} who has asked */
let embedder = null;
/** Whether the last thing told is that nothing is seen. */
let silent = true;

/**
 * Listens for a page that asks, and then tells it of every prediction.
 * @param {Window} [here]
 */
export function tellEmbedder(here = window) {
  if (here.parent === here) return;
  here.addEventListener('message', (event) => answer(event, here.parent));
  effect(() => {
    const names = new Map(classes.value.map((entry) => [entry.id, nameOf(entry)]));
    announcePrediction(prediction.value, names);
  });
}

/**
 * @param {MessageEvent} event
 * @param {Window} parent
 */
function answer({ source, origin, data }, parent) {
  // A page without an origin (from a file, or in a sandbox) cannot be addressed, and nobody else is to read along.
  if (source !== parent || origin === 'null' || typeof data !== 'object') return;
  if (data?.type === BYE) embedder = null;
  if (data?.type !== HELLO) return;
  embedder = { page: parent, origin };
  silent = true;
  send({ type: READY, version: VERSION });
}

/**
 * Tells the page that asked, if one has, of a prediction.
 * @param {import('../protocol.js').Prediction|null} given null where nothing is seen, which is told once
 * @param {Map<string, string>} names of classes by their ids
 */
export function announcePrediction(given, names) {
  if (!embedder || (!given && silent)) return;
  silent = !given;
  const probabilities = Object.entries(given?.probabilities ?? {})
    .map(([id, probability]) => ({ class: names.get(id) ?? '', probability }))
    .sort((a, b) => b.probability - a.probability);
  send({ type: PREDICTION, winner: probabilities[0]?.class ?? null, probabilities });
}

/** @param {object} message */
function send(message) {
  embedder?.page.postMessage(message, embedder.origin);
}
