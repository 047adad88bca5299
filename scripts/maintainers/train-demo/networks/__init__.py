"""SDXL's networks in PyTorch alone, under diffusers' names."""
