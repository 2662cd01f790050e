"""FCN-8s: the network that classifies the pixels of photos for the FCN-score (paper, section 4.1).

Long, Shelhamer, Darrell: *Fully Convolutional Networks for Semantic Segmentation*, CVPR 2015. The trunk is VGG-16
(Simonyan and Zisserman, ICLR 2015, configuration D); the scores at 1/8, 1/16 and 1/32 of the resolution are upsampled
and summed. Layers have the names of `keras.applications.VGG16`, whose ImageNet weights fit the trunk at width 64.
"""

import os

import keras
import numpy as np

from pix2pix_tf.errors import UserError

MULTIPLE = 32  # Five poolings: sides must be multiples of it.
BLOCKS = ((1, 2), (2, 2), (4, 3), (8, 3), (8, 3))  # (filters in units of `width`, convolutions) of each
HEAD_WIDTH = 16  # of conv6 and conv7, in units of `width`
IMAGENET = "imagenet"
IMAGENET_WIDTH = 64
IMAGENET_FILE = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
IMAGENET_URL = f"https://storage.googleapis.com/tensorflow/keras-applications/vgg16/{IMAGENET_FILE}"
IMAGENET_MD5 = "6d6bbae143d832006294945121d1f1fc"


def build_fcn8s(classes: int, width: int = IMAGENET_WIDTH, *, norm: bool = False, seed: int = 0) -> keras.Model:
    """FCN-8s for images whose sides are multiples of 32.

    Args:
      classes: how many there are.
      width: filters of the first layer; 64 is VGG-16.
      norm: batch normalization between each convolution and its ReLU. VGG-16 has none, so its weights go without; from
        scratch it is what makes the deep trunk learn in minutes.
      seed: of the weights and of dropout.

    Returns:
      A model from float32 RGB [N, H, W, 3] in [0, 255] to float32 logits [N, H, W, classes].
    """
    seeds = keras.random.SeedGenerator(seed)

    def convolution(x, filters, size, name):
        # Departures: SAME padding, so that all maps align, for a border of 100 zeros and crops; new weights as in He et
        # al. (ICCV 2015), where Long et al. take those of VGG-16, for conv6 and conv7 too.
        initializer = keras.initializers.HeNormal(seeds)
        x = keras.layers.Conv2D(
            filters, size, padding="same", use_bias=not norm, kernel_initializer=initializer, name=name
        )(x)
        if norm:  # Departure, see above. A short memory, because trainings may have a few hundred steps.
            x = keras.layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(x)
        return keras.layers.ReLU(name=f"{name}_relu")(x)

    def score(x, name, scale=1.0):
        if scale != 1 and not norm:
            x = keras.layers.Rescaling(scale, name=f"{name}_scale")(x)
        return keras.layers.Conv2D(classes, 1, kernel_initializer="zeros", name=name)(x)

    def upsample(x, factor, name):
        # Departure: the last one, which Long et al. keep bilinear, is learned too.
        return keras.layers.Conv2DTranspose(
            classes,
            2 * factor,
            strides=factor,
            padding="same",
            use_bias=False,
            kernel_initializer=_bilinear,
            name=name,
        )(x)

    inputs = keras.Input((None, None, 3), name="photo")
    x = keras.applications.vgg16.preprocess_input(inputs)  # BGR, less the mean of ImageNet.
    pooled = []
    for block, (filters, count) in enumerate(BLOCKS, start=1):
        for number in range(1, count + 1):
            x = convolution(x, width * filters, 3, f"block{block}_conv{number}")
        x = keras.layers.MaxPooling2D(name=f"block{block}_pool")(x)
        pooled.append(x)
    # Departure: a quarter of VGG-16's 4096 filters, whose weights are not in the file without its top.
    for name, size in (("conv6", 7), ("conv7", 1)):
        x = convolution(x, width * HEAD_WIDTH, size, name)
        x = keras.layers.Dropout(0.5, seed=seed, name=f"{name}_dropout")(x)

    # All skips are trained at once, not one after the other as in the paper. Without norm that needs the scales of
    # the authors' published network of this kind.
    x = upsample(score(x, "score_conv7"), 2, "upscore_conv7")
    x = keras.layers.Add(name="fuse_pool4")([x, score(pooled[3], "score_pool4", 1e-2)])
    x = upsample(x, 2, "upscore_pool4")
    x = keras.layers.Add(name="fuse_pool3")([x, score(pooled[2], "score_pool3", 1e-4)])
    return keras.Model(inputs, upsample(x, 8, "upscore_pool3"), name="fcn8s")


def _bilinear(shape, dtype=None):
    """The kernel [2f, 2f, out, in] of a transposed convolution that enlarges each channel by f, bilinearly."""
    size, _, outputs, inputs = shape
    ramp = 1 - np.abs(2 * np.arange(size) + 1 - size) / size
    return keras.ops.convert_to_tensor(np.einsum("y,x,oi->yxoi", ramp, ramp, np.eye(outputs, inputs)), dtype)


def load_trunk(network: keras.Model, weights: str) -> None:
    """Fills the trunk of an FCN-8s of width 64, without norm, or Keras' VGG-16 itself, with weights of VGG-16.

    Args:
      network: what `build_fcn8s` returned, or `keras.applications.VGG16(include_top=False)`.
      weights: a file of Keras' VGG-16 without its top; or "imagenet" for the one in ~/.keras/models, which is
        downloaded if it is not there.

    Raises:
      UserError: there is no such file, it cannot be downloaded, or it does not fit.
    """
    path = _imagenet_file() if weights == IMAGENET else weights
    if not os.path.isfile(path):
        raise UserError(
            f"There is no file {path}; give {IMAGENET_FILE} from {IMAGENET_URL}, or {IMAGENET} to have it downloaded."
        )
    trunk = keras.Model(network.input, network.get_layer("block5_pool").output)
    try:
        trunk.load_weights(path)
    except (ValueError, KeyError, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(
            f"{path} does not hold weights for the trunk of VGG-16 at width {IMAGENET_WIDTH} ({reason}); "
            f"give {IMAGENET_FILE} from {IMAGENET_URL}."
        ) from None


def _imagenet_file():
    try:
        return keras.utils.get_file(IMAGENET_FILE, IMAGENET_URL, cache_subdir="models", file_hash=IMAGENET_MD5)
    except Exception as error:  # Keras raises bare ones.
        reason = str(error).rpartition(" -- ")[2]
        raise UserError(
            f"{IMAGENET_URL} could not be downloaded ({reason}); "
            "get it by other means and put it into ~/.keras/models, or do without it."
        ) from error
