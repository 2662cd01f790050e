"""The paper's settings for each of its data sets (appendix 6.2)."""

# Paper, appendix 6.2. `a` is the left half of the authors' images and `b` the right one.
_JITTER_AND_MIRROR = {"jitter_size": None, "mirror": True}
_NO_AUGMENTATION = {"jitter_size": 0, "mirror": False}
_CITYSCAPES = {
    "dataset": "pix2pix_cityscapes",
    "direction": "b_to_a",
    "epochs": 200,
    "batch_size": 1,
    **_JITTER_AND_MIRROR,
}
PRESETS = {
    "toy_facades": {"direction": "b_to_a", "epochs": 200, "batch_size": 1, **_JITTER_AND_MIRROR},
    "facades": {"direction": "b_to_a", "epochs": 200, "batch_size": 1, **_JITTER_AND_MIRROR},
    "cityscapes": _CITYSCAPES,
    "pix2pix_cityscapes": _CITYSCAPES,
    "maps": {"direction": "a_to_b", "epochs": 200, "batch_size": 1, **_JITTER_AND_MIRROR},
    "edges2shoes": {"direction": "a_to_b", "epochs": 15, "batch_size": 4, **_NO_AUGMENTATION},
    "edges2handbags": {"direction": "a_to_b", "epochs": 15, "batch_size": 4, **_NO_AUGMENTATION},
    "night2day": {"direction": "b_to_a", "epochs": 17, "batch_size": 4, **_JITTER_AND_MIRROR},
    "thermal2color": {"direction": "a_to_b", "epochs": 10, "batch_size": 4, **_NO_AUGMENTATION},
    # Not in the paper: its colorization's augmentation, and the epochs of its small data sets.
    "victorian400": {"task": "colorize", "direction": "a_to_b", "epochs": 200, "jitter_size": 0, "mirror": True},
    "colorization": {"task": "colorize", "epochs": 6, "batch_size": 4, "jitter_size": 0, "mirror": True},
    "inpainting": {"task": "inpaint", "epochs": 25, "batch_size": 4, **_NO_AUGMENTATION},
}
# These data are not prepared here; the settings go with a folder that holds them.
WITHOUT_DATA_SET = ("thermal2color", "colorization", "inpainting")


def preset_of(name: str) -> dict:
    """The fields of Config that a data set's preset sets, `dataset` among them; only that one if it has no preset."""
    return {"dataset": name, **PRESETS.get(name, {})}


def names_of_data_sets() -> list[str]:
    """The presets whose data set this project or TFDS prepares."""
    return sorted(PRESETS.keys() - set(WITHOUT_DATA_SET))
