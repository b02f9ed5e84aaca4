// TensorFlow.js on the GPU through WebGL.

import '@tensorflow/tfjs-backend-webgl';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import * as tf from '@tensorflow/tfjs-core';
import { serve } from '../main.ts';

serve({
  name: 'webgl',

  device() {
    const { gpgpu } = tf.backend() as MathBackendWebGL;
    const { gl } = gpgpu;
    const lost = new Promise((resolve) => {
      gl.canvas.addEventListener('webglcontextlost', resolve, { once: true });
    });
    return { lost, isLost: () => gl.isContextLost() };
  },
});
