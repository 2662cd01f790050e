"""Which image files a folder holds, and which of several folders belong together."""

import os

EXTENSIONS = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff")


def list_images(folder: str, subfolders: bool = True, leave_out: tuple[str, ...] = ()) -> list[str]:
    """The image files below a folder by their paths in it, sorted; hidden files and folders are left out.

    Links to folders are followed after all real folders, and no folder is entered twice, so that each file is listed
    once, also where a link leads to a folder above.

    Args:
      folder: where to look.
      subfolders: whether its subfolders are searched too.
      leave_out: names of subfolders directly in `folder` that are not searched.
    """
    folder = os.fspath(folder)
    found, entered, waiting = [], set(), [folder]
    while waiting:
        for where, folders, files in os.walk(waiting.pop(0)):
            real = os.path.realpath(where)
            if real in entered:
                folders.clear()
                continue
            entered.add(real)
            names = [name for name in files if name.lower().endswith(EXTENSIONS) and not name.startswith(".")]
            found += [os.path.relpath(os.path.join(where, name), folder) for name in names]
            skipped = leave_out if where == folder else ()
            inner = [name for name in folders if subfolders and not name.startswith(".") and name not in skipped]
            folders[:] = sorted(inner)
            paths = [os.path.join(where, name) for name in folders]
            waiting += [path for path in paths if os.path.islink(path)]
    return sorted(found)


def match_by_stem(*lists: list[str]) -> dict[str, tuple[list[str], ...]]:
    """Lists of paths → {path without its ending: (its paths in the first list, in the second, …)}, sorted."""
    matched = {}
    for place, paths in enumerate(lists):
        for path in paths:
            matched.setdefault(os.path.splitext(path)[0], tuple([] for _ in lists))[place].append(path)
    return dict(sorted(matched.items()))
