"""The plan of the house: imports run one way, flags stay in scripts, docstrings, and what the wheel holds."""

import ast
import graphlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import pix2pix_tf

REPOSITORY = Path(__file__).parents[1]
PACKAGE = REPOSITORY / "pix2pix_tf"
FILES = sorted(PACKAGE.rglob("*.py"))

# A module imports only what stands above it.
ORDER = "errors utils model_paths presets sizes config_fields config_checks config runs cli hardware".split()
ORDER += "images sides array_files display grids color datasets".split()
ORDER += "palettes augment tasks losses networks data metrics translation".split()
ORDER += "training inference tiling folder_translation exporting evaluation reproduction".split()
ORDER += ["study", "serving", "interop", "comparison", "tools"]
# The same inside the packages whose files build on each other.
INNER_ORDER = {
    "utils": ["console", "atomic", "locks", "image_files", "json_files", "version_folders", "plain_paths"],
    "data": "split parallel values preflight layouts content joining folders pairing degradation pair_making".split()
    + "paired_archive tfrecords sources found_sides data_report pipeline".split(),
    "networks": ["small", "layers", "convolutions", "resnet", "generator", "discriminator", "fcn8s", "perceptual"],
    "study": "study_images protocol answers_file sessions fooling_rates participant_ids study_server".split(),
    "exporting": "decoding signatures recording replay card publication temporary tflite".split(),
    "reproduction": "experiments planning running paper_tables paper_figures reproduce".split(),
    "interop": ["pytorch_files", "weight_names", "architecture", "weights", "from_pytorch", "to_pytorch"],
    "training": [
        "adam",
        "devices",
        "loss_scale",
        "precision",
        "state",
        "weights_file",
        "checkpoint_files",
        "checkpoints",
        "ema",
        "initialization",
        "publishing",
        "schedules",
        "step",
        "totals",
        "stopping",
        "timing",
        "validation",
        "boards",
        "metrics_log",
        "loss_curves",
        "reporting",
        "loop",
    ],
}
MAY_HAVE_FLAGS = {"cli", "tools"}
DEFINITIONS = ast.FunctionDef | ast.ClassDef


def module_name(path):
    """`…/pix2pix_tf/data/sources.py` → `data.sources`; a package's `__init__.py` → its name."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in FILES if path.parent != PACKAGE or path.name != "__init__.py"}


def imports(path):
    """Dotted names of all that a file imports, in functions too; `from a import b` gives `a.b`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own_imports(path):
    """The modules of pix2pix_tf that a file imports, under the names of MODULES."""
    for name in imports(path):
        package, _, inner = name.partition(".")
        if package == "pix2pix_tf" and inner.startswith("datasets."):
            yield inner
        elif package == "pix2pix_tf" and inner:
            yield inner if inner in MODULES else inner.rpartition(".")[0]


@pytest.mark.parametrize("name", MODULES)
def test_imports_run_one_way(name):
    top, _, inner = name.partition(".")
    assert top in ORDER, f"give {top} its place in ORDER"
    for other in own_imports(MODULES[name]):
        other_top, _, other_inner = other.partition(".")
        assert ORDER.index(other_top) <= ORDER.index(top), f"{name} imports {other}"
        if other_top == top in INNER_ORDER and inner and other_inner:
            assert {inner, other_inner} <= set(INNER_ORDER[top]), f"give {name} and {other} their place in INNER_ORDER"
            assert INNER_ORDER[top].index(other_inner) < INNER_ORDER[top].index(inner), f"{name} imports {other}"


@pytest.mark.parametrize("name", ["training.loop", "inference"])
def test_training_and_inference_need_no_serving_messages(name):
    """Neither gRPC nor TensorFlow Serving's messages are imported, by the module or by what it imports."""
    waiting, reached = [name], set()
    while waiting:
        module = waiting.pop()
        if module in MODULES and module not in reached:
            reached.add(module)
            waiting += [*own_imports(MODULES[module]), module.rpartition(".")[0]]
    assert "training.checkpoints" in reached
    packages = {name.split(".")[0] for module in reached for name in imports(MODULES[module])}
    assert "tensorflow" in packages
    assert not packages & {"grpc", "tensorflow_serving", "starlette", "uvicorn"}


def test_no_import_leads_back():
    graphlib.TopologicalSorter({name: set(own_imports(path)) for name, path in MODULES.items()}).prepare()


def test_figures_are_drawn_without_pyplot():
    """It has one backend for the whole process, which in a notebook is the user's."""
    assert [name for name, path in MODULES.items() if "matplotlib.pyplot" in set(imports(path))] == []


@pytest.mark.parametrize("name", ["errors", "config", "cli"])
def test_what_stands_before_tensorflow_imports_little(name):
    before = set(ORDER[: ORDER.index("config") + 1])
    assert {other.split(".")[0] for other in own_imports(MODULES[name])} <= before


@pytest.mark.parametrize("path", sorted((REPOSITORY / "datasets").rglob("*.py")), ids=lambda path: path.stem)
def test_builders_import_each_other_and_what_they_share_only(path):
    others = {name for name in own_imports(path) if not name.startswith("datasets.")}
    assert others <= {"errors", "images", "color", "data.paired_archive"}


def test_flags_are_used_in_scripts_and_tools_only():
    users = {name for name, path in MODULES.items() if any(i.startswith("absl.flags") for i in imports(path))}
    assert {name.split(".")[0] for name in users} <= MAY_HAVE_FLAGS


@pytest.mark.parametrize("folder", ["pix2pix_tf", "datasets"])
def test_every_module_public_function_and_class_has_a_docstring(folder):
    missing = []
    for path in (REPOSITORY / folder).rglob("*.py"):
        tree = ast.parse(path.read_text())
        public = [
            node for node in tree.body if isinstance(node, DEFINITIONS) and not node.name.startswith(("_", "main"))
        ]
        missing += [
            f"{path.name}: {getattr(node, 'name', '')}" for node in (tree, *public) if not ast.get_docstring(node)
        ]
    assert [name for name in missing if name != "__init__.py: "] == []


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from a copy and without a network."""
    pytest.importorskip("setuptools")
    copy = tmp_path_factory.mktemp("wheel")
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, copy)
    for name in ("pix2pix_tf", "datasets"):
        shutil.copytree(REPOSITORY / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-index",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        "out",
        ".",
    ]
    subprocess.run(command, cwd=copy, check=True, capture_output=True)
    (path,) = (copy / "out").glob("*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_holds_all_source_and_the_builders_texts(wheel):
    names = set(wheel.namelist())
    for path in FILES:
        assert f"pix2pix_tf/{path.relative_to(PACKAGE)}" in names
    for path in (REPOSITORY / "datasets").rglob("*"):
        if path.suffix in (".py", ".md", ".bib", ".txt", ".tsv"):
            assert f"pix2pix_tf/datasets/{path.relative_to(REPOSITORY / 'datasets')}" in names
    assert {"pix2pix_tf/datasets/toy_facades/CITATIONS.bib", "pix2pix_tf/py.typed"} <= names


def test_the_wheel_takes_no_name_but_its_own(wheel):
    version = pix2pix_tf.__version__
    assert {name.split("/")[0] for name in wheel.namelist()} == {"pix2pix_tf", f"pix2pix_tf-{version}.dist-info"}
    assert f"\nVersion: {version}\n" in wheel.read(f"pix2pix_tf-{version}.dist-info/METADATA").decode()


def test_flags_of_paths_know_the_users_home():
    """A shell leaves the ~ of `--workdir=~/x` alone."""
    scripts = [*(PACKAGE / "tools").glob("*.py"), *(REPOSITORY / "benchmarks").glob("*.py")]
    text = "\n".join(path.read_text() for path in scripts)
    flags = re.findall(r'(define_\w+|DEFINE_\w+)\(\s*"(\w+)"', text)
    paths = {name for kind, name in flags if kind == "define_path"}
    assert len(paths) > 10
    assert [name for kind, name in flags if kind == "DEFINE_string" and name in paths | {"folder", "input"}] == []


@pytest.mark.parametrize("given, after", [({}, "1"), ({"TF_ENABLE_ONEDNN_OPTS": "0"}, "0")])
def test_environment_is_set_before_tensorflow_is_imported(given, after):
    """Keras' backend is this project's choice; oneDNN is on where it helps, unless the user said otherwise."""
    script = "import pix2pix_tf, os; print(os.environ['KERAS_BACKEND'], os.environ.get('TF_ENABLE_ONEDNN_OPTS'))"
    kept = {name: value for name, value in os.environ.items() if name != "TF_ENABLE_ONEDNN_OPTS"}
    environment = kept | {"KERAS_BACKEND": "torch"} | given
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    has_avx2 = " avx2 " in Path("/proc/cpuinfo").read_text()
    assert done.stdout.split() == ["tensorflow", after if has_avx2 or given else "None"]


@pytest.mark.parametrize("backend", ["tensorflow", "torch"])
def test_a_keras_json_of_other_settings_works_or_is_a_sentence(tmp_path, backend):
    settings = {"backend": backend, "image_data_format": "channels_first", "floatx": "float16", "epsilon": 1e-7}
    (tmp_path / ".keras").mkdir()
    (tmp_path / ".keras" / "keras.json").write_text(json.dumps(settings))
    script = (
        "import keras, pix2pix_tf as p; print(p.build_generator(p.Config(image_size=32, base_filters=1)).output_shape)"
    )
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    environment |= {"HOME": str(tmp_path), "KERAS_HOME": str(tmp_path / ".keras")}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    if backend == "tensorflow":
        assert done.stdout == "(None, 32, 32, 3)\n", done.stderr
    else:
        assert done.stderr.endswith("set KERAS_BACKEND=tensorflow, or import pix2pix_tf before keras.\n")


# The modules that docs/api.md names.
PUBLIC = (
    "color config errors exporting/__init__ images inference losses metrics networks/discriminator networks/generator"
)
PUBLIC += " serving/client training/loop training/step"


@pytest.mark.parametrize("name", PUBLIC.split())
def test_the_public_api_has_type_hints(name):
    tree = ast.parse((PACKAGE / f"{name}.py").read_text())
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name[0] != "_"]
    functions = [node for body in (tree, *classes) for node in body.body if isinstance(node, ast.FunctionDef)]
    missing = []
    for function in functions:
        arguments = [*function.args.args, *function.args.kwonlyargs]
        if function.name[0] != "_" and not (
            function.returns and all(one.annotation for one in arguments if one.arg not in ("self", "cls"))
        ):
            missing.append(function.name)
    assert not missing


ARIA = {f"aria-{name}" for name in ("describedby", "disabled", "hidden", "label", "labelledby")}


@pytest.mark.parametrize("page", sorted(PACKAGE.glob("*/page/*.html")), ids=lambda path: path.parents[1].name)
def test_what_pages_tell_screen_readers_is_spelled_right_and_leads_somewhere(page):
    text = page.read_text()
    assert set(re.findall(r"\b(aria-\w+)=", text)) <= ARIA
    for target in re.findall(r'\b(?:aria-labelledby|aria-describedby|for)="([^"]+)"', text):
        assert f'id="{target}"' in text
