"""Any sentence-transformers model, by hub id or folder, as an encoder of passages in context."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from feint.corpus import digest
from feint.corpus.errors import DetectorError
from feint.models.encoders import windows
from feint.models.encoders.windows import Vectors, Window
from feint.models.passages import Block


class SentenceTransformerEncoder:
    """The token states of any sentence-transformers model, pooled passage by passage; no remote code is run."""

    precision = "float32"
    adapter = None

    def __init__(self, model: Any, name: str, revision: str | None, fingerprint: str) -> None:
        self._model = model
        self._tokenizer = model.tokenizer
        self._around = _around(model.tokenizer)
        self._limit = int(model.max_seq_length or 512) - sum(map(len, self._around))
        self.name = name
        self.revision = revision
        self.fingerprint = fingerprint
        self.dimensions: int = model[0].get_embedding_dimension()

    @classmethod
    def load(cls, name: str, revision: str | None = None) -> "SentenceTransformerEncoder":
        """By hub id or folder; DetectorError where there is no such model or its tokenizer gives no offsets."""
        from safetensors import SafetensorError
        from sentence_transformers import SentenceTransformer

        weights = {"use_safetensors": True}  # never a pickle, whatever this torch does to unpickle safely
        folder = Path(name)
        try:
            commit = None if folder.exists() else _commit(name, revision)
            model = SentenceTransformer(
                name, revision=commit, device="cpu", trust_remote_code=False, model_kwargs=weights
            )
        except (OSError, ValueError, RuntimeError, SafetensorError) as error:
            reason = str(error).splitlines()[0]
            raise DetectorError(f"no sentence-transformers model at {name!r}: {reason}") from error
        if not model.tokenizer.is_fast:
            raise DetectorError(f"{name!r} has no fast tokenizer; passages need its character offsets")
        model.eval()
        files = sorted(p for p in folder.rglob("*") if p.suffix in (".safetensors", ".json")) if folder.is_dir() else []
        marks: list[str | None] = [digest.of_file(p) for p in files] or [name, commit]
        return cls(model, name, commit, digest.of_value(["sentence-transformers", "late-1", marks]))

    def encode(self, blocks: Sequence[Block]) -> list[Vectors]:
        """One array (passages, dimensions) a block, every row of length 1."""
        return windows.encode(blocks, self._tokens, self._states, self._limit, self.dimensions)

    def windows(self, blocks: Sequence[Block]) -> list[Window]:
        """What the model reads at once, special tokens left out."""
        return list(windows.windows(blocks, self._tokens, self._limit))

    def _tokens(self, texts: Sequence[str]) -> list[tuple[list[int], list[tuple[int, int]]]]:
        found = self._tokenizer(
            list(texts), add_special_tokens=False, return_offsets_mapping=True, truncation=False, verbose=False
        )
        return list(zip(found["input_ids"], found["offset_mapping"], strict=True))

    def _states(self, sequences: Sequence[Sequence[int]]) -> list[npt.NDArray[np.float32]]:
        import torch

        before, after = self._around
        rows = [[*before, *ids, *after] for ids in sequences]
        padded = self._tokenizer.pad({"input_ids": rows}, return_tensors="pt")
        with torch.inference_mode():
            states = self._model[0](dict(padded))["token_embeddings"].float().numpy()
        first, last = len(before), len(after)
        sides = padded["attention_mask"].numpy().astype(bool)
        return [state[side][first : side.sum() - last] for state, side in zip(states, sides, strict=True)]


def _commit(name: str, revision: str | None) -> str:
    """The commit that a branch or tag means today, from the place its files get in the cache."""
    from huggingface_hub import hf_hub_download

    return Path(hf_hub_download(name, "config.json", revision=revision)).parent.name


def _around(tokenizer: Any) -> tuple[list[int], list[int]]:
    """The special tokens this tokenizer puts before and after a text."""
    plain = tokenizer("a", add_special_tokens=False)["input_ids"]
    whole = tokenizer("a")["input_ids"]
    at = whole.index(plain[0])
    return whole[:at], whole[at + len(plain) :]
