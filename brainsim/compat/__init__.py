"""Brian 2's names and import paths: thin, and nothing outside this folder knows of it (`brainsim/__init__.py`
apart)."""
