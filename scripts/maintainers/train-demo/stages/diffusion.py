"""SDXL's noise schedule for training (scaled linear, epsilon) and a plain DDIM sampler for looking at
progress.
"""

import torch

STEPS = 1000
GUIDANCE = 7.5


def alphas_cumprod():
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, STEPS, dtype=torch.float64) ** 2
    return torch.cumprod(1 - betas, 0).float()


class Noising:
    """Draws timesteps and noise.

    The wanted weight of the epsilon loss is min-SNR's (5 / SNR above 5; Hang et al. 2023, arXiv:2303.09556)
    and, below SNR 1, where the text alone decides what appears, up to 20 times more: SNR ** -0.75. Half of it
    (its square root) goes into how often a timestep is drawn.
    """

    def __init__(self, lowest=0, highest=STEPS, offset=0.1, mistaken=0.25, device="cpu"):
        self.alphas = alphas_cumprod().to(device)
        snr = self.alphas / (1 - self.alphas)
        wanted = torch.where(snr < 1, (snr**-0.75).clamp(max=20), (5 / snr).clamp(max=1))
        often = wanted.sqrt().clamp(min=0.2)
        often[:lowest] = 0
        often[highest:] = 0
        self.often = often / often.sum()
        self.weight = torch.where(
            self.often > 0, wanted / self.often.clamp(min=1e-9), torch.zeros_like(wanted)
        )
        self.weight /= (self.weight * self.often).sum()
        self.offset = offset
        # Spread of the grain that sampling has left so far, in units of the latents.
        self.mistaken = mistaken

    def draw(self, clean):
        """Noisy latents, noise, timesteps and loss weights. The noise carries a random mean per channel.

        It is often stronger than its timestep says: sampling errs by a share of the noise where there is most
        of it, and a network that believed the timestep would keep that share as grain to the end. So it must
        see how much there is.
        """
        count, channels = clean.shape[:2]
        timesteps = torch.multinomial(self.often, count, replacement=True)
        alpha = self.alphas[timesteps].view(-1, 1, 1, 1)
        mean = torch.randn(count, channels, 1, 1, device=clean.device)
        noise = torch.randn_like(clean) + self.offset * mean
        noise = noise * self._strength(((1 - alpha) / alpha).sqrt())
        return alpha.sqrt() * clean + (1 - alpha).sqrt() * noise, noise, timesteps, self.weight[timesteps]

    def _strength(self, sigma):
        """Factors for noise that should be `sigma` beside the clean latents: 70 % too much, 15 % too little,
        15 % right.
        """
        much = 1 + self.mistaken * torch.randn_like(sigma).abs() / sigma
        little = 1 - 0.3 * torch.rand_like(sigma)
        chance = torch.rand_like(sigma)
        return torch.where(chance < 0.7, much, torch.where(chance < 0.85, little, torch.ones_like(sigma)))


def guided(told, untold):
    return untold + GUIDANCE * (told - untold)


@torch.no_grad()
def ddim(predict, noisy, steps=25, first=STEPS, last=0):
    """predict(latents, timestep) -> epsilon; leading spacing as served, from the first timestep below `first`
    to the last that is not below `last`.
    """
    alphas = alphas_cumprod().to(noisy.device)
    times = [t for t in range((steps - 1) * (STEPS // steps) + 1, 0, -(STEPS // steps)) if t < first]
    for index, t in enumerate(times):
        if t < last:
            break
        after = alphas[times[index + 1]] if index + 1 < len(times) else torch.ones((), device=noisy.device)
        epsilon = predict(noisy, t)
        clean = (noisy - (1 - alphas[t]).sqrt() * epsilon) / alphas[t].sqrt()
        noisy = after.sqrt() * clean + (1 - after).sqrt() * epsilon
    return noisy
