"""An adapter: what tuning changed in an encoder's linear layers, at low rank (LoRA, Hu et al. 2021, arXiv 2106.09685)."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from feint.corpus import digest

LAYERS = 6
WIDTHS = {"mix": (384, 1152), "out": (384, 384), "up": (384, 1536), "down": (1536, 384)}
"""The linear layers of each of the embedded encoder's layers: (in, out)."""
Half = npt.NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class Adapter:
    """Two thin matrices a layer, by the layer's name; their product is added to its weight.

    >>> thin = Adapter({"0.out": (np.ones((1, 2), np.float16), np.ones((3, 1), np.float16))})
    >>> thin.change("0.out").shape
    (3, 2)
    >>> thin == Adapter.from_tensors(thin.tensors())
    True
    """

    layers: Mapping[str, tuple[Half, Half]]
    """(rank, in) and (out, rank)."""

    def change(self, layer: str) -> npt.NDArray[np.float32] | None:
        """What is added to the layer's weight, (out, in); none where nothing was changed."""
        if layer not in self.layers:
            return None
        down, up = (half.astype(np.float32) for half in self.layers[layer])
        return up @ down

    def tensors(self) -> dict[str, Half]:
        """As a file holds them."""
        return {
            f"{layer}.{side}": half
            for layer, pair in self.layers.items()
            for side, half in zip(("low", "high"), pair, strict=True)
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, npt.NDArray[np.floating]]) -> "Adapter":
        """The opposite of `tensors`; KeyError where half a pair is missing."""
        names = sorted({name.rsplit(".", 1)[0] for name in tensors})
        return cls({
            name: (tensors[f"{name}.low"].astype(np.float16), tensors[f"{name}.high"].astype(np.float16))
            for name in names
        })  # fmt: skip

    @property
    def rank(self) -> int:
        """Rank of the change."""
        return len(next(iter(self.layers.values()))[0])

    @property
    def fingerprint(self) -> str:
        """Changes with any number in it."""
        return digest.of_value({name: half.tobytes().hex() for name, half in sorted(self.tensors().items())})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Adapter) and self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)
