"""The child process: how long native TFLite takes on one thread, as a line of JSON with milliseconds.

python -m bench.native_child MODEL.tflite COUNT
"""

from __future__ import annotations

import json
import sys
import time


def main(model: str, count: int) -> None:
    """Run the model `count` times and print each time."""
    import numpy as np
    import tensorflow as tf

    interpreter = tf.lite.Interpreter(model, num_threads=1)
    interpreter.allocate_tensors()
    index = interpreter.get_input_details()[0]["index"]
    image = np.random.default_rng(1).random((1, 224, 224, 3), np.float32)
    times = []
    for _ in range(count + 5):
        begin = time.perf_counter()
        interpreter.set_tensor(index, image)
        interpreter.invoke()
        interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
        times.append((time.perf_counter() - begin) * 1000)
    print(json.dumps(times[5:]))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
