"""Sessions: what was read, kept in a folder that survives a crash. No Qt, no network needed."""
