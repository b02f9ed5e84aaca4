"""The backbone: found or fetched (obtain), turned into a TensorFlow.js graph (convert), run (check)."""
