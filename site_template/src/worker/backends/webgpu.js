// TensorFlow.js on the GPU through WebGPU.

import '@tensorflow/tfjs-backend-webgpu';
import { serve } from '../main.js';

serve({ name: 'webgpu' });
