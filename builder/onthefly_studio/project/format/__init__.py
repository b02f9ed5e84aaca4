"""`project.zip` as bytes and JSON: its schemas and bounds, reading whatever anybody made, writing."""
