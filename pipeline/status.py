"""Status: the settings in force, and which stages are finished."""

import json
from collections.abc import Iterator
from datetime import datetime

from feint.pipeline.config import Config
from feint.pipeline.store import RECIPE, Store


def status(config: Config, store: Store) -> Iterator[str]:
    """Lines for people: every setting, then every finished stage, the one used last at the end."""
    for table, settings in config.model_dump(mode="json").items():
        for key, value in settings.items():
            yield f"{table}.{key} = {json.dumps(value)}"
    found = store.stages()
    yield ""
    if not found:
        yield f"no finished stages in {store.root}; 'feint train' or 'feint demo' makes some"
    for stage, folders in found.items():
        for folder in folders:
            used = datetime.fromtimestamp((folder / RECIPE).stat().st_mtime).astimezone().isoformat(timespec="seconds")
            size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
            yield f"{stage:8} {folder.name[:12]}  {size / 1e6:8.2f} MB  used {used}  {folder}"
