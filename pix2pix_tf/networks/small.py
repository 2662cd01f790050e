"""4x4 convolutions of stride 2 on very small inputs, as single matrix products.

With few pixels and many channels the weights dominate the time, and the stock kernels spend it on
re-laying them. Here they are multiplied as they lie in memory. Both functions equal TensorFlow's own
`conv2d` and `conv2d_transpose` with SAME padding, and each is the gradient of the other.
"""

import tensorflow as tf

KERNEL_SIZE = 4
TAPS = KERNEL_SIZE**2


def small_convolution(x, kernel, training=False):
    """[N, H, W, Cin], kernel [4, 4, Cin, Cout] → [N, H/2, W/2, Cout]; H and W are even.

    In training, the gradient is such a product, too. TensorFlow cannot save a gradient of one's own with a graph and
    would say so at each loading.
    """
    return _convolution_with_gradient(x, kernel) if training else _convolution(x, kernel)[0]


def small_transposed_convolution(x, kernel, training=False):
    """[N, H, W, Cin], kernel [4, 4, Cout, Cin] → [N, 2H, 2W, Cout]; `training` as in `small_convolution`."""
    return _transposed_with_gradient(x, kernel) if training else _transposed(x, kernel)[0]


def _convolution(x, kernel):
    weights = _flat(kernel)
    patches = _patches(x)
    height, width = _sides(x)
    outputs = tf.reshape(tf.matmul(patches, weights), [-1, height // 2, width // 2, weights.shape[1]])

    def gradient(upstream):
        rows = tf.reshape(upstream, [-1, weights.shape[1]])
        to_input = _overlap_add(_spread(rows, weights), *_sides(upstream))
        return to_input, tf.reshape(tf.matmul(patches, rows, transpose_a=True), kernel.shape)

    return outputs, gradient


def _transposed(x, kernel):
    weights = _flat(kernel)
    rows = tf.reshape(x, [-1, weights.shape[1]])
    outputs = _overlap_add(_spread(rows, weights), *_sides(x))

    def gradient(upstream):
        patches = _patches(upstream)
        to_input = tf.reshape(tf.matmul(patches, weights), tf.shape(x))
        return to_input, tf.reshape(tf.matmul(patches, rows, transpose_a=True), kernel.shape)

    return outputs, gradient


_convolution_with_gradient = tf.custom_gradient(_convolution)
_transposed_with_gradient = tf.custom_gradient(_transposed)


def _flat(kernel):
    """[4, 4, C, D] → [16·C, D], the same bytes."""
    return tf.reshape(kernel, [TAPS * kernel.shape[2], kernel.shape[3]])


def _sides(x):
    """Height and width: numbers where they are known, tensors where a graph is for all sizes."""
    return [known or tf.shape(x)[axis] for axis, known in enumerate(x.shape[1:3], start=1)]


def _spread(rows, weights):
    """rows [M, D] times the transpose of weights [16·C, D] → [M, 16·C].

    As (weights · rowsᵀ)ᵀ: for few rows TensorFlow's product is several times faster in this order.
    """
    return tf.transpose(tf.matmul(weights, rows, transpose_b=True))


def _patches(x):
    """[N, H, W, C] → [N·H/2·W/2, 16·C]: what the kernel sees at each place, one pixel of zeros around."""
    (height, width), channels = _sides(x), x.shape[3]
    padded = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])
    taps = [padded[:, i : i + height : 2, j : j + width : 2] for i in range(KERNEL_SIZE) for j in range(KERNEL_SIZE)]
    return tf.reshape(tf.concat(taps, axis=-1), [-1, TAPS * channels])


def _overlap_add(taps, height, width):
    """The adjoint of `_patches`: [N·height·width, 16·C] → [N, 2·height, 2·width, C]."""
    width_of_row = taps.shape[-1] // KERNEL_SIZE  # All columns of one row of taps, 4·C.
    taps = tf.reshape(taps, [-1, height, width, KERNEL_SIZE, width_of_row])  # TFLite knows 5 dimensions at most.
    # Tap k = 2p + d of row i lands on row 2i + k of a canvas one pixel wider on each side than the
    # output: row d of its block i + p. The same holds for columns.
    blocks = tf.add_n(
        [
            tf.pad(
                taps[:, :, :, 2 * p : 2 * p + 2, q * width_of_row // 2 : (q + 1) * width_of_row // 2],
                [[0, 0], [p, 1 - p], [q, 1 - q], [0, 0], [0, 0]],
            )
            for p in (0, 1)
            for q in (0, 1)
        ]
    )
    canvas = tf.transpose(blocks, [0, 1, 3, 2, 4])
    canvas = tf.reshape(canvas, [-1, 2 * height + 2, 2 * width + 2, width_of_row // KERNEL_SIZE])
    return canvas[:, 1:-1, 1:-1]
