"""Where options meet: what the environment may choose, each read by one small function."""
from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def cache_directory() -> Path:
    """The folder for things that can be made again: ``BRAINSIM_CACHE_DIR``, else the user's cache folder. It may not exist yet."""
    chosen = os.environ.get("BRAINSIM_CACHE_DIR")
    return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("brainsim")
