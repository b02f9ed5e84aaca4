// TensorFlow.js in plain JavaScript: slow, and there for browsers that have nothing else.

import '@tensorflow/tfjs-backend-cpu';
import { serve } from '../main.ts';

serve({ name: 'cpu' });
