"""Examples chosen evenly."""


def evenly_spread(length: int, count: int) -> list[int]:
    """`count` of the numbers below `length`, or all if there are fewer, evenly spread and rising from 0."""
    count = min(count, length)
    return [i * length // count for i in range(count)]
