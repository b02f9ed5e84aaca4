// TensorFlow.js on the GPU through WebGPU.

import '@tensorflow/tfjs-backend-webgpu';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import { serve } from '../main.ts';

serve({
  name: 'webgpu',

  device() {
    const { device } = tf.backend() as WebGPUBackend;
    let isLost = false;
    const lost = device.lost.then(() => {
      isLost = true;
    });
    return { lost, isLost: () => isLost };
  },
});
