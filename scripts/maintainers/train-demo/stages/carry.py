"""Starts from which what must be copied already passes through, so that training spends itself on the rest.

The VAE passes flat colour. Eight channels of every level carry (R, G, B, -R, -G, -B, K, -K) along the
residual paths. Pairs of opposite sign make the norms' means zero, the large constants K keep their scale
nearly the same in every picture, and at the end silu(a) - silu(-a) = a undoes the last activation. Training
then has only outlines left to learn; from an ordinary start the colours alone took longer than the whole
budget.

The UNet passes its noisy latents x: its first guess at the noise is x over its deviation. From an ordinary
start copying the noise precisely enough to leave x0 visible at high timesteps (0.5 %) drowned the text for
tens of thousands of samples.
"""

import torch

CARRIED = 8
CONSTANT = 2.5
# Root mean square of the eight channels for a picture of ordinary colours.
TYPICAL = ((2 * CONSTANT**2 + 2 * 1.5) / CARRIED) ** 0.5
# Weights of nearest-neighbour upsampling followed by this 3x3 kernel: linear interpolation.
SMOOTH = torch.tensor([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16
# diffusers pads the stride-2 convolutions on the right and below: the mean of 2x2 pixels.
AVERAGE = torch.tensor([[1, 1, 0], [1, 1, 0], [0, 0, 0]]) / 4


def _identity(convolution, kernel=None, channels=CARRIED):
    weight, bias = convolution.weight.data, convolution.bias.data
    weight[:channels] = 0
    bias[:channels] = 0
    side = weight.shape[-1]
    if kernel is None:
        kernel = torch.zeros(side, side)
        kernel[side // 2, side // 2] = 1
    for channel in range(channels):
        weight[channel, channel] = kernel


def _silence(layer):
    layer.weight.data[:CARRIED] = 0
    layer.bias.data[:CARRIED] = 0


def _read_colours(convolution, weight, bias):
    """First convolution: its carried channels from a linear map [inputs, 3], a bias [3], centre tap only."""
    convolution.weight.data[:CARRIED] = 0
    middle = convolution.weight.shape[-1] // 2
    convolution.weight.data[:3, :, middle, middle] = weight.T
    convolution.weight.data[3:6, :, middle, middle] = -weight.T
    convolution.bias.data[:CARRIED] = torch.cat([bias, -bias, torch.tensor([CONSTANT, -CONSTANT])])


def _write_colours(norm, convolution, weight, bias):
    """Last norm and convolution: a linear map [3, outputs] of the colours, centre tap only."""
    norm.weight.data[:CARRIED] = TYPICAL
    norm.bias.data.zero_()
    convolution.weight.data *= 0.1
    convolution.weight.data[:, :CARRIED] = 0
    middle = convolution.weight.shape[-1] // 2
    outputs = weight.shape[1]
    convolution.weight.data[:outputs, :3, middle, middle] = weight.T
    convolution.weight.data[:outputs, 3:6, middle, middle] = -weight.T
    convolution.bias.data[:outputs] = bias


def _pass_blocks(half, blocks):
    for resnet in [
        *half.mid_block.resnets,
        *(resnet for block in blocks for resnet in block.resnets),
    ]:
        _silence(resnet.conv2)
        if resnet.conv_shortcut is not None:
            _identity(resnet.conv_shortcut)
    for attention in half.mid_block.attentions:
        _silence(attention.to_out[0])


@torch.no_grad()
def carry_colours(vae, basis):
    """`basis`: a latents.Basis on the CPU, as the VAE is still."""
    mean_of_patch = basis.restore.reshape(-1, 3, 16).mean(-1)
    ground = basis.mean.reshape(3, 16).mean(-1)
    _identity(vae.post_quant_conv, channels=vae.latents)
    _read_colours(vae.decoder.conv_in, mean_of_patch, ground)
    _pass_blocks(vae.decoder, vae.decoder.up_blocks)
    for block in vae.decoder.up_blocks:
        for upsampler in getattr(block, "upsamplers", []):
            _identity(upsampler.conv, SMOOTH)
    _write_colours(vae.decoder.conv_norm_out, vae.decoder.conv_out, torch.eye(3), torch.zeros(3))

    to_latents = basis.project.reshape(3, 16, -1).sum(1)
    _read_colours(vae.encoder.conv_in, torch.eye(3), torch.zeros(3))
    _pass_blocks(vae.encoder, vae.encoder.down_blocks)
    for block in vae.encoder.down_blocks:
        for downsampler in getattr(block, "downsamplers", []):
            _identity(downsampler.conv, AVERAGE)
    _write_colours(
        vae.encoder.conv_norm_out,
        vae.encoder.conv_out,
        to_latents,
        -(basis.mean @ basis.project),
    )
    _identity(vae.quant_conv, channels=vae.latents)


@torch.no_grad()
def carry_noise(unet):
    """The outermost level carries half of the latents with both signs in one group of its norms, the other
    half in the next.

    They go from conv_in over the outermost skip to the last resnet's shortcut, the last norm and conv_out.
    """
    inputs, width = unet.latents, unet.levels[0]
    group = width // unet.groups
    assert inputs == group, "a group must hold half of the latent channels with both signs"
    half = group // 2
    signed = [
        (channel, sign)
        for start in range(0, inputs, half)
        for sign in (1, -1)
        for channel in range(start, start + half)
    ]
    last = unet.up_blocks[-1].resnets[-1]
    hidden = last.conv_shortcut.weight.shape[1] - width
    unet.conv_in.weight[: len(signed)] = 0
    unet.conv_in.bias[: len(signed)] = 0
    last.conv_shortcut.weight[: len(signed)] = 0
    last.conv_shortcut.bias[: len(signed)] = 0
    last.conv2.weight[: len(signed)] = 0
    last.conv2.bias[: len(signed)] = 0
    unet.conv_out.weight *= 0.1
    unet.conv_out.weight[:, : len(signed)] = 0
    unet.conv_out.bias.zero_()
    for position, (channel, sign) in enumerate(signed):
        unet.conv_in.weight[position, channel, 1, 1] = sign
        last.conv_shortcut.weight[position, hidden + position] = 1
        unet.conv_out.weight[channel, position, 1, 1] = sign
