"""3x3 and 7x7 convolutions: those of the residual generator, and upsampling by resizing."""

import keras
import tensorflow as tf

from pix2pix_tf.networks.layers import SeededConvolution


@keras.saving.register_keras_serializable("pix2pix_tf")
class ReflectionConv(SeededConvolution, keras.layers.Conv2D):
    """Convolution of stride 1 that keeps height and width, on an image that is mirrored at its edges."""

    def __init__(self, filters, *, kernel_size=3, **arguments):
        super().__init__(filters, kernel_size=kernel_size, **arguments)

    def get_config(self):
        return super().get_config() | {"kernel_size": self.kernel_size}

    def convolution_op(self, inputs, kernel):
        around = [self.kernel_size[0] // 2] * 2
        padded = tf.pad(inputs, [[0, 0], around, around, [0, 0]], "REFLECT")
        return tf.nn.conv2d(padded, kernel, strides=1, padding="VALID")

    def compute_output_shape(self, input_shape):
        return (*input_shape[:3], self.filters)


@keras.saving.register_keras_serializable("pix2pix_tf")
class ResizeUpsample(ReflectionConv):
    """Doubles height and width by nearest neighbors, then convolves 3x3 (Odena, Dumoulin, Olah 2016).

    Each output pixel sees as many weights as its neighbors do, so it leaves no grid, as transposed convolutions do.
    """

    def convolution_op(self, inputs, kernel):
        _, height, width, channels = inputs.shape
        sides = tf.shape(inputs)
        doubled = tf.stack([inputs, inputs], axis=2)
        doubled = tf.stack([doubled, doubled], axis=4)
        shape = [-1, 2 * (height or sides[1]), 2 * (width or sides[2]), channels]
        return super().convolution_op(tf.reshape(doubled, shape), kernel)

    def compute_output_shape(self, input_shape):
        batch, *sides, _ = input_shape
        return (batch, *(side and 2 * side for side in sides), self.filters)


@keras.saving.register_keras_serializable("pix2pix_tf")
class Downsample3(SeededConvolution, keras.layers.Conv2D):
    """3x3 convolution, stride 2, that halves height and width, which are even; one pixel of zeros around, as PyTorch's.

    SAME would put the zeros at the bottom and on the right.
    """

    def __init__(self, filters, **arguments):
        super().__init__(filters, kernel_size=3, strides=2, **arguments)

    def convolution_op(self, inputs, kernel):
        padded = tf.pad(inputs, [[0, 0], [1, 0], [1, 0], [0, 0]])
        return tf.nn.conv2d(padded, kernel, strides=2, padding="VALID")

    def compute_output_shape(self, input_shape):
        batch, *sides, _ = input_shape
        return (batch, *(side and side // 2 for side in sides), self.filters)


@keras.saving.register_keras_serializable("pix2pix_tf")
class Upsample3(SeededConvolution, keras.layers.Conv2DTranspose):
    """3x3 transposed convolution, stride 2, that doubles height and width: the adjoint of `Downsample3`."""

    def __init__(self, filters, **arguments):
        super().__init__(filters, kernel_size=3, strides=2, padding="same", **arguments)

    def call(self, inputs):
        kernel = tf.convert_to_tensor(self.kernel)
        count, height, width, _ = tf.unstack(tf.shape(inputs))
        shape = tf.stack([count, 2 * height + 1, 2 * width + 1, self.filters])
        outputs = tf.nn.conv2d_transpose(inputs, kernel, shape, strides=2, padding="VALID")[:, 1:, 1:]
        return self.biased(tf.ensure_shape(outputs, self.compute_output_shape(inputs.shape)))
