"""The paper's networks in PyTorch, written from its description; their tensors have the names that the port gives them.

Whatever imports this is skipped where PyTorch is absent.
"""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch, from the extra torch")
nn = torch.nn

NORMS = {"batch": nn.BatchNorm2d, "instance": nn.InstanceNorm2d, "none": lambda channels: nn.Identity()}
STRIDED = {16: 1, 70: 3, 286: 5}


class Level(nn.Module):
    """One level of the U-Net: halve, do what is inside, double, and put the input before the result."""

    def __init__(self, outside, filters, inside, norm, dropout):
        super().__init__()
        bias = norm == "instance"
        joined = 2 * filters if inside else filters
        below = [NORMS[norm](filters), inside] if inside else []
        self.model = nn.Sequential(
            nn.LeakyReLU(0.2),
            nn.Conv2d(outside, filters, 4, 2, 1, bias=bias),
            *below,
            nn.ReLU(),
            nn.ConvTranspose2d(joined, outside, 4, 2, 1, bias=bias),
            NORMS[norm](outside),
            *([nn.Dropout(0.5)] if dropout else []),
        )

    def forward(self, x):
        return torch.cat([x, self.model(x)], 1)


class Outermost(nn.Module):
    """The first encoder layer, all that is inside, and the output."""

    def __init__(self, inputs, outputs, filters, inside, norm):
        super().__init__()
        self.model = nn.Sequential(
            nn.Conv2d(inputs, filters, 4, 2, 1, bias=norm == "instance"),
            inside,
            nn.ReLU(),
            nn.ConvTranspose2d(2 * filters, outputs, 4, 2, 1),
            nn.Tanh(),
        )

    def forward(self, x):
        return self.model(x)


class UNet(nn.Module):
    """Paper, appendix 6.1.1; `dropout` puts it where the port does."""

    def __init__(self, levels=5, width=2, norm="batch", inputs=3, outputs=3, dropout=False):
        super().__init__()
        widths = [width * min(2**level, 8) for level in range(levels)]
        inside = None
        for level in range(levels - 1, 0, -1):
            has_dropout = dropout and 4 <= level < levels - 1
            inside = Level(widths[level - 1], widths[level], inside, norm, has_dropout)
        self.model = Outermost(inputs, outputs, width, inside, norm)

    def forward(self, x):
        return self.model(x)


class PatchGAN(nn.Module):
    """Paper, appendix 6.1.2, with `strided` layers of stride 2."""

    def __init__(self, strided=1, width=2, norm="batch", inputs=6):
        super().__init__()
        widths = [width * min(2**layer, 8) for layer in range(strided + 1)]
        layers = [nn.Conv2d(inputs, width, 4, 2, 1), nn.LeakyReLU(0.2)]
        for layer in range(1, strided + 1):
            stride = 2 if layer < strided else 1
            layers += [
                nn.Conv2d(widths[layer - 1], widths[layer], 4, stride, 1, bias=norm == "instance"),
                NORMS[norm](widths[layer]),
                nn.LeakyReLU(0.2),
            ]
        self.model = nn.Sequential(*layers, nn.Conv2d(widths[-1], 1, 4, 1, 1))

    def forward(self, x):
        return self.model(x)


class PixelGAN(nn.Module):
    """Paper, appendix 6.1.2: the 1x1 discriminator."""

    def __init__(self, width=2, norm="batch", inputs=6):
        super().__init__()
        bias = norm == "instance"
        self.net = nn.Sequential(
            nn.Conv2d(inputs, width, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 1, bias=bias),
            NORMS[norm](2 * width),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 1, 1, bias=bias),
        )

    def forward(self, x):
        return self.net(x)


def discriminator(receptive_field=16, **arguments):
    """The discriminator of a receptive field."""
    return PixelGAN(**arguments) if receptive_field == 1 else PatchGAN(STRIDED[receptive_field], **arguments)


def randomized(network, seed=0):
    """Draws all weights anew, so large that each of them matters to the output; running statistics too."""
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for name, value in network.state_dict().items():
            if value.ndim == 4:
                drawn = rng.normal(size=value.shape) * 1.5 / np.sqrt(value[0].numel())
            elif name.endswith("num_batches_tracked"):
                drawn = 7
            elif name.endswith(("running_var", "weight")):
                drawn = rng.uniform(0.5, 1.5, value.shape)
            else:
                drawn = rng.normal(size=value.shape) * 0.3
            value.copy_(torch.as_tensor(drawn))
    return network


def save(network, path, **options):
    """Writes a network's (randomized) state dict; returns the path as a string."""
    torch.save(network.state_dict() if isinstance(network, nn.Module) else network, path, **options)
    return str(path)


def to_torch(images):
    """[N, H, W, C] → [N, C, H, W]."""
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(images, -1, 1)))


def to_numpy(outputs):
    """The inverse of `to_torch`."""
    return np.moveaxis(outputs.detach().numpy(), 1, -1)


class Block(nn.Module):
    """A residual block: what is learned is added to the input."""

    def __init__(self, filters, norm, dropout):
        super().__init__()
        bias = norm == "instance"
        self.conv_block = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(filters, filters, 3, bias=bias),
            NORMS[norm](filters),
            nn.ReLU(),
            *([nn.Dropout(0.5)] if dropout else []),
            nn.ReflectionPad2d(1),
            nn.Conv2d(filters, filters, 3, bias=bias),
            NORMS[norm](filters),
        )

    def forward(self, x):
        return x + self.conv_block(x)


class ResNet(nn.Module):
    """The generator of Johnson et al. 2016 with `blocks` residual blocks."""

    def __init__(self, blocks=6, width=2, norm="batch", inputs=3, outputs=3, dropout=False):
        super().__init__()
        bias, widths = norm == "instance", (width, 2 * width, 4 * width)

        def normed(convolution):
            return [convolution, NORMS[norm](convolution.out_channels), nn.ReLU()]

        layers = [nn.ReflectionPad2d(3), *normed(nn.Conv2d(inputs, width, 7, bias=bias))]
        for small, large in ((0, 1), (1, 2)):
            layers += normed(nn.Conv2d(widths[small], widths[large], 3, 2, 1, bias=bias))
        layers += [Block(widths[2], norm, dropout) for _ in range(blocks)]
        for small, large in ((1, 2), (0, 1)):
            layers += normed(nn.ConvTranspose2d(widths[large], widths[small], 3, 2, 1, 1, bias=bias))
        self.model = nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(width, outputs, 7), nn.Tanh())

    def forward(self, x):
        return self.model(x)
