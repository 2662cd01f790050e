"""The one exception that is shown to a user without a traceback."""


class UserError(ValueError):
    """A mistake in what a user asked for: a flag, a file, a folder, a run directory.

    Its message is one sentence that says what was wrong (with the path or the value), what is
    allowed and what to do. `pix2pix_tf.cli.run` prints it and exits with status 1.
    """
