// LiteRT.js: the backbone as TFLite on its wasm runtime.

/** @returns {Promise<object>} */
export async function start() {
  const { loadAndCompile, loadLiteRt, Tensor } = await import('/npm/@litertjs/core/dist/index.js');
  await loadLiteRt('/npm/@litertjs/core/wasm/');
  const model = await loadAndCompile('/models/model.tflite', {
    accelerator: 'wasm',
  });

  async function run({ floats }) {
    const input = new Tensor(floats, [1, 224, 224, 3]);
    const [output] = await model.run(input);
    input.delete();
    const values = output.toTypedArray().slice();
    output.delete();
    return values;
  }
  return { run, first: () => run({ floats: new Float32Array(224 * 224 * 3) }) };
}
