"""The model's graph: read and written, rewritten for every backend, made smaller, planned and checked."""
