"""Images made by programs: textures, objects, figures in rooms. Nothing here reads a photograph."""
