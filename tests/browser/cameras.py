"""Cameras that a test has in its hand: what they show, when they fail, and which of them are plugged in."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Page

_STUDIO_JS = """
(options) => {
  // Replaces the browser's cameras by canvases. `window.studio` is the test's side.
  const studio = {
    devices: options.devices,
    permission: options.permission,
    scene: 'lying',
    canvases: new Map(),
    show(scene) {
      studio.scene = scene;
      studio.canvases.forEach((canvas) => studio.paint(canvas, scene));
    },
    asked: [],
    refuse: null,
    tracks: [],
    live: () => studio.tracks.filter((track) => track.readyState === 'live').length,
    tell: (type) => studio.tracks.at(-1).dispatchEvent(new Event(type)),
    plug(devices) {
      const gone = studio.devices.filter(({deviceId}) => !devices.some((one) => one.deviceId === deviceId));
      studio.devices = devices;
      for (const track of studio.tracks) {
        if (track.readyState !== 'live' || !gone.some(({deviceId}) => deviceId === track.device)) continue;
        track.stop();
        track.dispatchEvent(new Event('ended'));
      }
      navigator.mediaDevices.dispatchEvent(new Event('devicechange'));
    },
    allow(state) {
      studio.permission = state;
      status.state = state;
      status.onchange?.();
    },
    hide(hidden) {
      Object.defineProperty(document, 'hidden', {get: () => hidden, configurable: true});
      document.dispatchEvent(new Event('visibilitychange'));
    },
  };
  window.studio = studio;

  const status = {state: studio.permission, onchange: null};
  const {query} = navigator.permissions;
  navigator.permissions.query = async (what) =>
    what.name === 'camera' ? status : query.call(navigator.permissions, what);

  const {mediaDevices} = navigator;
  mediaDevices.enumerateDevices = async () =>
    studio.devices.map(({deviceId, label}) => {
      const known = studio.permission === 'granted';
      return {kind: 'videoinput', deviceId: known ? deviceId : '', label: known ? label : '', groupId: ''};
    });
  mediaDevices.getUserMedia = async ({video}) => {
    const wish = video === true ? {} : video;
    studio.asked.push(wish);
    if (studio.waiting) await studio.waiting;
    const refusal = studio.refuse?.(wish);
    if (refusal === 'OverconstrainedError') throw new OverconstrainedError('width');
    if (refusal) throw new DOMException(studio.words ?? 'as the browser says it', refusal);
    const wanted = wish.deviceId?.exact;
    const found = wanted
      ? studio.devices.find(({deviceId}) => deviceId === wanted)
      : studio.devices.find(({facing}) => facing === wish.facingMode) ?? studio.devices[0];
    if (!found && wanted) throw new OverconstrainedError('deviceId');
    if (!found) throw new DOMException('Requested device not found', 'NotFoundError');
    studio.allow('granted');
    return film(found);
  };

  function film({deviceId, facing}) {
    const canvas = document.createElement('canvas');
    canvas.width = 640;
    canvas.height = 480;
    const stream = canvas.captureStream(20);
    const [track] = stream.getVideoTracks();
    track.device = deviceId;
    track.getSettings = () => ({deviceId, ...(facing && {facingMode: facing})});
    studio.tracks.push(track);
    studio.canvases.set(track, canvas);
    // A few times a second: what stands still needs no more, and the page has work with every frame.
    const timer = setInterval(() => {
      if (track.readyState === 'live') return studio.paint(canvas, studio.scene);
      clearInterval(timer);
      studio.canvases.delete(track);
    }, 200);
    studio.paint(canvas, studio.scene);
    return stream;
  }

  // Lying red stripes, standing blue ones, or any single colour. The stripes differ from left to right.
  studio.paint = (canvas, scene) => {
    const drawing = canvas.getContext('2d');
    const {width, height} = canvas;
    if (scene !== 'lying' && scene !== 'standing') {
      drawing.fillStyle = scene;
      drawing.fillRect(0, 0, width, height);
      return;
    }
    for (let i = 0; i < 12; i++) {
      const light = i % 2 ? 220 : 60;
      drawing.fillStyle = scene === 'lying' ? `rgb(${light} 0 0)` : `rgb(0 0 ${light})`;
      if (scene === 'lying') drawing.fillRect(0, (i * height) / 12, width, height / 12);
      else drawing.fillRect((i * width) / 12, 0, width / 12, height);
    }
    drawing.fillStyle = 'white';
    drawing.fillRect(width / 2 - height / 2, 0, 20, 20);
  };
}
"""

ONE = ({"deviceId": "desk", "label": "Desk camera"},)
"""A laptop's camera, which does not say where it looks."""
TWO = (*ONE, {"deviceId": "cable", "label": "Cable camera"})
PHONE = (
    {"deviceId": "f", "label": "Front", "facing": "user"},
    {"deviceId": "b", "label": "Back", "facing": "environment"},
)


def install(page: Page, devices: tuple[dict[str, str], ...] = ONE, permission: str = "granted") -> None:
    """Give the page, from its next opening, these cameras in place of the browser's."""
    options: dict[str, Any] = {"devices": devices, "permission": permission}
    page.add_init_script(f"({_STUDIO_JS})({json.dumps(options)})")


_SHOWN_JS = """
(scene) => {
  // Whether the preview shows this scene: lying stripes are red, standing ones blue.
  const video = document.querySelector('video');
  if (!video || video.readyState < 2) return false;
  const canvas = new OffscreenCanvas(8, 8);
  const drawing = canvas.getContext('2d', {willReadFrequently: true});
  drawing.drawImage(video, 320, 40, 8, 8, 0, 0, 8, 8);
  const {data} = drawing.getImageData(4, 4, 1, 1);
  return scene === 'lying' ? data[0] > data[2] + 30 : data[2] > data[0] + 30;
}
"""


def show(page: Page, scene: str) -> None:
    """Let the camera see lying or standing stripes, and wait until the preview shows them."""
    page.evaluate("(scene) => studio.show(scene)", scene)
    page.wait_for_function(_SHOWN_JS, arg=scene)


def paint(page: Page, scene: str) -> bytes:
    """A photo of a scene as a camera would show it: a PNG file's bytes."""
    values: list[int] = page.evaluate(
        """async (scene) => {
          const canvas = document.createElement('canvas');
          canvas.width = 640;
          canvas.height = 480;
          studio.paint(canvas, scene);
          const blob = await new Promise((done) => canvas.toBlob(done, 'image/png'));
          return [...new Uint8Array(await blob.arrayBuffer())];
        }""",
        scene,
    )
    return bytes(values)
