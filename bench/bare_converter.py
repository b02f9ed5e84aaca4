"""`tensorflowjs_converter`, without the packages that it imports and a graph does not need.

The command itself does not start without decision forests and JAX. It is quicker without them than with
them, so what is compared with it has the harder comparison.
"""

from __future__ import annotations

from onthefly_studio.tensorflow import placeholders

if __name__ == "__main__":
    placeholders.install()
    from tensorflowjs.converters.converter import pip_main

    pip_main()
