"""The checkpoint's networks: SDXL's own classes and config keys, small. One table for all sizes."""

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

import latents
import vocabulary

WIDTHS = (32, 48)
POOLED = 64
TIME_ID_WIDTH = 16
UNET_LEVELS = (32, 64, 128)
REFINER_LEVELS = (32, 32, 40)
VAE_LEVELS = (8, 16, 24, 32, 48, 48)


def text_encoder(width, model, vocabulary_size=vocabulary.SIZE, end=vocabulary.END, **more):
    config = CLIPTextConfig(
        vocab_size=vocabulary_size,
        hidden_size=width,
        intermediate_size=4 * width,
        projection_dim=POOLED,
        num_hidden_layers=3,
        num_attention_heads=width // 16,
        max_position_embeddings=vocabulary.LENGTH,
        hidden_act="quick_gelu",
        bos_token_id=vocabulary.BEGIN,
        eos_token_id=end,
        pad_token_id=1,
        **more,
    )
    config._attn_implementation = (
        "eager"  # Faster than the fused kernel on a CPU at these sizes, backwards above all.
    )
    encoder = model(config)
    # CLIP starts its embeddings at 0.02, far too faint beside a UNet that starts at unit scale.
    embeddings = encoder.get_input_embeddings(), _text_model(encoder).embeddings.position_embedding
    for embedding, spread in zip(embeddings, (0.4, 0.1)):
        torch.nn.init.normal_(embedding.weight, std=spread)
    return encoder


def _text_model(encoder):
    return getattr(encoder, "text_model", encoder)


def text_encoders():
    return torch.nn.ModuleList(
        [
            text_encoder(WIDTHS[0], CLIPTextModel),
            text_encoder(WIDTHS[1], CLIPTextModelWithProjection),
        ]
    )


TEXT_WIDTH = sum(WIDTHS)


def unet(levels=UNET_LEVELS, text_width=TEXT_WIDTH, time_ids=6):
    """Attention on the innermost level only: of all that a CPU pays for, it is the dearest higher up."""
    plain, cross = len(levels) - 1, 1
    network = UNet2DConditionModel(
        sample_size=latents.SIDE,
        in_channels=latents.CHANNELS,
        out_channels=latents.CHANNELS,
        down_block_types=["DownBlock2D"] * plain + ["CrossAttnDownBlock2D"] * cross,
        mid_block_type="UNetMidBlock2DCrossAttn",
        up_block_types=["CrossAttnUpBlock2D"] * cross + ["UpBlock2D"] * plain,
        block_out_channels=levels,
        layers_per_block=1,
        norm_num_groups=4,
        cross_attention_dim=text_width,
        transformer_layers_per_block=1,
        attention_head_dim=[max(1, width // 32) for width in levels],
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=TIME_ID_WIDTH,
        projection_class_embeddings_input_dim=time_ids * TIME_ID_WIDTH + POOLED,
    )
    network.set_attn_processor(AttnProcessor())  # As for the encoders.
    return network


def vae(scaling_factor=1.0):
    """One group of at least eight channels per norm: fewer channels in a group erase flat colour."""
    levels = len(VAE_LEVELS)
    return AutoencoderKL(
        in_channels=3,
        out_channels=3,
        latent_channels=latents.CHANNELS,
        block_out_channels=VAE_LEVELS,
        down_block_types=["DownEncoderBlock2D"] * levels,
        up_block_types=["UpDecoderBlock2D"] * levels,
        layers_per_block=1,
        norm_num_groups=1,
        sample_size=1024,
        scaling_factor=scaling_factor,
        force_upcast=True,
    )
