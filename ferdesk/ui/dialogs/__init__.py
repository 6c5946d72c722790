"""Windows that come up over the main window. None of them blocks the event loop."""
