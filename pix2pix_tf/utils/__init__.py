"""Small helpers that every part of the project shares; none of them imports TensorFlow."""
