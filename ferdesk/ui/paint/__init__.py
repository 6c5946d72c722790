"""Drawing: overlay, icons, colours, annotated pictures."""
