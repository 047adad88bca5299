"""A leg's time: steps, compiling beside them, what is carried home."""
