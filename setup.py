"""Packages, and what pyproject.toml cannot say: ``templates/`` becomes ``brainsim/templates`` when installed, with the
Cython half of every network translated to C, so that the first run of a new user need not wait for Cython."""
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py


class Build(build_py):
    """Adds ``module.c`` beside ``module.pyx``; without Cython, and in an editable installation, the first run
    translates it."""

    def run(self):
        super().run()
        if self.editable_mode or self.dry_run:
            return
        try:
            from Cython.Compiler.Main import CompilationOptions, compile, default_options
        except ImportError:
            return
        pyx = Path(self.build_lib) / "brainsim" / "templates" / "cython" / "module.pyx"
        made = compile(str(pyx), CompilationOptions(default_options, language_level=3, emit_linenums=False),
                       full_module_name="brainsim_network")
        if made.num_errors:
            raise SystemExit(f"Cython refused {pyx}")


setup(
    cmdclass={"build_py": Build},
    packages=[*find_packages(include=["brainsim", "brainsim.*"]), "brainsim.templates"],
    package_dir={"brainsim.templates": "templates"},
    package_data={"brainsim": ["py.typed"], "brainsim.units": ["table.json"], "brainsim.templates": ["**/*"]},
    include_package_data=False,
    zip_safe=False,
)
