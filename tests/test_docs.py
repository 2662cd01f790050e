"""README and docs/: the first commands, the flags and the links that they name exist. Nothing here needs TensorFlow."""

import dataclasses
import re
from pathlib import Path

import pytest

import pix2pix_tf
from pix2pix_tf import Config

REPOSITORY = Path(__file__).parents[1]
README = REPOSITORY / "README.md"
PAGES = [README, REPOSITORY / "CONTRIBUTING.md", REPOSITORY / "serving" / "README.md"]
PAGES += sorted(REPOSITORY.glob("docs/**/*.md"))
PAGES_BY_NAME = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
FIELDS = {field.name for field in dataclasses.fields(Config)}
TOOL = re.compile(r"pix2pix_tf\.tools\.(\w+)|\bpix2pix-([\w-]+)|python (train|export)\.py|python (benchmarks/\w+\.py)")


def commands(page):
    """The commands in a page's shell blocks, one string each; lines that end with a backslash are joined."""
    blocks = re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL)
    return [re.sub(r"(^|\s+)#.*", "", line) for block in blocks for line in block.replace("\\\n", " ").splitlines()]


def test_the_first_two_commands_of_the_readme_are_those_that_ci_runs():
    run = (REPOSITORY / ".ci" / "run").read_text()
    assert commands(README)[:2] == [re.search(rf"^{name}='(.*)'$", run, re.MULTILINE)[1] for name in ("train", "test")]


def test_the_files_that_ci_names_exist():
    lists = re.findall(r"\(tests/test_\{(.*)\}\.py\)", (REPOSITORY / ".ci" / "run").read_text())
    assert len(lists) == 2
    for name in ",".join(lists).split(","):
        assert (REPOSITORY / "tests" / f"test_{name}.py").is_file(), name


def test_the_readme_is_short_and_its_commands_stay_inside_the_repository():
    assert len(README.read_text().splitlines()) <= 140
    for page in PAGES:
        if "results" not in page.parts:
            assert [line for line in commands(page) if "../" in line] == [], page


@PAGES_BY_NAME
def test_every_link_leads_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE)
            anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in anchors, target


def flags_of(command):
    """The flags that the tool in a command knows; None if it is none of ours."""
    named = TOOL.search(command)
    if not named:
        return None
    tool, console, script, benchmark = named.groups()
    name = tool or script or (console or "").replace("-", "_")
    source = (REPOSITORY / (benchmark or f"pix2pix_tf/tools/{name}.py")).read_text()
    known = set(re.findall(r"(?:DEFINE_\w+|define_path|rename_flag)\(\s*\"(\w+)\"", source)) | {"help"}
    if chosen := re.search(r"define_config_flags\(\s*only=\[(.*?)\]", source):
        return known | set(re.findall(r"\w+", chosen[1]))
    return known | FIELDS if "define_config_flags" in source else known


@PAGES_BY_NAME
def test_every_flag_of_a_command_exists(page):
    for command in commands(page):
        known = flags_of(command)
        for flag in re.findall(r" --(\w+)", command.split(" && pytest")[0]) if known else []:
            assert flag in known or flag.removeprefix("no") in known, command


def test_every_setting_is_on_the_page_of_flags():
    text = (REPOSITORY / "docs" / "flags.md").read_text()
    assert sorted(name for name in FIELDS if f"`--{name}`" not in text) == []


def test_every_public_name_is_on_the_page_of_the_api():
    text = (REPOSITORY / "docs" / "api.md").read_text()
    assert [name for name in pix2pix_tf.__all__ if not re.search(rf"\b{name}\b", text)] == []
