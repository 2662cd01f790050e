"""What all command lines share: flags from Config, quiet start-up, one-sentence errors."""

import contextlib
import dataclasses
import os
import select
import sys
import tempfile

from absl import app, flags, logging

from pix2pix_tf.config import Config
from pix2pix_tf.errors import UserError

_DEFINERS = {int: flags.DEFINE_integer, float: flags.DEFINE_float, bool: flags.DEFINE_bool}


def define_config_flags(leave_out=()) -> None:
    """One flag for each field of Config, of the same name; unset ones keep the field's default or preset."""
    for field in dataclasses.fields(Config):
        if field.name in leave_out:
            continue
        text = field.metadata["help"]
        if field.metadata["choices"]:
            text += ": " + ", ".join(str(choice) for choice in field.metadata["choices"])
        if field.default not in (None, ""):
            text += f" (default {field.default})"
        _DEFINERS.get(field.type, flags.DEFINE_string)(field.name, None, text, module_name=sys.argv[0])


def given_config_fields(leave_out=()) -> dict:
    """{field: value} of the Config flags that the user set."""
    names = [field.name for field in dataclasses.fields(Config) if field.name not in leave_out]
    return {name: flags.FLAGS[name].value for name in names if flags.FLAGS[name].present}


def run(main, takes_files: bool = False) -> None:
    """Runs a tool after its flags are parsed; a UserError becomes one line and exit status 1.

    Args:
      main: called without arguments; with the list of what stands beside the flags, if `takes_files`.
      takes_files: whether the tool takes files beside its flags.
    """

    def with_errors_as_sentences(arguments):
        files, message = arguments[1:], None
        try:
            if files and not takes_files:
                raise UserError(
                    f"Unexpected argument {files[0]!r}; settings are flags such as --steps=200, see --help."
                )
            logging.set_verbosity(logging.WARNING)  # Libraries tell of their inner workings at INFO.
            _start_tensorflow_quietly()
            main(files) if takes_files else main()
        except UserError as error:
            message = f"error: {error}"
        except KeyboardInterrupt:
            message = "interrupted"
        if message:  # Outside of the `except`, so that nothing keeps the error's frames alive while Python ends.
            sys.exit(message)

    closed = False
    try:
        try:
            app.run(with_errors_as_sentences, flags_parser=_parse_flags)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        closed = _output_is_closed()
        if not closed:
            raise
    if closed:  # By what reads it, such as `| head`: that is no error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more as it ends.
        sys.exit(1)


def _output_is_closed():
    """Whether nobody reads this process's output any more."""
    poll = select.poll()
    poll.register(sys.stdout, 0)  # Errors are reported always.
    return bool(poll.poll(0))


def _parse_flags(arguments):
    flags.FLAGS.set_gnu_getopt(True)  # Flags may stand behind files.
    try:
        return flags.FLAGS(arguments)
    except flags.Error as error:
        reason = " ".join(str(error).split())
        sys.exit(f"error: {reason} (--help lists the flags)")


def _start_tensorflow_quietly():
    """Imports TensorFlow without the lines that it writes to stderr before its log level counts."""
    with _stderr_kept_back():
        import tensorflow as tf

        tf.config.list_physical_devices()


@contextlib.contextmanager
def _stderr_kept_back():
    """Keeps the process's stderr, that of C++ code too, in a file, and shows it only if the block fails."""
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as kept:
        os.dup2(kept.fileno(), 2)
        try:
            yield
        except BaseException:
            kept.seek(0)
            os.write(terminal, kept.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
