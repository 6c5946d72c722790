"""`ferdesk analyze`: every frame of a source through the same `Analyzer` as the window's."""
