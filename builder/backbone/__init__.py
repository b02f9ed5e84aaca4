"""The backbone: found or fetched (sources), turned into a TensorFlow.js graph (convert), run (check)."""
