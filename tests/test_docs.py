"""Commands on the pages of the documentation give the answers that the pages show."""
import doctest
import importlib.util
import re
from pathlib import Path
from types import ModuleType

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


@pytest.fixture
def house() -> ModuleType:
    """The script that draws the house."""
    spec = importlib.util.spec_from_file_location("house", DOCS / "house.py")
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_the_picture_of_the_house_is_what_its_imports_draw_now(house):
    assert (DOCS / "house.svg").read_text("utf-8") == house.draw(), "python docs/house.py"


def test_every_room_of_the_picture_is_a_room_and_the_other_way_round(house):
    drawn, folders = set(house.arrows()), {p.parent for p in house.ROOT.rglob("*.py")} - {house.ROOT}
    assert {house.room(p / "__init__.py") for p in folders} - {house.WING} <= drawn
    assert set(house.KINDS) <= drawn


def test_the_legend_of_the_picture_is_within_it(house):
    text = house.draw()
    width, height = map(int, re.search(r'viewBox="0 0 (\d+) (\d+)"', text).groups())
    legend = re.findall(r'<text x="(\d+)" y="(\d+)">([^<]*)<', text)
    assert [name for _, _, name in legend] == list(house.COLOURS)
    for x, y, name in legend:
        assert int(x) + 7 * len(name) <= width and int(y) <= height
