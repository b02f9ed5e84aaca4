// What goes along with an exported model: a page that runs it, the code to copy, and how to use both. Nothing in them
// depends on what was taught; the page reads the names from `onthefly.json`. `toInput` is `core/preprocess.ts` in
// fewer lines, to the bit; a test compares the two.

import { TENSORFLOW_JS } from '../contract.ts';

export const CODE = `// Runs the model in this folder. The numbers are those of the page it was taught on, because the
// picture is prepared in the same way: copy this file as it is.

/**
 * @param {object} tf TensorFlow.js: the global \`tf\` of tf.min.js, or \`import * as tf from '@tensorflow/tfjs'\`
 * @param {URL|string} [folder] that holds model.json and onthefly.json; the folder of this file unless given
 */
export async function loadModel(tf, folder = new URL('.', import.meta.url)) {
  const answer = await fetch(new URL('onthefly.json', folder));
  if (!answer.ok) throw new Error('onthefly.json could not be read: ' + answer.status);
  const { classes, preprocess } = await answer.json();
  await tf.ready();
  const model = await tf.loadGraphModel(String(new URL('model.json', folder)));
  return {
    /** Names, in the order of the model's outputs. */
    classes,

    /**
     * @param {CanvasImageSource|ImageData} image an <img> that has loaded, a playing <video>, a <canvas>, ...
     * @returns {Promise<{class: string, probability: number}[]>} the most probable class first
     */
    async predict(image) {
      const { size, fit } = preprocess;
      const input = tf.tensor4d(toInput(readPixels(image), size, fit), [1, size, size, 3]);
      const output = model.execute(input);
      const probabilities = await output.data();
      tf.dispose([input, output]);
      const named = classes.map((name, i) => ({ class: name, probability: probabilities[i] }));
      return named.sort((a, b) => b.probability - a.probability);
    },
  };
}

/** The pixels of an image at its own size, in sRGB; what is transparent lies on white. */
function readPixels(image) {
  const width = image.videoWidth ?? image.naturalWidth ?? image.width;
  const height = image.videoHeight ?? image.naturalHeight ?? image.height;
  if (!width || !height) throw new Error('This image has no pixels yet.');
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const drawing = canvas.getContext('2d', { willReadFrequently: true, colorSpace: 'srgb' });
  if (image instanceof ImageData) drawing.putImageData(image, 0, 0);
  else drawing.drawImage(image, 0, 0, width, height);
  drawing.globalCompositeOperation = 'destination-over';
  drawing.fillStyle = 'white';
  drawing.fillRect(0, 0, width, height);
  const pixels = drawing.getImageData(0, 0, width, height);
  if (pixels.data[3] === 255) return pixels;
  throw new Error('This image is too large for this browser: ' + width + ' by ' + height + ' pixels.');
}

/**
 * The model's input: the centre square ('crop') or the whole picture ('stretch'), made size x size by
 * bilinear interpolation with the corners aligned, divided by 255.
 */
export function toInput({ data, width, height }, size, fit) {
  const edge = Math.min(width, height);
  const part =
    fit === 'crop'
      ? { x: Math.floor((width - edge) / 2), y: Math.floor((height - edge) / 2), w: edge, h: edge }
      : { x: 0, y: 0, w: width, h: height };
  const at = (i, length) => {
    const place = size > 1 ? i * ((length - 1) / (size - 1)) : 0;
    const first = Math.min(Math.floor(place), length - 1);
    return { first, second: Math.min(first + 1, length - 1), weight: place - first };
  };
  const columns = Array.from({ length: size }, (_, j) => at(j, part.w));
  const input = new Float32Array(size * size * 3);
  let place = 0;
  for (let i = 0; i < size; i++) {
    const row = at(i, part.h);
    const upper = (part.y + row.first) * width + part.x;
    const lower = (part.y + row.second) * width + part.x;
    for (const column of columns) {
      for (let k = 0; k < 3; k++) {
        const pixel = (start, x) => data[(start + x) * 4 + k];
        const across = (start) =>
          pixel(start, column.first) * (1 - column.weight) + pixel(start, column.second) * column.weight;
        input[place++] = (across(upper) * (1 - row.weight) + across(lower) * row.weight) / 255;
      }
    }
  }
  return input;
}
`;

export const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>A model from On-the-Fly</title>
<style>
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem; }
  video, img { display: block; max-width: 100%; max-height: 60vh; margin: 1rem 0; }
  [hidden] { display: none; }
  li { font-variant-numeric: tabular-nums; }
</style>
<h1>A model from On-the-Fly</h1>
<p><label>A photo: <input id="photo" type="file" accept="image/*"></label>
<button id="camera" type="button">Start camera</button></p>
<p id="status" role="status">The model is being loaded.</p>
<img id="picture" alt="The photo" hidden>
<video id="video" playsinline muted hidden></video>
<ol id="answer" aria-label="What it shows"></ol>

<!-- TensorFlow.js ${TENSORFLOW_JS}: put tf.min.js, from the folder dist of the npm package @tensorflow/tfjs, next to this page.
     To have it from a public server instead, which then learns of every visit, write
     src="https://cdn.jsdelivr.net/npm/@tensorflow/tfjs@${TENSORFLOW_JS}/dist/tf.min.js" -->
<script src="tf.min.js"></script>
<script type="module">
  const [photo, camera, status, picture, video, answer] = ['photo', 'camera', 'status', 'picture', 'video', 'answer'].map(
    (id) => document.getElementById(id),
  );
  const say = (text) => (status.textContent = text);

  async function show(image) {
    const predictions = await model.predict(image);
    answer.replaceChildren(
      ...predictions.map((each) => {
        const item = document.createElement('li');
        item.textContent = each.class + ': ' + (100 * each.probability).toFixed(1) + ' %';
        return item;
      }),
    );
  }

  let model;
  try {
    if (location.protocol === 'file:') {
      throw new Error('Browsers do not let a page opened from a file read its own folder. Serve the folder, for example: python3 -m http.server');
    }
    if (!window.tf) throw new Error('tf.min.js is not next to this page. README.md says where to get it.');
    const { loadModel } = await import('./predict.js');
    model = await loadModel(tf);
    say('The model is ready.');
  } catch (error) {
    say(error.message);
    throw error;
  }

  photo.addEventListener('change', async () => {
    if (!photo.files[0]) return;
    stopCamera();
    picture.src = URL.createObjectURL(photo.files[0]);
    try {
      await picture.decode();
      picture.hidden = false;
      await show(picture);
      say('The photo shows:');
    } catch (error) {
      say('This file cannot be shown: ' + error.message);
    } finally {
      URL.revokeObjectURL(picture.src);
    }
  });

  camera.addEventListener('click', async () => {
    if (video.srcObject) return stopCamera();
    try {
      video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'user' } });
      await video.play();
    } catch (error) {
      return say('There is no camera: ' + error.message);
    }
    video.hidden = false;
    picture.hidden = true;
    camera.textContent = 'Stop camera';
    say('The camera sees:');
    while (video.srcObject) {
      await show(video);
      await new Promise(requestAnimationFrame);
    }
  });

  function stopCamera() {
    video.srcObject?.getTracks().forEach((track) => track.stop());
    video.srcObject = null;
    video.hidden = true;
    camera.textContent = 'Start camera';
  }
</script>
</html>
`;

export const README = `# A model from On-the-Fly

\`model.json\` and \`weights.bin\` are one TensorFlow.js graph model, backbone and head: pictures go in, probabilities
come out.

| file | holds |
|---|---|
| \`model.json\`, \`weights.bin\` | the model: \`[n, 224, 224, 3]\` float32 in [0, 1] to \`[n, classes]\` |
| \`onthefly.json\` | the names of the classes in the order of the outputs, how a picture is prepared, which backbone it is |
| \`predict.js\` | loads the model and predicts; copy it into your own page |
| \`index.html\` | a page that does this, with a photo or the camera |
| \`metadata.json\` | the names as Teachable Machine's tools read them |

## Try it

1. Get \`tf.min.js\` of TensorFlow.js ${TENSORFLOW_JS}: it is the file \`dist/tf.min.js\` in the npm package \`@tensorflow/tfjs\`
   (\`npm pack @tensorflow/tfjs@${TENSORFLOW_JS}\`, then unpack). Put it next to \`index.html\`.
2. Serve this folder, for example with \`python3 -m http.server\`, and open the address that it names. Any static host
   works as well; the camera needs https or localhost.

## In your own page

\`\`\`html
<script src="tf.min.js"></script>
<script type="module">
  import { loadModel } from './predict.js';
  const model = await loadModel(tf);
  const predictions = await model.predict(document.querySelector('img'));
  console.log(predictions[0].class, predictions[0].probability);
</script>
\`\`\`

With a bundler: \`import * as tf from '@tensorflow/tfjs'\`, and give \`loadModel\` the address of this folder.

A model predicts what the page predicted only if it sees the same numbers. So leave the preparation to \`predict.js\`, or do
exactly what it does: take the centre square of the picture, or all of it if \`onthefly.json\` says \`"stretch"\`; make
it 224 x 224 by bilinear interpolation with the corners aligned; divide by 255. Transparency becomes white. Nothing
is mirrored.

## In Python

\`onthefly export\` makes a SavedModel, a TensorFlow Lite file or a Keras file. It takes the \`project.zip\` that the page's
Export writes, and the built site for its backbone:

\`\`\`sh
onthefly export project.zip --format saved_model --out model --site dist
\`\`\`

\`\`\`python
import json
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image, ImageOps


def to_input(path, size, fit):
    picture = ImageOps.exif_transpose(Image.open(path)).convert("RGBA")
    picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    picture = np.asarray(picture.convert("RGB"), np.float64)
    if fit == "crop":
        edge = min(picture.shape[:2])
        top, left = (picture.shape[0] - edge) // 2, (picture.shape[1] - edge) // 2
        picture = picture[top : top + edge, left : left + edge]
    for axis in (0, 1):
        place = np.arange(size) * (picture.shape[axis] - 1) / (size - 1)
        first = np.floor(place).astype(int)
        second = np.minimum(first + 1, picture.shape[axis] - 1)
        weight = (place - first).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
        picture = picture.take(first, axis) * (1 - weight) + picture.take(second, axis) * weight
    return (picture / 255).astype(np.float32)


about = json.loads(Path("model/onthefly.json").read_text("utf-8"))
model = tf.saved_model.load("model").signatures["serving_default"]
image = to_input("photo.jpg", **about["preprocess"])
probabilities = model(tf.constant(image[None]))["probabilities"].numpy()[0]
for name, probability in sorted(zip(about["classes"], probabilities), key=lambda pair: -pair[1]):
    print(f"{name}: {probability:.3f}")
\`\`\`
`;
