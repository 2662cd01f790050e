"""The functions that a SavedModel offers: pure, and for any size and number of images.

Everything is inside the graph: decoding, normalization, color conversion, padding to a valid size and cropping back.
Images go through the network one by one, so an output does not depend on the rest of its request, to the bit.
"""

import contextlib
import os

import tensorflow as tf

from pix2pix_tf.errors import UserError
from pix2pix_tf.exporting.decoding import check, check_size, decode, encode
from pix2pix_tf.translation import graphs, seen_size, translate_values
from pix2pix_tf.utils.plain_paths import plain_path
from pix2pix_tf.utils.tf_errors import disk_reason

MAX_IMAGES = 64  # in one request


class ExportedGenerator(tf.Module):
    """A trained generator with the signatures `serving_default`, `translate` and `sample`."""

    def __init__(self, config, generator, max_pixels: int, size: str | int):
        """`max_pixels`: of the largest image that is accepted, height times width; `size`: see `translation`."""
        super().__init__()
        self._max_pixels = max_pixels
        self._config, self._size = config, size
        self._plain, self._noisy = graphs(translate_values, config, generator, tf.uint8, size)
        self.weights = [variable.value for variable in generator.weights]  # What is saved beside the functions.

    @tf.function(autograph=False, input_signature=[tf.TensorSpec([None], tf.string, "image_bytes")])
    def serving_default(self, image_bytes):
        """`image_bytes`: encoded images, string [N] → `image_bytes`: PNG files of the same sizes, string [N].

        TensorFlow Serving's REST interface takes and returns them as {"b64": …} because the name ends in `_bytes`.
        """

        def translate_file(content):
            return encode(self._translate(decode(content, self._max_pixels, self._padded_size)))

        with _check_count(image_bytes):
            contents = tf.identity(image_bytes)
        return {"image_bytes": _one_by_one(translate_file, contents, tf.TensorSpec([], tf.string))}

    @tf.function(autograph=False, input_signature=[tf.TensorSpec([None, None, None, None], tf.uint8, "image")])
    def translate(self, image):
        """`image`: uint8 [N, H, W, 3], or [N, H, W, 1] for gray → `image`: uint8 RGB [N, H, W, 3]."""
        return {"image": self._translate_each(image)}

    @tf.function(
        autograph=False,
        input_signature=[
            tf.TensorSpec([None, None, None, None], tf.uint8, "image"),
            tf.TensorSpec([2], tf.int32, "seed"),
        ],
    )
    def sample(self, image, seed):
        """As `translate`, with the dropout noise z of `seed`, int32 [2], in every image (paper, section 3.1)."""
        return {"image": self._translate_each(image, seed)}

    def _translate_each(self, image, seed=None):
        _, height, width, channels = tf.unstack(tf.shape(image))
        with (
            _check_count(image),
            check_size(height, width, self._max_pixels, self._padded_size),
            check((channels == 1) | (channels == 3), "image has ", channels, " channels; 1 or 3 are allowed"),
        ):
            rgb = tf.tile(image, [1, 1, 1, 3 // tf.maximum(channels, 1)])
        rgb = tf.ensure_shape(rgb, [None, None, None, 3])
        return _one_by_one(lambda one: self._translate(one, seed), rgb, tf.TensorSpec([None, None, 3], tf.uint8))

    def _padded_size(self, height, width):
        """int64 [2]: the size of what the network sees of an image, with its padding."""
        multiple = self._config.multiple
        return -(-seen_size(self._config, self._size, height, width) // multiple) * multiple

    def _translate(self, image, seed=None):
        """RGB uint8 [H, W, 3] → the output, of the same shape."""
        outputs = self._plain(image[None]) if seed is None else self._noisy(image[None], seed[None])
        return outputs[0]


def save(config, generator, max_pixels: int, folder: str, size: str | int = "auto") -> None:
    """Writes the SavedModel of a trained generator to `folder`."""
    exported = ExportedGenerator(config, generator, max_pixels, size)
    signatures = {name: getattr(exported, name) for name in ("serving_default", "translate", "sample")}
    # Nobody trains an export, so the gradients of networks.small are not traced again.
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    with written(os.path.dirname(folder)):
        tf.saved_model.save(exported, plain_path(folder), signatures, options)


@contextlib.contextmanager
def written(folder: str):
    """An error of the disk, while the block writes below `folder`, → a UserError."""
    try:
        yield
    except (OSError, tf.errors.OpError) as error:
        raise UserError(f"{folder} cannot be written ({disk_reason(error)}); see to the folder and its disk.") from None


def _one_by_one(function, elements, result):
    return tf.map_fn(function, elements, fn_output_signature=result, parallel_iterations=1)


def _check_count(elements):
    count = tf.shape(elements)[0]
    return check(
        (count >= 1) & (count <= MAX_IMAGES), "the request has ", count, f" images; from 1 to {MAX_IMAGES} are allowed"
    )
