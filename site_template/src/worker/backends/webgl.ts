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
    // It is there, though TypeScript's types of a worker leave it out.
    const { canvas } = gl as WebGLRenderingContext & { canvas: OffscreenCanvas };
    const lost = new Promise((resolve) => {
      canvas.addEventListener('webglcontextlost', resolve, { once: true });
    });
    return { lost, isLost: () => gl.isContextLost() };
  },
});
