"""One reader per layout, and the packed cache where all their pictures go."""
