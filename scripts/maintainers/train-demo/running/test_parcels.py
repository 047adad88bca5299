"""Weights that are carried home arrive whole or not at all."""

import tempfile
import unittest
from pathlib import Path

import torch

from running import parcels


def saved(value):
    plan = {"step": 3, "planned": None, "budget": 9.0, "spent": 4.0}
    return plan | {"average": {"weight": torch.full((4, 5), value)}, "trained": torch.zeros(1000)}


class Parcels(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.state = self.folder / "state"
        (self.state / "judge").mkdir(parents=True)

    def test_averages_the_basis_and_the_judge_come_back_and_the_rest_stays(self):
        for name, value in (("text", 1.0), ("vae", 1 / 3), ("base", 1 / 3), ("refiner", 2.0)):
            torch.save(saved(value), self.state / f"{name}.pt")
        torch.save(saved(5.0), self.state / "judge" / "judge.pt")
        torch.save({"kept": 0.5}, self.state / "basis.pt")
        (self.state / "log.jsonl").write_text("{}\n")
        out = self.folder / "out"
        parcels.publish(self.state, out)
        parcels.publish(self.state, out)
        self.assertEqual(sorted(file.name for file in out.iterdir()), ["log.jsonl", "weights.0"])
        parcels.receive(out, self.folder / "back")
        back = {
            file.stem: torch.load(file, weights_only=True) for file in (self.folder / "back").glob("*.pt")
        }
        # The text encoders are part of the base.
        self.assertEqual(set(back), {"vae", "base", "refiner", "judge", "basis"})
        self.assertEqual(back["vae"]["average"]["weight"][0, 0].item(), torch.tensor(1 / 3).item())
        self.assertEqual(back["base"]["average"]["weight"][0, 0].item(), torch.tensor(1 / 3).half().item())
        self.assertEqual(back["judge"]["average"]["weight"][0, 0].item(), 5)
        self.assertNotIn("trained", back["base"])

    def test_parts_are_joined_in_their_order_and_only_when_all_are_of_one_publication(self):
        first, second = ({"a": torch.randn(100), "n": n} for n in (1, 2))
        parts, others = parcels.parts_of(first, 500), parcels.parts_of(second, 500)
        self.assertGreater(len(parts), 2)
        self.assertTrue(torch.equal(parcels.joined(parts)["a"], first["a"]))
        for wrong in ([], parts[:-1], parts[::-1], [*parts[:-1], others[-1]]):
            with self.assertRaises(ValueError):
                parcels.joined(wrong)


if __name__ == "__main__":
    unittest.main()
