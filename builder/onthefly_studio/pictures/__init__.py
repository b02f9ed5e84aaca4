"""Pictures from people's files, as a browser shows them."""
