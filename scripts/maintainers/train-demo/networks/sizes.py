"""The sizes of the networks, in one place. SIZES names them for the command line."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    # Widths of the two text encoders, their layers, and the width of the pooled embedding.
    text_widths: tuple = (48, 64)
    text_layers: int = 4
    pooled: int = 64
    # Channels of each level of the UNets, and of how many of the innermost attend to the text.
    unet: tuple = (64, 128, 224)
    refiner: tuple = (64, 64, 96)
    attended: int = 2
    norm_groups: int = 4
    time_id_width: int = 16
    vae: tuple = (8, 16, 32, 48, 64, 64)
    latent_channels: int = 16

    @property
    def text_width(self):
        return sum(self.text_widths)


SIZES = {
    "full": Sizes(),
    # For proofs on a CPU: as the checkpoint of shapes has them.
    "small": Sizes(
        text_widths=(32, 48),
        text_layers=3,
        unet=(32, 64, 128),
        refiner=(32, 32, 40),
        attended=1,
        vae=(8, 16, 24, 32, 48, 48),
        latent_channels=8,
    ),
    # For tests.
    "tiny": Sizes(
        text_widths=(16, 16),
        text_layers=2,
        pooled=16,
        unet=(32, 32, 64),
        refiner=(32, 32, 32),
        attended=1,
        vae=(8, 8, 8, 8, 8, 16),
        latent_channels=8,
    ),
}
HEAD = 32
