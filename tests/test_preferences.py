"""Choices: declared, checked when they are set, read from files, and written to them."""
import io

import pytest

from brainsim.errors import BrainsimError
from brainsim.options import prefs
from brainsim.preferences import Preference, PreferenceError, Preferences, SameKind


@pytest.fixture
def own():
    made = Preferences()
    made.register_preferences("lab", "The lab", on=Preference(True, "whether it is on"),
                              size=Preference(5, "how large"))
    made.register_preferences("lab.rig", "The rig", name=Preference("A", "its name", lambda v: v in ("A", "B"),
                                                                    choices="A, B"))
    return made


def test_choices_are_found_by_name_and_by_attribute(own):
    assert own["lab.on"] is own.lab.on is True and own.lab.rig.name == own["lab.rig.name"] == own.lab["rig.name"] == "A"
    assert list(own) == ["lab.on", "lab.size", "lab.rig.name"] and list(own.lab.rig) == ["name"] and "on" in own.lab
    assert "lab" not in own
    own.lab.rig.name, own["lab.size"] = "B", 7
    assert dict(own) == {"lab.on": True, "lab.size": 7, "lab.rig.name": "B"}
    own.reset_to_defaults()
    assert own["lab.size"] == 5


@pytest.mark.parametrize("name, value", [("lab.on", 3), ("lab.size", 2.5), ("lab.rig.name", "C"), ("lab.rig", 3),
                                         ("lab.sice", 3), ("lib.on", True)])
def test_what_cannot_be_chosen_is_refused(own, name, value):
    before = dict(own)
    with pytest.raises(PreferenceError):
        own[name] = value
    assert dict(own) == before


def test_an_unknown_name_helps(own):
    with pytest.raises(KeyError) as caught:
        own["lab.sice"]
    assert str(caught.value).startswith("There is no preference 'lab.sice'\n  Help: did you mean 'lab.size'")
    with pytest.raises(AttributeError):
        own.lab.sice
    with pytest.raises(PreferenceError):
        del own["lab.size"]


@pytest.mark.parametrize("base, name", [("lab", "more"), ("lab.on", "x"), ("a", "_x"), ("a", "keys"), ("a", "x.y"),
                                        ("lab", "rig")])
def test_declarations_that_clash_are_refused(own, base, name):
    with pytest.raises(PreferenceError):
        own.register_preferences(base, "doc", **{name: Preference(1, "doc")})


def test_a_file_sets_choices_below_headings(own, tmp_path):
    own.read_preference_file(io.StringIO("# ours\nlab.on = False\n[lab]\nrig.name = 'B'\n\n[lab.rig]\n"))
    assert dict(own) == {"lab.on": False, "lab.size": 5, "lab.rig.name": "B"}
    path = tmp_path / "choices"
    path.write_text(own.as_file)
    again = own.as_file
    own.reset_to_defaults()
    assert own.as_file == own.defaults_as_file != again
    own.read_preference_file(path)
    assert own.as_file == again


@pytest.mark.parametrize("text", ["garbage", "lab.on =", "lab.on = 1 +", "lab.nothing = 3", "lab.on = 3"])
def test_a_file_that_says_nonsense_is_refused(own, text):
    with pytest.raises(PreferenceError):
        own.read_preference_file(io.StringIO(text))


def test_the_file_of_the_working_folder_is_read_and_its_mistakes_are_told(own, tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "brian_preferences").write_text("lab.size = 9\nlab.nothing = 1\n")
    own.load_preferences()
    assert own.lab.size == 9 and "There is no preference 'lab.nothing'" in caplog.text


def test_without_a_check_the_default_says_type_and_unit():
    from brainsim import amp, volt

    assert SameKind(5)(7) and not SameKind(5)(7.0) and SameKind(1 * volt)(7 * volt) and not SameKind(1 * volt)(7 * amp)
    assert not SameKind(1 * volt)(7)


def test_our_own_preferences_are_written_and_read_back():
    text = prefs.as_file
    prefs.read_preference_file(io.StringIO(text))
    assert prefs.as_file == text and issubclass(PreferenceError, BrainsimError)
