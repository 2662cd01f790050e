"""The versions of a model: which one is served, and how a new one takes its place."""

import contextlib
import dataclasses
import sys
import threading

from grpc import StatusCode
from tensorflow_serving.apis.get_model_status_pb2 import GetModelStatusResponse, ModelVersionStatus

from pix2pix_tf.errors import UserError
from pix2pix_tf.model_paths import check_regular, read_card
from pix2pix_tf.serving import memory
from pix2pix_tf.serving.refusals import Refused
from pix2pix_tf.serving.saved_model import SavedModel
from pix2pix_tf.utils.tf_errors import sentence_of
from pix2pix_tf.utils.version_folders import version_folders

POLL_SECONDS = 1


@dataclasses.dataclass(eq=False)
class Version:
    """A version in memory.

    Attributes:
      number: the name of its folder.
      model: what is asked.
      card: its model card, {} if it has none.
      users: the requests that are using it.
    """

    number: int
    model: SavedModel
    card: dict
    users: int = 0


class ModelVersions:
    """A model's folder, of whose versions the newest is served.

    Another version is loaded and warmed up beside the present one and takes its place between two requests; the
    present one is unloaded when its last request is answered. As in TensorFlow Serving, versions are folders named by
    an integer, and removing the newest one is going back to the one before.

    Attributes:
      serving: the version that is served now; None until the first `refresh`.
    """

    def __init__(self, name: str, base: str):
        """`name` is what clients call the model, `base` its folder; UserError if that holds no version."""
        if not version_folders(base):
            raise UserError(
                f"{base} holds no version of a model; make one with python export.py --model=RUN --export_dir={base}"
            )
        self.name, self.base = name, base
        self.serving = None
        self._statuses = {}  # {number: ModelVersionStatus}
        self._failed = {}  # {number: state of its folder} of what could not be loaded
        self._changed = threading.Condition()

    def refresh(self) -> bool:
        """Serves the newest version of the folder that can be loaded; returns whether that is another one than before.

        A version that cannot be loaded is tried again when its folder has changed.

        Raises:
          UserError: a version cannot be loaded, and no other one took over; the present one, if any, is still served.
        """
        failures = []
        for number, folder in version_folders(self.base).items():
            if self.serving and number == self.serving.number:
                break
            state = _state(folder)
            if self._failed.get(number, ()) == state:
                continue
            try:
                self._take_over(number, folder)
            except Exception as error:  # A damaged export may fail anywhere.
                self._failed[number] = state
                reason = sentence_of(error)
                self._set_status(number, ModelVersionStatus.END, reason)
                failures.append(f"version {number} in {self.base} cannot be loaded ({reason})")
            else:
                for failure in failures:
                    print(f"{failure}; version {number} is served", file=sys.stderr, flush=True)
                return True
        if failures:
            raise UserError(failures[0])
        return False

    def _take_over(self, number, folder):
        self._set_status(number, ModelVersionStatus.LOADING)
        check_regular(folder)
        card = read_card(folder)  # First: if it is damaged, no model is left loaded.
        new = Version(number, SavedModel(str(folder)), card)
        with self._changed:
            old, self.serving = self.serving, new
            self._set_status(number, ModelVersionStatus.AVAILABLE)
        if old:
            self._unload(old)

    @contextlib.contextmanager
    def watched(self):
        """Within the block, a thread refreshes once a second, prints a line on what happens, and gives memory back."""
        ended = threading.Event()

        def watch():
            while not ended.wait(POLL_SECONDS):
                with contextlib.suppress(OSError):  # Of a terminal that was closed, or of a network disk.
                    try:
                        if self.refresh():
                            print(f"version {self.serving.number} is served now", flush=True)
                    except UserError as error:
                        print(f"{error}; version {self.serving.number} is still served", file=sys.stderr, flush=True)
                memory.give_back()

        thread = threading.Thread(target=watch, name="watch")
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def close(self) -> None:
        """Ends what is being asked, at once, and unloads the model."""
        self.serving.model.close()

    @contextlib.contextmanager
    def use(self, name: str, number: int | None = None):
        """The `Version` that a request asks for, which stays loaded within the block; None is the newest.

        Raises:
          Refused: there is no such model or version.
        """
        with self._changed:
            version = self.serving
            if name != self.name:
                raise Refused(StatusCode.NOT_FOUND, f"model {name!r} does not exist; {self.name!r} is served here")
            if number not in (None, version.number):
                raise Refused(
                    StatusCode.NOT_FOUND, f"version {number} of {name} is not served; version {version.number} is"
                )
            version.users += 1
        try:
            yield version
        finally:
            with self._changed:
                version.users -= 1
                self._changed.notify_all()

    def status(self, name: str, number: int | None = None) -> GetModelStatusResponse:
        """The state of a version, or of all since the server was started, the newest first.

        Raises:
          Refused: there is no such model or version.
        """
        with self._changed:
            statuses = [self._statuses[known] for known in sorted(self._statuses, reverse=True)]
        if name != self.name:
            raise Refused(StatusCode.NOT_FOUND, f"model {name!r} does not exist; {self.name!r} is served here")
        wanted = [status for status in statuses if number in (None, status.version)]
        if not wanted:
            raise Refused(StatusCode.NOT_FOUND, f"version {number} of {name} is not known")
        return GetModelStatusResponse(model_version_status=wanted)

    def _set_status(self, number, state, error=""):
        status = {"error_code": "UNKNOWN" if error else "OK", "error_message": error}
        with self._changed:
            self._statuses[number] = ModelVersionStatus(version=number, state=state, status=status)

    def _unload(self, version):
        self._set_status(version.number, ModelVersionStatus.UNLOADING)
        with self._changed:
            self._changed.wait_for(lambda: not version.users)
        version.model.close()
        self._set_status(version.number, ModelVersionStatus.END)


def _state(folder):
    """Something that changes when a file in `folder` does."""
    with contextlib.suppress(OSError):  # It is being moved or removed.
        return sorted((str(path), path.stat().st_mtime_ns) for path in folder.rglob("*"))
