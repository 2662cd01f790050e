"""Seeds of the dropout noise z, as users give them and as TensorFlow's stateless operations take them."""

from pix2pix_tf.errors import UserError


def seed_pair(seed: int) -> tuple[int, int]:
    """An integer in [0, 2^63) → two of int32, different for each; (0, seed) for all below 2^31.

    Raises:
      UserError: the seed is outside of this range.
    """
    if not 0 <= seed < 2**63:
        raise UserError(f"seed must be at least 0 and below 2^63. Received: {seed!r}.")
    low = seed & 0xFFFFFFFF
    return seed >> 32, low - 2**32 if low >= 2**31 else low
