"""The functions that a SavedModel offers: pure, and for any size and number of images.

Everything is inside the graph: decoding, normalization, color conversion, padding to a valid size and cropping back.
Images go through the network one by one, so an output does not depend on the rest of its request, to the bit.
"""

import contextlib
import os

import tensorflow as tf

from pix2pix_tf.errors import UserError
from pix2pix_tf.exporting.decoding import check, check_size, decode, encode
from pix2pix_tf.sides import input_side, output_side
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
        self._input, self._output = input_side(config), output_side(config)
        self._plain, self._noisy = graphs(translate_values, config, generator, self._input.dtype, size)
        self.weights = [variable.value for variable in generator.weights]  # What is saved beside the functions.
        image = tf.TensorSpec([None, None, None, None], self._input.dtype, "image")
        seed, files = tf.TensorSpec([2], tf.int32, "seed"), tf.TensorSpec([None], tf.string, "image_bytes")
        self.translate = tf.function(self._translate_images, [image], autograph=False)
        self.sample = tf.function(self._sample, [image, seed], autograph=False)
        takes_files = self._input.can_be_png and self._output.can_be_png
        self.serving_default = (
            tf.function(self._translate_files, [files], autograph=False) if takes_files else self.translate
        )

    def _translate_files(self, image_bytes):
        """`image_bytes`: encoded images, string [N] → `image_bytes`: PNG files of the same sizes, string [N].

        TensorFlow Serving's REST interface takes and returns them as {"b64": …} because the name ends in `_bytes`.
        """

        def translate_file(content):
            return encode(self._translate(decode(content, self._max_pixels, self._padded_size, self._input)))

        with _check_count(image_bytes):
            contents = tf.identity(image_bytes)
        return {"image_bytes": _one_by_one(translate_file, contents, tf.TensorSpec([], tf.string))}

    def _translate_images(self, image):
        """`image`: [N, H, W, C] of the data's dtype and units; RGB may have 1 channel → `image`: the outputs."""
        return {"image": self._translate_each(image)}

    def _sample(self, image, seed):
        """As `translate`, with the dropout noise z of `seed`, int32 [2], in every image (paper, section 3.1)."""
        return {"image": self._translate_each(image, seed)}

    def _translate_each(self, image, seed=None):
        with (
            _check_count(image),
            check_size(*tf.unstack(tf.shape(image)[1:3]), self._max_pixels, self._padded_size),
            self._check_channels(image),
            _check_finite(image),
        ):
            count = self._input.channels // tf.maximum(tf.shape(image)[3], 1)
            whole = tf.tile(image, [1, 1, 1, count]) if self._takes_gray else tf.identity(image)
        whole = tf.ensure_shape(whole, [None, None, None, self._input.channels])
        result = tf.TensorSpec([None, None, self._output.channels], self._output.dtype)
        return _one_by_one(lambda one: self._translate(one, seed), whole, result)

    @property
    def _takes_gray(self):
        return (self._input.channels, self._input.dtype) == (3, "uint8")

    def _check_channels(self, image):
        channels, own = tf.shape(image)[3], self._input.channels
        is_gray = self._takes_gray & (channels == 1)
        allowed = f"{'1 or ' if self._takes_gray else ''}{own}"
        return check(is_gray | (channels == own), "image has ", channels, f" channels; {allowed} are allowed")

    def _padded_size(self, height, width):
        """int64 [2]: the size of what the network sees of an image, with its padding."""
        multiple = self._config.multiple
        return -(-seen_size(self._config, self._size, height, width) // multiple) * multiple

    def _translate(self, image, seed=None):
        """An image [H, W, C] → the output, of the same size."""
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
        raise UserError(f"{folder} cannot be written ({disk_reason(error)}); check the folder and its disk.") from None


def _one_by_one(function, elements, result):
    return tf.map_fn(function, elements, fn_output_signature=result, parallel_iterations=1)


def _check_count(elements):
    count = tf.shape(elements)[0]
    return check(
        (count >= 1) & (count <= MAX_IMAGES), "the request has ", count, f" images; from 1 to {MAX_IMAGES} are allowed"
    )


def _check_finite(image):
    if not image.dtype.is_floating:
        return contextlib.nullcontext()
    return check(tf.reduce_all(tf.math.is_finite(image)), "image has values that are NaN or Inf")
