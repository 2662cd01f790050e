"""What the tests of data, training and the command line share: drawn images, a tiny Config, train.py as a process."""

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pix2pix_tf import Config

# TensorFlow and TFDS read these when they are imported, which nothing above does.
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
_tfds_folder = tempfile.TemporaryDirectory(prefix="tfds-")
os.environ["TFDS_DATA_DIR"] = _tfds_folder.name

REPOSITORY = Path(__file__).parents[1]
GREEN = {"A": 60, "B": 200}


def _half(number, side, size):
    """One color: its red tells the number of the pair, its green tells the half."""
    return np.full((*size, 3), (10 * number, GREEN[side], 90), np.uint8)


@pytest.fixture(scope="session", autouse=True)
def signals_count():
    """Where the tests are started with signals ignored, as by a script's `&` or nohup, they take them again."""
    for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, handler)


@pytest.fixture
def draw(tmp_path):
    """draw("train", [0, 1], "A") writes halves A of pairs 0 and 1 below the data folder, whose path it returns."""
    root = tmp_path / "images"
    root.mkdir()

    def draw(folder, numbers, sides="AB", ending="png", size=(32, 32)):
        for number in numbers:
            path = root / folder / f"{number:02}.{ending}"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.concatenate([_half(number, side, size) for side in sides], axis=1)).save(path)
        return str(root)

    return draw


@pytest.fixture(scope="session")
def recognize():
    """An image of `draw`, as an array in [0, 255] → its number and half, such as "3B"."""

    def recognize(image):
        red, green, _ = np.mean(image, axis=(0, 1))
        side = next((side for side, value in GREEN.items() if abs(green - value) < 3), "?")
        return f"{round(red / 10)}{side}"

    return recognize


@pytest.fixture(scope="session")
def textured_pairs(tmp_path_factory):
    """A folder of 7 + 2 side-by-side pairs of smooth random texture, 32x32 each; nobody writes to it."""
    root = tmp_path_factory.mktemp("textured")
    rng = np.random.default_rng(0)
    for name in (*(f"train/{i}.png" for i in range(7)), *(f"val/{i}.png" for i in range(2))):
        path = root / name
        path.parent.mkdir(exist_ok=True)
        coarse = rng.integers(0, 256, (4, 8, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((64, 32), Image.Resampling.BICUBIC).save(path)
    return str(root)


@pytest.fixture
def tiny(textured_pairs):
    """tiny(steps=3): a Config that trains in a moment, 3 batches of 2 and one pair left over an epoch."""

    def tiny(**changes):
        small = {"image_size": 32, "base_filters": 2, "receptive_field": 16, "batch_size": 2, "steps": 4}
        return Config(**{"data_dir": textured_pairs, **small, **changes})

    return tiny


@pytest.fixture(scope="session")
def untrained_run(tmp_path_factory):
    """untrained_run(task=…): the directory of a tiny run with the weights that training starts from, as step 1.

    It is made once for each configuration, and nobody writes to it.
    """
    from untrained_runs import write_run

    made = {}

    def untrained_run(**fields):
        config = Config(**{"image_size": 32, "base_filters": 2, "receptive_field": 16, "steps": 1} | fields)
        if config not in made:
            made[config] = write_run(str(tmp_path_factory.mktemp("run")), config)
        return made[config]

    return untrained_run


@pytest.fixture(scope="session")
def toy_facades():
    """toy_facades, prepared by TFDS with 3 + 2 + 1 pairs instead of 606; returns its builder module."""
    from pix2pix_tf.data.sources import open_source
    from pix2pix_tf.datasets.toy_facades import toy_facades_dataset_builder as module

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "SEEDS", {"train": range(3), "val": range(10_000, 10_002), "test": range(20_000, 20_001)})
        open_source(Config(dataset="toy_facades"))
    return module


@pytest.fixture
def full_disk():
    """full_disk(100): a context in which no file grows beyond so many bytes, as where the disk is full."""

    @contextlib.contextmanager
    def full_disk(size):
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    return full_disk


@pytest.fixture
def start_train_py(tmp_path):
    """Starts the real train.py in an empty folder; returns its Popen, whose output and errors are text pipes."""
    where = tmp_path / "cwd"
    where.mkdir()
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    processes = []

    def start(*arguments, python_flags=()):
        command = [sys.executable, *python_flags, str(REPOSITORY / "train.py"), *arguments]
        pipe = subprocess.PIPE
        processes.append(subprocess.Popen(command, cwd=where, env=environment, stdout=pipe, stderr=pipe, text=True))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def run_train_py(start_train_py):
    """Runs the real train.py to its end: arguments → (exit status, output, errors)."""

    def run(*arguments, **options):
        process = start_train_py(*arguments, **options)
        output, errors = process.communicate(timeout=120)  # One that hangs shall fail.
        return process.returncode, output, errors

    return run


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    """A headless Chromium, driven by Selenium; skips where Debian's chromium and chromium-driver are absent."""
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not browser or not driver:
        pytest.skip("needs Debian's packages chromium and chromium-driver")
    webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium, from the extra dev")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for switch in (
        "headless=new",
        "no-sandbox",  # Chromium refuses to start as root with it.
        "disable-gpu",
        "disable-dev-shm-usage",
        "window-size=1200,900",
        "no-first-run",
        "disable-background-networking",
        "disable-component-update",
        "disable-sync",
        f"user-data-dir={tmp_path_factory.mktemp('chromium')}",
    ):
        options.add_argument(f"--{switch}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    running = webdriver.Chrome(options, webdriver.ChromeService(driver))
    yield running
    running.quit()


@pytest.fixture(scope="session")
def artifacts():
    """The folder that tests leave screenshots in: $TEST_ARTIFACTS, or .artifacts/ of the repository."""
    folder = Path(os.environ.get("TEST_ARTIFACTS", REPOSITORY / ".artifacts"))
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(autouse=True)
def global_seed_is_left_alone():
    """Takes back TensorFlow's global seed if a test has set it, because tf.data's shuffles mix it in.

    Only then: setting it also throws away all kernels, which the next test would have to prepare anew.
    """
    yield
    tf = sys.modules.get("tensorflow")
    with contextlib.suppress(RuntimeError):  # Under op determinism, "no seed" is an error of get_seed.
        if tf and tf.compat.v1.get_seed(None) != (None, None):
            tf.random.set_seed(None)
