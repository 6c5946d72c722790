"""The one error type that is meant to be read by the person at the screen."""


class FerdeskError(Exception):
    """Something a user can understand and act on.

    ``str(error)`` is one sentence: what is wrong, where, and what to do. The window shows it as
    it is; the command line prints it to stderr and exits with a code other than 0. Programming
    errors must not be wrapped in it.
    """
