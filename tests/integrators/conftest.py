"""Stored solutions of these tests go to a folder of their own."""
import pytest


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("BRAINSIM_CACHE_DIR", str(tmp_path / "cache"))
