// TensorFlow.js on the GPU through WebGL.

import '@tensorflow/tfjs-backend-webgl';
import { serve } from '../main.js';

serve({ name: 'webgl' });
