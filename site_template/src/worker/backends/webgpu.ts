// TensorFlow.js on the GPU through WebGPU.

import '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import { serve } from '../main.js';

serve({
  name: 'webgpu',

  device() {
    const { device } = /** @type {import('@tensorflow/tfjs-backend-webgpu').WebGPUBackend} */ (tf.backend());
    let isLost = false;
    const lost = device.lost.then(() => {
      isLost = true;
    });
    return { lost, isLost: () => isLost };
  },
});
