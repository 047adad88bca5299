"""Writes the random numbers of the references to src/numerics/oracles/random-normals.json.gz.

    python scripts/maintainers/make-oracles/torch-random.py

torch's CPU randn, A1111's Philox generator (modules/rng_philox.py, written again here from its algorithm),
NumPy's SeedSequence and torchsde's BrownianTree. Wants torch, torchsde and numpy.
"""

import base64
import gzip
import importlib.metadata
import json
import pathlib
import warnings

import numpy as np
import torch
import torchsde

# (seed, lengths of successive randn calls): with and without a tail, below 16 with and without an odd cache,
# and seeds beyond 32 bits.
TORCH_DRAWS = [
    (0, [16, 20, 1000]),
    (42, [1024, 17, 5, 1023]),
    (2**32 - 1, [2500]),
    (2**32 + 7, [31, 1500]),
    (999999999999999, [1600, 16]),
    (1, [1, 2, 3, 15, 8, 1]),
    (987654321987654, [7] * 200),
    (3, [16, 7, 16, 7]),
]
PHILOX_DRAWS = [
    (0, [2500, 100]),
    (1, [1000]),
    (2**32 - 1, [1500]),
    (2**32, [1500, 1000]),
    (999999999999999, [1400, 1000]),
]
SEED_SEQUENCES = [
    (entropy, key)
    for entropy in (0, 1, 2**32 - 1, 2**32, 999999999999999)
    for key in ((), (0, 0), (1, 1), (5, 3), (2**23 + 12345, 23))
]
# Sigmas of SDXL's range, a small range, and one whose middle is a tie of the rounding to six decimals (129 /
# 256).
BROWNIAN_RANGES = [(0.0291675, 14.614647), (0.05, 0.3), (0.0078125, 1.0)]
BROWNIAN_SEEDS = [0, 7, 999999999999999]
BROWNIAN_LENGTH = 16


def encode(values):
    return base64.b64encode(np.asarray(values, "<f4").tobytes()).decode()


def torch_draws(seed, lengths):
    generator = torch.Generator().manual_seed(seed)
    return np.concatenate([torch.randn(length, generator=generator).numpy() for length in lengths])


def philox_words(seed, draw, length):
    """First two words of Philox4x32-10 at counters (draw, 0, i, 0)."""
    multipliers, weyl = (0xD2511F53, 0xCD9E8D57), (0x9E3779B9, 0xBB67AE85)
    mask, shift = np.uint64(0xFFFFFFFF), np.uint64(32)
    counter = [np.full(length, draw, np.uint64), np.zeros(length, np.uint64)]
    counter += [np.arange(length, dtype=np.uint64), np.zeros(length, np.uint64)]
    key = [seed & 0xFFFFFFFF, seed >> 32]
    for _ in range(10):
        a, b = counter[0] * np.uint64(multipliers[0]), counter[2] * np.uint64(multipliers[1])
        counter = [
            (b >> shift) ^ counter[1] ^ np.uint64(key[0]),
            b & mask,
            (a >> shift) ^ counter[3] ^ np.uint64(key[1]),
            a & mask,
        ]
        key = [(k + w) & 0xFFFFFFFF for k, w in zip(key, weyl)]
    return counter[0].astype(np.uint32), counter[1].astype(np.uint32)


def philox_draws(seed, lengths):
    scale = np.float32(2.3283064e-10)
    scale_2pi = np.float32(2.3283064e-10 * 6.2831855)
    values = []
    for draw, length in enumerate(lengths):
        x, y = philox_words(seed, draw, length)
        u = x * np.float64(scale) + np.float64(scale) / 2
        v = y * np.float64(scale_2pi) + np.float64(scale_2pi) / 2
        values.append((np.sqrt(-2.0 * np.log(u)) * np.sin(v)).astype(np.float32))
    return np.concatenate(values)


def brownian_queries(low, high):
    """Falling steps, a step back up, the whole range, one beyond the ends, and neighbours one millionth
    apart.
    """
    points = np.geomspace(high, low, 8).tolist()
    return [
        *zip(points, points[1:]),
        (points[5], points[2]),
        (high, low),
        (2 * high, low / 2),
        (points[3], points[3] + 1e-5),
    ]


def brownian(seed, low, high):
    tree = torchsde.BrownianTree(
        torch.tensor(low), torch.zeros(BROWNIAN_LENGTH), torch.tensor(high), entropy=seed
    )
    values = []
    for start, end in brownian_queries(low, high):
        a, b = torch.tensor(start), torch.tensor(end)
        increment = tree(a, b) if a < b else -tree(b, a)
        values.append((increment / (b - a).abs().sqrt()).numpy())
    return np.concatenate(values)


def main():
    # torchsde warns of queries beyond its ends, which are asked on purpose.
    warnings.filterwarnings("ignore", message="Should have")
    data = {
        "source": {
            **{name: importlib.metadata.version(name) for name in ("torch", "torchsde", "numpy")},
            "philox": "AUTOMATIC1111/stable-diffusion-webui 1.6 to 1.8, modules/rng_philox.py",
        },
        "torchCpu": [{"seed": s, "lengths": n, "values": encode(torch_draws(s, n))} for s, n in TORCH_DRAWS],
        "philox": [{"seed": s, "lengths": n, "values": encode(philox_draws(s, n))} for s, n in PHILOX_DRAWS],
        "seedSequence": [
            {
                "entropy": entropy,
                "spawnKey": key,
                "word": int(
                    np.random.SeedSequence(entropy, spawn_key=key, pool_size=24).generate_state(1)[0]
                ),
            }
            for entropy, key in SEED_SEQUENCES
        ],
        "brownian": [
            {
                "seed": seed,
                "low": low,
                "high": high,
                "queries": brownian_queries(low, high),
                "values": encode(brownian(seed, low, high)),
            }
            for low, high in BROWNIAN_RANGES
            for seed in BROWNIAN_SEEDS
        ],
    }
    target = pathlib.Path(__file__).parents[3] / "src/numerics/oracles/random-normals.json.gz"
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(gzip.compress(json.dumps(data).encode(), 9, mtime=0))
    print(f"{target}: {target.stat().st_size} bytes")


main()
