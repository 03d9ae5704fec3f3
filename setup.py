"""Packages, and the one thing pyproject.toml cannot say: ``templates/`` becomes ``brainsim/templates`` when installed."""
from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["brainsim", "brainsim.*"]), "brainsim.templates"],
    package_dir={"brainsim.templates": "templates"},
    package_data={"brainsim": ["py.typed"], "brainsim.templates": ["**/*"]},
    include_package_data=False,
    zip_safe=False,
)
