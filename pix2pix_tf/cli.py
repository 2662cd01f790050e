"""What all command lines share: flags from Config, quiet start-up, one-sentence errors."""

import dataclasses
import functools
import math
import os
import select
import sys

from absl import flags, logging

from pix2pix_tf.config import Config
from pix2pix_tf.errors import UserError
from pix2pix_tf.utils import console
from pix2pix_tf.utils.quiet_start import start_tensorflow_quietly

flags.disclaim_key_flags()  # What is defined here belongs to the tool that asks for it, whose --help shows it.
_DEFINERS = {int: flags.DEFINE_integer, float: flags.DEFINE_float, bool: flags.DEFINE_bool}
_PATH_FIELDS = ("data_dir", "init_from", "vgg_weights")
_new_names = {}  # {old name of a flag: its new name}
WEIGHTS_HELP = "which weights of a run: raw ones; ema, their running average from --ema; or auto, ema where it is there"
SIZE_HELP = (
    "the size at which the network sees an image (the output always has the image's own size): training, that of "
    "training; own, the image's: more detail, but larger shapes than the network has learned; a number, the pixels of "
    "the shorter side; auto, own up to twice the training height and width, training above"
)


class _PathParser(flags.ArgumentParser):
    """A path, in which ~ and ~name stand for a home; a shell leaves them alone behind `--flag=`."""

    def parse(self, argument):
        return os.path.expanduser(argument)


def define_path(name: str, default: str | None, help_text: str, required: bool = False) -> flags.FlagHolder:
    """A flag that takes a path, as `flags.DEFINE_string`, with ~ for the user's home. Every path flag is one."""
    parser, serializer = _PathParser(), flags.ArgumentSerializer()
    return flags.DEFINE(parser, name, default, help_text, serializer=serializer, required=required)


def rename_flag(old: str, new: str) -> None:
    """Keeps a flag's old name working for one release.

    `rename_flag("data", "data_dir")`, after `--data_dir` is defined, lets `--data=x` mean `--data_dir=x`; `run` then
    prints a line that says so. `--help` does not show the old name.
    """
    flags.DEFINE_alias(old, new, module_name="old names")
    _new_names[old] = new


def define_config_flags(leave_out=(), only: list[str] = ()) -> list[str]:
    """One flag for each field of Config, or for some, of the same name → their names.

    Unset ones keep the field's default or preset.
    """
    names = only or [field.name for field in dataclasses.fields(Config) if field.name not in leave_out]
    for field in dataclasses.fields(Config):
        if field.name not in names:
            continue
        text = field.metadata["help"]
        if field.metadata["choices"]:
            text += ": " + ", ".join(str(choice) for choice in field.metadata["choices"])
        if field.default not in (None, ""):
            text += f" (default {field.default})"
        define = define_path if field.name in _PATH_FIELDS else _DEFINERS.get(field.type, flags.DEFINE_string)
        define(field.name, None, text)
    return names


def given_config_fields(names: list[str]) -> dict:
    """{field: value} of those Config flags of these names that the user set."""
    return {name: flags.FLAGS[name].value for name in names if flags.FLAGS[name].present}


def run(main, takes_files: bool = False) -> None:
    """Parses the flags and runs a tool; a UserError becomes one line and exit status 1.

    Args:
      main: called without arguments; with the list of what stands beside the flags, if `takes_files`.
      takes_files: whether the tool takes files beside its flags.
    """
    sys.stdout.reconfigure(errors="backslashreplace")  # No file name and no arrow ends a tool.
    closed = False
    try:
        try:
            _with_errors_as_sentences(main, _parse_flags(main, sys.argv), takes_files)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        closed = _output_is_closed()
        if not closed:
            raise
    if closed:  # By what reads it, such as `| head`: that is no error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more as it ends.
        sys.exit(1)


def command(main, takes_files: bool = False):
    """`run(main, takes_files)` as a function without arguments: a console command."""
    return functools.partial(run, main, takes_files)


def _with_errors_as_sentences(main, files, takes_files):
    message = None
    try:
        if files and not takes_files:
            raise UserError(f"Unexpected argument {files[0]!r}; settings are flags such as --steps=200, see --help.")
        if not flags.FLAGS.memory_growth:
            os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] = "false"
        logging.use_absl_handler()
        logging.set_verbosity(logging.WARNING)  # Libraries log their inner workings at INFO.
        start_tensorflow_quietly()
        main(files) if takes_files else main()
    except UserError as error:
        message = f"error: {error}"
    except KeyboardInterrupt:
        message = "interrupted"
    if message:  # Outside of the `except`, so that nothing keeps the error's frames alive while Python ends.
        sys.exit(message)


def _output_is_closed():
    """Whether nobody reads this process's output any more."""
    poll = select.poll()
    poll.register(sys.stdout, 0)  # Errors are reported always.
    return bool(poll.poll(0))


class _HelpFlag(flags.BooleanFlag):
    """`--help` prints what the tool does and its own flags, and ends with exit status 0."""

    def __init__(self, purpose):
        super().__init__("help", False, "show this help", short_name="h")
        self._purpose = purpose

    def parse(self, argument):
        del argument
        print(f"{self._purpose}\n\nFlags:{flags.FLAGS.main_module_help()}")
        sys.exit(0)


def _parse_flags(main, arguments):
    """Parses the flags → what stands beside them."""
    for flag in flags.FLAGS.flags_by_module_dict().get(main.__module__, []):  # A console command's are elsewhere.
        flags.FLAGS.register_key_flag_for_module(arguments[0], flag)
    if "help" not in flags.FLAGS:
        text = "take memory of a GPU as it is needed, not all of it at the start"
        flags.DEFINE_bool("memory_growth", True, text, module_name=arguments[0])
        flags.DEFINE_flag(_HelpFlag(main.__globals__["__doc__"].strip()), module_name=arguments[0])
    flags.FLAGS.set_gnu_getopt(True)  # Flags may stand behind files.
    try:
        files = flags.FLAGS(arguments)[1:]
    except flags.Error as error:
        reason = " ".join(str(error).split())
        sys.exit(f"error: {reason} (--help lists the flags)")
    for name in flags.FLAGS:
        if isinstance(value := flags.FLAGS[name].value, float) and not math.isfinite(value):
            sys.exit(f"error: --{name} must be a finite number. Received: {value}.")
    for old, new in _new_names.items():
        if flags.FLAGS[old].present:
            console.warn(f"--{old} is called --{new} now; the old name goes with the next release.")
    return files
