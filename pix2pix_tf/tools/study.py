"""The paper's study with people (section 4.1): which of two images, seen for one second, is the fake?

    python -m pix2pix_tf.tools.study --real=photos --fake=cgan:out/cgan --fake=l1:out/l1 --answers=study
    python -m pix2pix_tf.tools.study --answers=study --report

The first serves the page that participants open; docs/study.md tells how to run a study. The second may be given while
the first runs.
"""

import os

from absl import flags

from pix2pix_tf import cli
from pix2pix_tf.errors import UserError

_REAL = cli.define_path("real", None, "folder of the real images")
_FAKE = flags.DEFINE_multi_string("fake", [], "NAME:DIR, an algorithm and the folder of its images; may be repeated")
_ANSWERS = cli.define_path(
    "answers", None, "a .jsonl file, or a folder for one; a study that is there is continued", required=True
)
_SAME_INPUT = flags.DEFINE_bool(
    "same_input",
    False,
    "show each fake beside the real image of the same name, as the paper does for colorization; "
    "otherwise always beside one of another name",
)
_PRACTICE = flags.DEFINE_integer("practice", 10, "how many trials come first, for practice, with feedback", 0)
_TRIALS = flags.DEFINE_integer("trials", 40, "how many trials count, without feedback", 2)
_HOST = flags.DEFINE_string("host", "127.0.0.1", "address to listen on; 0.0.0.0 lets other machines in")
_ALLOW_HOST = flags.DEFINE_multi_string(
    "allow_host", [], "a host name to answer to, beside those of this machine; may be repeated; * for any"
)
_PORT = flags.DEFINE_integer("port", 8000, "port to listen on; 0 takes a free one", 0, 65535)
_REPORT = flags.DEFINE_bool("report", False, "print the results, and write table, JSON and plot beside the answers")


def main():
    answers = _ANSWERS.value
    if not answers.endswith(".jsonl"):
        answers = os.path.join(answers, "answers.jsonl")
    if _REPORT.value:
        from pix2pix_tf.study.fooling_rates import write_report

        print(write_report(answers), end="")
        return
    if not _REAL.value or not _FAKE.value:
        raise UserError("A study needs --real=DIR and at least one --fake=NAME:DIR; --report needs only --answers.")
    run_study(answers)


def run_study(path):
    """Serves a study whose answers go to the file `path`, until Ctrl-C."""
    from pix2pix_tf.study import study_server
    from pix2pix_tf.study.answers_file import open_answers
    from pix2pix_tf.study.sessions import Sessions
    from pix2pix_tf.study.study_images import open_study_images, parse_fakes

    fakes = parse_fakes(_FAKE.value)
    study_images = open_study_images(_REAL.value, fakes, _SAME_INPUT.value, _PRACTICE.value + _TRIALS.value)
    settings = {
        "real": os.path.abspath(_REAL.value),
        "fake": {name: os.path.abspath(folder) for name, folder in fakes.items()},
        "same_input": _SAME_INPUT.value,
        "practice": _PRACTICE.value,
        "trials": _TRIALS.value,
        "fingerprint": study_images.fingerprint(),
    }
    with open_answers(path, settings) as answers:
        study_server.serve(Sessions(answers, study_images), _HOST.value, _PORT.value, _ALLOW_HOST.value)
    print(f"stopped; all answers are in {path}")


command = cli.command(main)

if __name__ == "__main__":
    command()
