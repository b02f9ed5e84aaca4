// ONNX Runtime Web: the backbone as ONNX on its wasm runtime, one thread.

/** @returns {Promise<object>} */
export async function start() {
  const ort = await import('/npm/onnxruntime-web/dist/ort.wasm.min.mjs');
  ort.env.wasm.wasmPaths = '/npm/onnxruntime-web/dist/';
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create('/models/model.onnx', {
    executionProviders: ['wasm'],
  });
  const [name] = session.inputNames;

  async function run({ floats }) {
    const output = await session.run({
      [name]: new ort.Tensor('float32', floats, [1, 224, 224, 3]),
    });
    return output[session.outputNames[0]].data;
  }
  return { run, first: () => run({ floats: new Float32Array(224 * 224 * 3) }) };
}
