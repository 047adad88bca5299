"""Teaches the text encoders what captions mean, before and apart from pictures: minutes instead of hours.

    python train_text.py --folder <state> --minutes 5

From the pooled embedding, and from every penultimate hidden state from the end token on, linear heads (thrown
away afterwards) must read the whole scene: ground, and each thing's shape, colour, place and extent; from the
state of a thing's own word, that thing. What a linear map can read, the UNet's cross-attention learns
quickly. Writes <state>/text.pt; train_base.py starts from it.
"""

import argparse
import random
import time

import numpy as np
import torch
import torch.nn.functional as F

import captions
import networks
import scenes
import vocabulary
from state import State

SHAPES, COLOURS, LOOKS = list(scenes.SHAPES), list(scenes.COLOURS), list(scenes.LOOKS)
SHAPE_WORDS = {
    number
    for words in captions.SHAPE_WORDS.values()
    for word in words
    if (number := vocabulary.NUMBER.get(word + "</w>")) is not None
}
# Logits of the ground; then for each of two things: shape (or none), colour, look, x, y, radius.
THING = len(SHAPES) + 1 + len(COLOURS) + len(LOOKS) + 3
SCENE = len(COLOURS) + 2 * THING


def describe(scene):
    """Ground class; [2, 3] classes of shape, colour, look (-1: not there); [2, 3] x, y, radius about zero."""
    classes, numbers = np.full((2, 3), -1), np.zeros((2, 3), np.float32)
    classes[:, 0] = len(SHAPES)
    for index, thing in enumerate(scene.things):
        classes[index] = SHAPES.index(thing.shape), COLOURS.index(thing.colour), LOOKS.index(thing.look)
        numbers[index] = (thing.x - 0.5) * 4, (thing.y - 0.5) * 4, (thing.radius - 0.16) * 16
    return COLOURS.index(scene.background), classes, numbers


def thing_loss(logits, classes, numbers):
    shape, colour, look, place = logits.split([len(SHAPES) + 1, len(COLOURS), len(LOOKS), 3], -1)
    there = (classes[..., 1] >= 0).float()
    loss = F.cross_entropy(shape.flatten(0, -2), classes[..., 0].flatten())
    loss = loss + F.cross_entropy(colour.flatten(0, -2), classes[..., 1].flatten(), ignore_index=-1)
    loss = loss + 0.3 * F.cross_entropy(look.flatten(0, -2), classes[..., 2].flatten(), ignore_index=-1)
    return loss + ((place - numbers).square().mean(-1) * there).mean()


def scene_loss(logits, grounds, classes, numbers):
    ground, things = logits.split([len(COLOURS), 2 * THING], -1)
    return F.cross_entropy(ground, grounds) + 2 * thing_loss(
        things.unflatten(-1, (2, THING)), classes, numbers
    )


def main():
    parse = argparse.ArgumentParser()
    parse.add_argument("--folder", required=True)
    parse.add_argument("--minutes", type=float, default=5)
    parse.add_argument("--batch", type=int, default=64)
    parse.add_argument("--lr", type=float, default=2e-3)
    parse.add_argument("--threads", type=int, default=1)
    options = parse.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    encoders = networks.text_encoders()
    heads = torch.nn.ModuleDict(
        {
            **{f"scene{i}": torch.nn.Linear(width, SCENE) for i, width in enumerate(networks.WIDTHS)},
            **{f"thing{i}": torch.nn.Linear(width, THING) for i, width in enumerate(networks.WIDTHS)},
            "pooled": torch.nn.Linear(networks.POOLED, SCENE),
        }
    )
    both = torch.nn.ModuleDict({"encoders": encoders, "heads": heads})
    optimizer = torch.optim.AdamW(both.parameters(), lr=options.lr, betas=(0.9, 0.99), weight_decay=0.0)
    state = State(options.folder, "text")
    parts = {"both": both, "optimizer": optimizer}
    state.load(parts)
    source = random.Random(70_000 + state.step)
    shape_words = torch.tensor(sorted(SHAPE_WORDS))
    started, losses = time.time(), []
    while (passed := (time.time() - started) / (options.minutes * 60)) < 1:
        for group in optimizer.param_groups:
            group["lr"] = float(
                options.lr * min(1, (state.step + 1) / 100) * (0.05 + 0.95 * (1 + np.cos(np.pi * passed)) / 2)
            )
        told = [captions.random_scene(source) for _ in range(options.batch)]
        ids = torch.tensor([vocabulary.encode(caption) for caption, _ in told])
        grounds, classes, numbers = (
            torch.from_numpy(np.array(part)) for part in zip(*(describe(scene) for _, scene in told))
        )
        rows = torch.arange(options.batch)
        end = (ids[:, 0] == vocabulary.END).int().argmax(1)
        later = torch.minimum(
            end + torch.randint(1, 50, (options.batch,)), torch.tensor(vocabulary.LENGTH - 1)
        )
        # The n-th shape word of a caption is the n-th thing.
        is_shape = torch.isin(ids[:, 0], shape_words)
        where = is_shape.nonzero()
        order = is_shape.cumsum(1)[where[:, 0], where[:, 1]] - 1
        loss, parts_of_loss = 0, []
        for index, encoder in enumerate(encoders):
            made = encoder(ids[:, index], output_hidden_states=True)
            hidden = made.hidden_states[-2]
            for position in (end, later):
                parts_of_loss.append(
                    scene_loss(heads[f"scene{index}"](hidden[rows, position]), grounds, classes, numbers)
                )
            mine = where[:, 0], order.clamp(max=1)
            parts_of_loss.append(
                thing_loss(
                    heads[f"thing{index}"](hidden[where[:, 0], where[:, 1]]), classes[mine], numbers[mine]
                )
            )
        parts_of_loss.append(scene_loss(heads["pooled"](made.text_embeds), grounds, classes, numbers))
        loss = sum(parts_of_loss) / len(parts_of_loss)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(both.parameters(), 1.0)
        optimizer.step()
        for encoder in encoders:
            encoder.get_input_embeddings().weight.data[vocabulary.UNKNOWN] = 0
        state.step += 1
        losses.append([part.item() for part in parts_of_loss])
        if state.step % 100 == 0:
            state.log(
                losses=[round(value, 3) for value in np.mean(losses, 0).tolist()],
                spread=[round(hidden.std().item(), 2), round(made.text_embeds.std().item(), 2)],
            )
            losses = []
        if state.due():
            state.save(parts)
    state.save(parts)


if __name__ == "__main__":
    main()
