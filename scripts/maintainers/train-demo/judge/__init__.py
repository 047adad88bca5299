"""Names the things in pictures and counts what is right."""
