"""Pictures to look at, in one PNG."""
