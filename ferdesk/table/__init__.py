"""The tidy table of readings: its columns, a face's values in them, and how they are written."""
