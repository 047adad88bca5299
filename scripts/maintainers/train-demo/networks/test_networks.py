"""The networks against diffusers' and transformers' own classes, with the files that export.py writes.

python -m unittest networks.test_networks        # wants diffusers, transformers and safetensors
"""

import tempfile
import unittest
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTextModelWithProjection

from export import export
from networks.autoencoder import Autoencoder
from networks.configs import unet_config, vae_config
from networks.sizes import SIZES
from networks.text_encoder import text_encoders
from networks.unet import base_unet, refiner_unet
from scenes.vocabulary import BEGIN, CLIP_BEGIN, CLIP_END, CLIP_PAD, END, PAD


def halved(module):
    """As export writes it: in half precision."""
    for value in module.state_dict().values():
        value.copy_(value.half().float())
    return module.eval()


class Networks(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(0)
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def test_a_unet_predicts_what_diffusers_predicts(self):
        for size in ("small", "full"):
            sizes = SIZES[size]
            for unet in (base_unet(sizes), refiner_unet(sizes)):
                export.write_component(
                    self.folder,
                    "diffusion_pytorch_model.safetensors",
                    unet_config(unet),
                    halved(unet).state_dict(),
                )
                theirs = UNet2DConditionModel.from_pretrained(self.folder, torch_dtype=torch.float32).eval()
                noisy, hidden = torch.randn(2, unet.latents, 16, 16), torch.randn(2, 77, unet.text_width)
                pooled, ids = torch.randn(2, unet.pooled), torch.rand(2, unet.time_ids) * 1024
                times = torch.tensor([3, 900])
                with torch.no_grad():
                    expected = theirs(
                        noisy, times, hidden, added_cond_kwargs={"text_embeds": pooled, "time_ids": ids}
                    ).sample
                    torch.testing.assert_close(
                        unet(noisy, times, hidden, pooled, ids), expected, atol=2e-4, rtol=2e-4
                    )

    def test_a_vae_encodes_and_decodes_as_diffusers_does(self):
        vae = halved(Autoencoder(SIZES["full"]))
        export.write_component(
            self.folder, "diffusion_pytorch_model.safetensors", vae_config(vae), vae.state_dict()
        )
        theirs = AutoencoderKL.from_pretrained(self.folder, torch_dtype=torch.float32).eval()
        latents, pixels = torch.randn(1, vae.latents, 4, 4), torch.randn(1, 3, 128, 128)
        with torch.no_grad():
            torch.testing.assert_close(
                vae.decode(latents), theirs.decode(latents).sample, atol=2e-4, rtol=2e-4
            )
            posterior = theirs.encode(pixels).latent_dist
            mean, log_variance = vae.encode(pixels)
            torch.testing.assert_close(mean, posterior.mean, atol=2e-4, rtol=2e-4)
            torch.testing.assert_close(log_variance.clamp(-30, 20), posterior.logvar, atol=2e-4, rtol=2e-4)

    def test_text_encoders_say_what_those_of_transformers_say(self):
        clip_ids = {PAD: CLIP_PAD, BEGIN: CLIP_BEGIN, END: CLIP_END, 4: 320, 5: 2368}
        rows = [BEGIN, 4, 5, 0, END] + [END] * 72
        ids = [CLIP_BEGIN, 320, 2368, 1000, CLIP_END] + [CLIP_END] * 72
        encoders = text_encoders(SIZES["full"], 6)
        for encoder, model in zip(encoders, (CLIPTextModel, CLIPTextModelWithProjection)):
            encoder.silence_unknown()
            export.write_text_encoder(self.folder, halved(encoder), clip_ids)
            theirs = model.from_pretrained(self.folder, torch_dtype=torch.float32).eval()
            with torch.no_grad():
                hidden, pooled = encoder(torch.tensor([rows]))
                expected = theirs(torch.tensor([ids]), output_hidden_states=True)
            torch.testing.assert_close(hidden, expected.hidden_states[-2], atol=1e-4, rtol=1e-4)
            if pooled is not None:
                torch.testing.assert_close(pooled, expected.text_embeds, atol=1e-4, rtol=1e-4)


if __name__ == "__main__":
    unittest.main()
