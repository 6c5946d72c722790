"""One reader a layout, and the packed cache they all end in."""
