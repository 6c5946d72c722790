"""One run: data, loop, state, progress, folder."""
