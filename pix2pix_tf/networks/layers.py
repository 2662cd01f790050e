"""The layers that both networks are made of, and the one place where norm and noise are decided.

Down- and upsampling are Keras' own convolutions with a faster formula for very small inputs. `Norm`
keeps no moving averages and `Dropout` no seed variable, so a call never changes a variable:

- `network(x)` normalizes each image with its own statistics and draws no noise: inference;
- `network(x, training=True)` normalizes as the network is trained and draws fresh noise;
- `run(network, x, statistics=…, seed=…)` decides both by hand;
- `measure_statistics(network, x)` gives the statistics of one image, to be used for others.
"""

import zlib

import keras
import tensorflow as tf

from pix2pix_tf.networks.small import KERNEL_SIZE, small_convolution, small_transposed_convolution


def _small_side():
    """Up to how many pixels a side an input takes the formulas of small.py, which are faster on CPUs only."""
    return 0 if tf.config.list_physical_devices("GPU") else 8


SMALL = _small_side()
# The layers go by these names in .keras files: "pix2pix_tf>Norm".
_serializable = keras.saving.register_keras_serializable("pix2pix_tf")


def run(network, inputs, *, statistics="image", seed=None, gradients=False):
    """Calls a network with norm statistics and dropout noise decided here.

    Args:
      network: a model of these layers.
      inputs: what the model takes.
      statistics: "image", each image is normalized on its own (the paper's test-time batch
        statistics at batch size 1, and independent of what shares a batch), or "batch", or what
        `measure_statistics` returned.
      seed: integer noise seed: None for no noise, [2] for the same noise in every image, [N, 2] for
        noise of each image's own, wherever it stands in the batch.
      gradients: whether they will be taken, for which very small convolutions have a faster way.
    """
    values = _values(network, inputs, statistics, seed, gradients)
    outputs = [values[id(output)] for output in network.outputs]
    return outputs[0] if len(outputs) == 1 else outputs


def measure_statistics(network, inputs, *, seed=None) -> dict:
    """{norm layer: (mean, variance)}, each [1, 1, 1, channels], of one image as it runs through the network."""
    values = _values(network, inputs, "image", seed)
    norms = [layer for layer in network.layers if isinstance(layer, Norm)]
    return {norm.name: _moments(values[id(norm.input)]) for norm in norms}


def _values(network, inputs, statistics, seed, gradients=False):
    """{id of a symbolic tensor of the network: its value}: each layer is called in turn, with what it takes."""
    values = dict(zip(map(id, network.inputs), keras.tree.flatten(inputs), strict=True))
    for layer in network.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        arguments = {}
        if isinstance(layer, Norm):
            arguments["statistics"] = statistics if isinstance(statistics, str) else statistics[layer.name]
        elif isinstance(layer, Dropout):
            arguments["seed"] = seed
        elif isinstance(layer, Downsample | Upsample):
            arguments["training"] = gradients
        x = keras.tree.map_structure(lambda symbol: values[id(symbol)], layer.input)
        values[id(layer.output)] = layer(x, **arguments)
    return values


def normal_initializer(mean, seed, name):
    """N(mean, 0.02), seeded by the layer's name: an initializer of each layer's own (appendix 6.2)."""
    return keras.initializers.RandomNormal(mean, 0.02, seed=zlib.crc32(f"{seed}/{name}".encode()))


def remembered(layer, *names):
    """What a layer's constructor needs to make it again: the arguments of these names, and every layer's own."""
    return keras.layers.Layer.get_config(layer) | {name: getattr(layer, name) for name in names}


class SeededConvolution:
    """What all convolutions here have in common, before a class of Keras: the seed of their kernel, and the bias."""

    def __init__(self, filters, *, seed, name, **arguments):
        super().__init__(filters, kernel_initializer=normal_initializer(0.0, seed, name), name=name, **arguments)
        self.seed = seed

    def get_config(self):
        return remembered(self, "filters", "use_bias", "seed")

    def biased(self, outputs):
        return outputs + tf.cast(self.bias, outputs.dtype) if self.use_bias else outputs


@_serializable
class Downsample(SeededConvolution, keras.layers.Conv2D):
    """4x4 convolution, stride 2, that halves height and width.

    SAME pads one pixel on each side, as the authors' code does, because sides are even.
    """

    def __init__(self, filters, **arguments):
        super().__init__(filters, kernel_size=KERNEL_SIZE, strides=2, padding="same", **arguments)

    def call(self, inputs, training=False):
        kernel = tf.convert_to_tensor(self.kernel)
        outputs = _if_small(
            inputs,
            lambda: small_convolution(inputs, kernel, training),
            lambda: tf.nn.conv2d(inputs, kernel, strides=2, padding="SAME"),
        )
        return self.biased(outputs)


@_serializable
class Upsample(SeededConvolution, keras.layers.Conv2DTranspose):
    """4x4 transposed convolution, stride 2, that doubles height and width."""

    def __init__(self, filters, **arguments):
        super().__init__(filters, kernel_size=KERNEL_SIZE, strides=2, padding="same", **arguments)

    def call(self, inputs, training=False):
        kernel = tf.convert_to_tensor(self.kernel)
        count, height, width, _ = tf.unstack(tf.shape(inputs))
        shape = tf.stack([count, 2 * height, 2 * width, self.filters])
        outputs = _if_small(
            inputs,
            lambda: small_transposed_convolution(inputs, kernel, training),
            lambda: tf.nn.conv2d_transpose(inputs, kernel, shape, strides=2, padding="SAME"),
        )
        return self.biased(outputs)


@_serializable
class PaddedConv(SeededConvolution, keras.layers.Conv2D):
    """Convolution of stride 1 with a border of `zeros` zeros on each side.

    The discriminator's last two layers: 4x4 with padding 1 shrinks a side by one pixel, which
    neither SAME nor VALID does. With kernel size 1 and no padding: PixelGAN's layers.
    """

    def __init__(self, filters, *, kernel_size=KERNEL_SIZE, zeros=1, **arguments):
        super().__init__(filters, kernel_size=kernel_size, **arguments)
        self.zeros = zeros

    def get_config(self):
        return super().get_config() | {"kernel_size": self.kernel_size, "zeros": self.zeros}

    def convolution_op(self, inputs, kernel):
        # Padded by hand: on a CPU, convolutions with explicit padding miss the fast kernels.
        around = [self.zeros, self.zeros]
        padded = tf.pad(inputs, [[0, 0], around, around, [0, 0]]) if self.zeros else inputs
        return tf.nn.conv2d(padded, kernel, strides=1, padding="VALID")

    def compute_output_shape(self, input_shape):
        batch, *sides, _ = input_shape
        shrink = self.kernel_size[0] - 1 - 2 * self.zeros
        return (batch, *(side and side - shrink for side in sides), self.filters)


@_serializable
class Norm(keras.layers.Layer):
    """Batch or instance normalization with the statistics of the data at hand, always in float32.

    y = gamma·(x - mean) / sqrt(variance + 1e-5) + beta, with gamma ~ N(1, 0.02).

    Departure from Keras: there are no moving averages. The paper uses the test batch's statistics at
    test time (section 3.3), so nothing would ever read them.
    """

    EPSILON = 1e-5

    def __init__(self, kind, *, seed, name, **arguments):
        # Keras would round the statistics to bfloat16 like any other argument.
        super().__init__(name=name, autocast=False, **arguments)
        self.kind = kind
        self.seed = seed

    def get_config(self):
        return remembered(self, "kind", "seed")

    def build(self, input_shape):
        channels = input_shape[-1:]
        self.gamma = self.add_weight(
            name="gamma",
            shape=channels,
            dtype="float32",
            initializer=normal_initializer(1.0, self.seed, self.name),
            autocast=False,
        )
        self.beta = self.add_weight(name="beta", shape=channels, dtype="float32", initializer="zeros", autocast=False)

    def call(self, x, training=False, statistics=None):
        """Normalizes x [N, H, W, C].

        Args:
          statistics: "image", "batch", or (mean, variance), each [1, 1, 1, C]. By default those of the batch in
            training, and else those of each image.
        """
        statistics = statistics or ("batch" if training else "image")
        if not isinstance(statistics, str):
            return self._normalize(x, *statistics)
        # One image is its own batch.
        if x.shape[0] == 1 or (self.kind == "batch" and statistics == "batch"):
            return self._normalize_batch(x)
        return self._normalize(x, *_moments(x))

    def _normalize_batch(self, x):
        # The fused kernel computes in float32, also on bfloat16 input.
        return tf.raw_ops.FusedBatchNormV3(
            x=x,
            scale=self.gamma.value,
            offset=self.beta.value,
            mean=[],
            variance=[],
            epsilon=self.EPSILON,
            is_training=True,
        ).y

    def _normalize(self, x, mean, variance):
        scale = tf.math.rsqrt(variance + self.EPSILON) * self.gamma.value
        return tf.cast(tf.cast(x, tf.float32) * scale + (self.beta.value - mean * scale), x.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape


@_serializable
class Dropout(keras.layers.Layer):
    """Dropout as the noise z: the paper's only randomness, at training and at test time (section 3.1).

    Stateless: the same seed drops the same elements. Each layer derives its own mask from the seed and its name.
    """

    def __init__(self, rate, *, name, **arguments):
        super().__init__(name=name, **arguments)
        self.rate = rate

    def get_config(self):
        return remembered(self, "rate")

    def call(self, x, training=False, seed=None):
        """Drops elements of x [N, …] by a seed, [2] or [N, 2]; by default none, but in training by a fresh seed."""
        if seed is None and training:
            seed = tf.random.uniform([2], maxval=2**31 - 1, dtype=tf.int32)
            seed = tf.random.experimental.stateless_split(seed, x.shape[0]) if x.shape[0] else seed
        if seed is None or self.rate == 0:
            return x
        seed = tf.convert_to_tensor(seed)
        if seed.shape.rank == 1:
            keep = self._mask(seed, tf.shape(x)[1:])[None]
        else:
            keep = tf.stack([self._mask(one, tf.shape(x)[1:]) for one in tf.unstack(seed)])
        return tf.where(keep, x / tf.cast(1.0 - self.rate, x.dtype), tf.zeros_like(x))

    def _mask(self, seed, shape):
        seed = tf.random.experimental.stateless_fold_in(seed, zlib.crc32(self.name.encode()) >> 1)
        return tf.random.stateless_uniform(shape, seed) >= self.rate

    def compute_output_shape(self, input_shape):
        return input_shape


def _moments(x):
    """Mean and variance of each image and channel, float32 [N, 1, 1, C]."""
    return tf.nn.moments(tf.cast(x, tf.float32), axes=(1, 2), keepdims=True)


def _if_small(x, small, stock):
    """`small()` for inputs of up to SMALL pixels a side, else `stock()`; decided in the graph if the size is open."""
    sides = x.shape[1:3]
    if sides.is_fully_defined():
        return small() if max(sides) <= SMALL else stock()
    return tf.cond(tf.reduce_max(tf.shape(x)[1:3]) <= SMALL, small, stock)
