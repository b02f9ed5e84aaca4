"""What a visitor exports, `project.zip`: read, written, verified and used. Specified in docs/formats.md."""
