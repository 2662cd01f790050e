"""The same networks and training step in PyTorch, as its users would write them to be fast.

Best settings that were found: channels_last memory, cudnn.benchmark, fused Adam on a GPU, autocast for 16 bits, and no
gradients for D's weights in G's step. The paper's networks of `batch` norm and 256×256 or other powers of two.
"""

import contextlib

import torch
from torch import nn

WIDTHS = (1, 2, 4, 8, 8, 8, 8, 8)
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


class Level(nn.Module):
    """A level of the U-Net: halves its input, hands it to the level below, doubles what comes back and appends it."""

    def __init__(self, channels, width, below, outermost=False, dropout=False):
        super().__init__()
        self.outermost = outermost
        down = [nn.Conv2d(channels, width, 4, 2, 1, bias=False)]
        if not outermost:
            down.insert(0, nn.LeakyReLU(0.2))
            if below:
                down.append(nn.BatchNorm2d(width))
        outputs = 3 if outermost else channels
        up = [nn.ReLU(), nn.ConvTranspose2d(width * (2 if below else 1), outputs, 4, 2, 1, bias=outermost)]
        up += [nn.Tanh()] if outermost else [nn.BatchNorm2d(outputs), *([nn.Dropout(0.5)] if dropout else [])]
        self.layers = nn.Sequential(*down, *([below] if below else []), *up)

    def forward(self, x):
        """[N, C, H, W] → the same size; but for the outermost level, with x in front."""
        return self.layers(x) if self.outermost else torch.cat([x, self.layers(x)], 1)


def unet(config) -> nn.Module:
    """The generator."""
    widths = [config.base_filters * width for width in WIDTHS[: config.levels]]
    level = None
    for depth in reversed(range(len(widths))):
        dropout = len(widths) - 4 <= depth < len(widths)
        level = Level(widths[depth - 1] if depth else 3, widths[depth], level, not depth, dropout)
    return level


def patch_gan(config) -> nn.Module:
    """The discriminator with patches of 70 pixels, of input and image as six channels."""
    layers, channels = [], 6
    for number, width in enumerate((1, 2, 4, 8)):
        filters = config.base_filters * width
        layers.append(nn.Conv2d(channels, filters, 4, 2 if number < 3 else 1, 1, bias=not number))
        layers += [nn.BatchNorm2d(filters)] if number else []
        layers.append(nn.LeakyReLU(0.2))
        channels = filters
    return nn.Sequential(*layers, nn.Conv2d(channels, 1, 4, 1, 1))


def on_device(network):
    """A network, in the memory layout and on the device that are fastest."""
    torch.backends.cudnn.benchmark = True
    return network.to(device=DEVICE, memory_format=torch.channels_last)


def arithmetic(precision):
    """A context in which layers compute in a precision."""
    types = {"bfloat16": torch.bfloat16, "float16": torch.float16}
    return contextlib.nullcontext() if precision == "float32" else torch.autocast(DEVICE, types[precision])


def to_torch(x):
    """float32 NumPy [N, H, W, C] → [N, C, H, W] on the device; its memory stays channels_last."""
    return torch.from_numpy(x).to(DEVICE).permute(0, 3, 1, 2)


def inference(config, precision):
    """A function of a condition, float32 NumPy [N, H, W, 3], that returns the output of a generator."""
    network = on_device(unet(config)).eval()

    def call(condition):
        with torch.inference_mode(), arithmetic(precision):
            return network(to_torch(condition)).float().cpu()

    return call


def train_step(config, precision):
    """A function of (condition, target), float32 NumPy [N, H, W, 3] in [-1, 1], that returns `g_l1`."""
    generator, discriminator = on_device(unet(config)), on_device(patch_gan(config))
    optimizers = [
        torch.optim.Adam(network.parameters(), config.learning_rate, (config.beta_1, 0.999), fused=DEVICE == "cuda")
        for network in (generator, discriminator)
    ]
    entropy = nn.functional.binary_cross_entropy_with_logits

    def judged(condition, image, is_real):
        logits = discriminator(torch.cat([condition, image], 1)).float()
        return entropy(logits, torch.full_like(logits, is_real))

    def step(condition, target):
        condition, target = to_torch(condition), to_torch(target)
        with arithmetic(precision):
            fake = generator(condition)
            d_loss = (judged(condition, target, 1.0) + judged(condition, fake.detach(), 0.0)) / 2
        _update(optimizers[1], d_loss)
        discriminator.requires_grad_(False)
        with arithmetic(precision):
            g_l1 = (fake.float() - target).abs().mean()
            g_loss = judged(condition, fake, 1.0) + config.reconstruction_weight * g_l1
        _update(optimizers[0], g_loss)
        discriminator.requires_grad_(True)
        return {"g_l1": g_l1.detach()}

    return step


def _update(optimizer, loss):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
