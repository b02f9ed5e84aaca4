// TensorFlow.js on the GPU through WebGL.

import '@tensorflow/tfjs-backend-webgl';
import * as tf from '@tensorflow/tfjs-core';
import { serve } from '../main.js';

serve({
  name: 'webgl',

  device() {
    const { gpgpu } = /** @type {import('@tensorflow/tfjs-backend-webgl').MathBackendWebGL} */ (tf.backend());
    const { gl } = gpgpu;
    const lost = new Promise((resolve) => {
      gl.canvas.addEventListener('webglcontextlost', resolve, { once: true });
    });
    return { lost, isLost: () => gl.isContextLost() };
  },
});
