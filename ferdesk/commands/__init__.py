"""The commands of ``ferdesk``, one module each."""
