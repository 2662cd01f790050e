"""Packaging. The folder `datasets/` is installed as `pix2pix_tf.datasets`: its bare name belongs to another library."""

from pathlib import Path

from setuptools import find_packages, setup

_SERVE = ["starlette>=1.0,<2", "uvicorn>=0.40,<1"]
_TIFF = ["tifffile>=2025.1", "imagecodecs>=2025.1"]  # TIFF beyond 8-bit RGB; imagecodecs reads its LZW.

setup(
    name="pix2pix_tf",
    version="0.1.0",
    description="pix2pix (Isola et al., CVPR 2017) in TensorFlow and Keras: image translation and Lab colorization",
    long_description=Path("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    # Current Keras, NumPy and matplotlib need 3.11; TensorFlow 2.21 has no wheel for 3.14.
    python_requires=">=3.11,<3.14",
    packages=[
        "pix2pix_tf.datasets",
        *(f"pix2pix_tf.datasets.{name}" for name in find_packages("datasets")),
        *find_packages(include=["pix2pix_tf", "pix2pix_tf.*"]),
    ],
    package_dir={"pix2pix_tf": "pix2pix_tf", "pix2pix_tf.datasets": "datasets"},
    package_data={
        "pix2pix_tf": ["py.typed", "*/page/*"],
        "pix2pix_tf.datasets": ["*/*.md", "*/*.bib", "*/*.txt", "*/*.tsv"],
    },
    entry_points={
        "console_scripts": [
            f"pix2pix-{path.stem.replace('_', '-')} = pix2pix_tf.tools.{path.stem}:command"
            for path in sorted(Path("pix2pix_tf/tools").glob("[!_]*.py"))
        ]
    },
    install_requires=[
        "tensorflow>=2.21,<2.22",
        "keras>=3.12,<4",
        "tensorflow-serving-api>=2.21,<2.22",  # The messages of warm-up records and of gRPC.
        "tensorflow-datasets>=4.9.9,<5",
        "importlib_resources>=6",  # TFDS imports it in builders without declaring it.
        "tensorboard>=2.20,<3",  # tf.summary fails without it.
        "matplotlib>=3.10,<4",
        "numpy>=2.1,<3",
        "pillow>=11",
        "absl-py>=2.1,<3",
        "requests>=2.32,<3",
        "tqdm>=4.66,<5",
    ],
    extras_require={
        "gpu": ["tensorflow[and-cuda]>=2.21,<2.22"],
        "serve": _SERVE,
        "edges": ["scikit-image>=0.25,<1"],  # Canny's edges for tools.make_pairs.
        "tfds": ["apache-beam>=2.70", "mlcroissant>=1.1"],  # The command line tfds imports both and declares neither.
        # Weights from PyTorch and for it. Before 2.6, weights_only=True could be made to run code (CVE-2025-32434).
        "torch": ["torch>=2.6,<2.14"],
        "tiff": _TIFF,
        "dev": [
            *_SERVE,
            *_TIFF,
            "dill>=0.3",
            "ipykernel>=6,<8",  # The notebook is executed by nbclient.
            "nbclient>=0.10,<1",
            "pytest>=8,<10",
            "pytest-timeout>=2.3,<3",
            "pytest-xdist>=3.6,<4",
            "ruff>=0.14",
            "scikit-image>=0.25,<1",
            "selenium>=4.30,<5",
            "setuptools>=77",
            "tensorflow-io>=0.37,<0.38; python_version<'3.13'",  # A reference for color.py.
        ],
    },
    classifiers=[
        "License :: OSI Approved :: Apache Software License",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
)
