"""Wrong labels put on purpose, label files of others, decisions on labels."""
