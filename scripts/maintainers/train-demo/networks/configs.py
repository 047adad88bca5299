"""The config files of diffusers and transformers for these networks."""

from networks.sizes import HEAD
from scenes import vocabulary

SCHEDULER = {
    "_class_name": "EulerDiscreteScheduler",
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "clip_sample": False,
    "interpolation_type": "linear",
    "num_train_timesteps": 1000,
    "prediction_type": "epsilon",
    "sample_max_value": 1.0,
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "steps_offset": 1,
    "timestep_spacing": "leading",
    "trained_betas": None,
    "use_karras_sigmas": False,
}


def unet_config(unet):
    levels = len(unet.levels)
    plain = levels - unet.attended
    return {
        "_class_name": "UNet2DConditionModel",
        "act_fn": "silu",
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": unet.time_id_width,
        # Heads of each level: diffusers' name for it says otherwise.
        "attention_head_dim": [max(1, width // HEAD) for width in unet.levels],
        "block_out_channels": list(unet.levels),
        "center_input_sample": False,
        "cross_attention_dim": unet.text_width,
        "down_block_types": ["DownBlock2D"] * plain + ["CrossAttnDownBlock2D"] * unet.attended,
        "flip_sin_to_cos": True,
        "freq_shift": 0,
        "in_channels": unet.latents,
        "layers_per_block": 1,
        "mid_block_type": "UNetMidBlock2DCrossAttn",
        "norm_eps": 1e-5,
        "norm_num_groups": unet.groups,
        "out_channels": unet.latents,
        "projection_class_embeddings_input_dim": unet.time_ids * unet.time_id_width + unet.pooled,
        "sample_size": 32,
        "transformer_layers_per_block": 1,
        "up_block_types": ["CrossAttnUpBlock2D"] * unet.attended + ["UpBlock2D"] * plain,
        "use_linear_projection": True,
    }


def vae_config(vae):
    levels = len(vae.levels)
    return {
        "_class_name": "AutoencoderKL",
        "act_fn": "silu",
        "block_out_channels": list(vae.levels),
        "down_block_types": ["DownEncoderBlock2D"] * levels,
        "force_upcast": True,
        "in_channels": 3,
        "latent_channels": vae.latents,
        "layers_per_block": 1,
        "norm_num_groups": 1,
        "out_channels": 3,
        "sample_size": 1024,
        "scaling_factor": 1.0,
        "up_block_types": ["UpDecoderBlock2D"] * levels,
    }


def text_encoder_config(encoder):
    has_projection = encoder.pooled is not None
    return {
        "architectures": ["CLIPTextModelWithProjection" if has_projection else "CLIPTextModel"],
        "attention_dropout": 0.0,
        "bos_token_id": vocabulary.CLIP_BEGIN,
        "eos_token_id": vocabulary.CLIP_END,
        "hidden_act": "quick_gelu",
        "hidden_size": encoder.width,
        "initializer_factor": 1.0,
        "initializer_range": 0.02,
        "intermediate_size": 4 * encoder.width,
        "layer_norm_eps": 1e-5,
        "max_position_embeddings": vocabulary.LENGTH,
        "model_type": "clip_text_model",
        "num_attention_heads": max(1, encoder.width // 16),
        "num_hidden_layers": encoder.layers,
        "pad_token_id": 1,
        "projection_dim": encoder.pooled if has_projection else encoder.width,
        "torch_dtype": "float16",
        "vocab_size": vocabulary.CLIP_VOCABULARY,
    }
