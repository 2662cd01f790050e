"""What images look like to a classifier of photos: VGG-16's features, for the perceptual loss.

Johnson, Alahi, Fei-Fei: *Perceptual Losses for Real-Time Style Transfer and Super-Resolution*, ECCV 2016. Not in the
paper.
"""

import keras

from pix2pix_tf.networks.fcn8s import load_trunk

LAYERS = ("block1_conv2", "block2_conv2", "block3_conv3", "block4_conv3")  # Johnson et al., section 4


def perceptual_network(weights: str) -> keras.Model:
    """The features of VGG-16 with the weights of a file, or "imagenet" (see `load_trunk`, for errors too)."""
    vgg = keras.applications.VGG16(include_top=False, weights=None)
    load_trunk(vgg, weights)
    return feature_network(vgg)


def feature_network(vgg: keras.Model) -> keras.Model:
    """Keras' VGG-16 → the model from float32 RGB [N, H, W, 3] in [-1, 1] to its features at LAYERS, behind ReLUs."""
    vgg.trainable = False
    images = keras.Input((None, None, 3), name="image")
    seen = keras.applications.vgg16.preprocess_input((images + 1.0) * 127.5)  # BGR, less the mean of ImageNet
    features = keras.Model(vgg.input, [vgg.get_layer(name).output for name in LAYERS])(seen)
    return keras.Model(images, features, name="vgg16_features")
