"""The notebook runs from its first cell to its last, with few steps, and is kept small, with its outputs."""

import os
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[1] / "examples" / "pix2pix.ipynb"


def test_it_is_small_and_shows_its_outputs():
    nbformat = pytest.importorskip("nbformat", reason="needs nbformat, from the extra dev")
    cells = [cell for cell in nbformat.read(NOTEBOOK, 4).cells if cell.cell_type == "code"]
    assert NOTEBOOK.stat().st_size < 1_000_000
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    types = [output.output_type for cell in cells for output in cell.outputs]
    assert "error" not in types
    assert types.count("display_data") >= 6


@pytest.mark.slow
def test_it_runs_as_it_is(tmp_path, monkeypatch):
    nbformat = pytest.importorskip("nbformat", reason="needs nbformat, from the extra dev")
    nbclient = pytest.importorskip("nbclient", reason="needs nbclient, from the extra dev")
    monkeypatch.setenv("NOTEBOOK_STEPS", "4")
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))  # The whole data set; other tests prepare a part of it.
    notebook = nbformat.read(NOTEBOOK, 4)
    folder = {"metadata": {"path": os.fspath(NOTEBOOK.parent)}}
    nbclient.NotebookClient(notebook, timeout=600, resources=folder).execute()
    last = "".join(output.get("text", "") for output in notebook.cells[-1].outputs)
    assert "largest distance from the run's own output: " in last
    assert int(last.rsplit(": ", 1)[1].split()[0]) <= 1
