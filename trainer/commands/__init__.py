"""One module per command of ``python -m trainer``: its arguments, and what it does with them."""
