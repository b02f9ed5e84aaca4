// Runs a model folder with TensorFlow.js as published, none of our loader:
//
//   node stock.cjs MODEL_DIR IMAGES OUT [SIZE]
//
// IMAGES is raw float32 [n, SIZE, SIZE, 3], SIZE 224 unless given; OUT gets raw float32 [n, F].

const fs = require('node:fs');
const path = require('node:path');

const from = require('node:module').createRequire(path.join(__dirname, '../../site_template/package.json'));
const tf = from('@tensorflow/tfjs-core');
from('@tensorflow/tfjs-backend-cpu');
const { loadGraphModel } = from('@tensorflow/tfjs-converter');

const [folder, images, out, edge = '224'] = process.argv.slice(2);
const size = Number(edge);
const bytes = (file) => Uint8Array.from(fs.readFileSync(file)).buffer;

(async () => {
  const { modelTopology, weightsManifest, signature } = JSON.parse(fs.readFileSync(path.join(folder, 'model.json')));
  const shards = weightsManifest.flatMap(({ paths }) => paths.map((name) => fs.readFileSync(path.join(folder, name))));
  const model = await loadGraphModel({
    load: async () => ({
      modelTopology,
      signature,
      weightSpecs: weightsManifest.flatMap(({ weights }) => weights),
      weightData: Uint8Array.from(Buffer.concat(shards)).buffer,
    }),
  });
  const pixels = new Float32Array(bytes(images));
  const input = tf.tensor4d(pixels, [pixels.length / (size * size * 3), size, size, 3]);
  const features = await model.execute(input).data();
  fs.writeFileSync(out, new Uint8Array(features.buffer));
})();
