"""What imports TensorFlow: run in a child process only (`process.py`), or every command would wait for it."""
