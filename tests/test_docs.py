"""Commands on the pages of the documentation give the answers that the pages show."""
import doctest
from pathlib import Path

import pytest

from brainsim import prefs

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGES = sorted(p.name for p in DOCS.glob("*.rst") if ">>> " in p.read_text("utf-8"))


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_give_what_it_shows(page, fresh):
    pytest.importorskip("matplotlib").use("Agg")
    pytest.importorskip("pandas")
    pytest.importorskip("xarray")
    prefs.codegen.target = "numpy"
    text = (DOCS / page).read_text("utf-8")
    test = doctest.DocTestParser().get_doctest(text, {}, page, str(DOCS / page), 0)
    said: list[str] = []
    failed, tried = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE).run(
        test, out=said.append)
    assert tried > 0 and not failed, "".join(said)


def test_some_page_has_commands():
    assert "looking_at_results.rst" in PAGES
