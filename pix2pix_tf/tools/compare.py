"""Compares runs: python -m pix2pix_tf.tools.compare RUN RUN …

Prints a table of the settings in which the runs differ and of their numbers: the last validation, the time of a step,
and the FCN-score where tools.evaluate measured it. With --output=PAGE.html, one page shows the table and the newest
sample grids side by side.
"""

import os

from pix2pix_tf import cli
from pix2pix_tf.errors import UserError

_OUTPUT = cli.define_path("output", None, "HTML page that does not exist yet (default: the table only)")


def main(paths):
    from pix2pix_tf import comparison
    from pix2pix_tf.utils.atomic import write_text
    from pix2pix_tf.utils.markdown import table

    if _OUTPUT.value and os.path.exists(_OUTPUT.value):
        raise UserError(f"{_OUTPUT.value} exists, and nothing is overwritten; give another --output.")
    runs = [comparison.read_run(path) for path in paths]
    header, *rows = comparison.compare(runs)
    print(table(header, rows))
    if _OUTPUT.value:
        write_text(_OUTPUT.value, comparison.page(runs, [header, *rows]))
        print(f"written to {_OUTPUT.value}")


command = cli.command(main, takes_files=True)

if __name__ == "__main__":
    command()
