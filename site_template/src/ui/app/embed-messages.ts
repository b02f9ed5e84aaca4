// What a page that has this one in an <iframe> can receive: which class is seen, and how sure that is. Never a picture, a
// feature or a photo. Only a page that asks receives it, at the origin it asks from. docs/integrate.md has its side.

import { effect } from '@preact/signals';
import type { Prediction } from '../../protocol.ts';
import { classes, nameOf, prediction } from '../document/state.ts';

const HELLO = 'onthefly:hello';
const BYE = 'onthefly:bye';
const READY = 'onthefly:ready';
const PREDICTION = 'onthefly:prediction';
/** Version of these messages. */
const VERSION = 1;

/** Who has asked. */
let embedder: { page: Window; origin: string } | null = null;
/** Whether the last message is that nothing is seen. */
let silent = true;

/** Listens for a page that asks, and then tells it of every prediction. */
export function tellEmbedder(here: Window = window) {
  if (here.parent === here) return;
  here.addEventListener('message', (event) => answer(event, here.parent));
  effect(() => {
    const names = new Map(classes.value.map((entry) => [entry.id, nameOf(entry)]));
    announcePrediction(prediction.value, names);
  });
}

function answer({ source, origin, data }: MessageEvent, parent: Window) {
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
 * @param given null where nothing is seen, which is sent once
 * @param names of classes by their ids
 */
function announcePrediction(given: Prediction | null, names: Map<string, string>) {
  if (!embedder || (!given && silent)) return;
  silent = !given;
  const probabilities = Object.entries(given?.probabilities ?? {})
    .map(([id, probability]) => ({ class: names.get(id) ?? '', probability }))
    .sort((a, b) => b.probability - a.probability);
  send({ type: PREDICTION, winner: probabilities[0]?.class ?? null, probabilities });
}

function send(message: object) {
  embedder?.page.postMessage(message, embedder.origin);
}
