"""Who comes when: every wave gets its share, nobody comes while another is there, a file that is none is refused."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.fleet.profile import LIBRARY, Profile, ProfileError, Wave, boot_s, load, visits

TWO_WAVES = Profile(title="t", boot_within_s=60, waves=(Wave(at_s=100, share=0.5), Wave(at_s=900, share=0.25)))


def test_every_wave_gets_its_share_and_the_rest_stays_free():
    came = Counter(next((visit.at_s for visit in visits(TWO_WAVES, number, 0)), None) for number in range(1000))
    assert came == {100: pytest.approx(500, abs=5), 900: pytest.approx(250, abs=5), None: pytest.approx(250, abs=5)}


def test_stations_boot_one_after_the_other():
    assert [boot_s(TWO_WAVES, number, 4) for number in range(4)] == [0, 15, 30, 45]


@given(
    number=st.integers(0, 5000),
    period_s=st.floats(1, 5000),
    within_s=st.floats(0, 5000),
    stay_s=st.floats(10, 20_000),
)
def test_nobody_comes_while_another_is_there(number, period_s, within_s, stay_s):
    wave = Wave(at_s=5, share=1, within_s=within_s, stay_s=stay_s)
    profile = Profile(title="t", period_s=period_s, waves=(wave,))
    for one, other in itertools.pairwise(itertools.islice(visits(profile, number, 7), 6)):
        assert one.until_s < other.at_s


def test_the_same_seed_brings_the_same_drivers():
    one, other, stranger = (
        [list(itertools.islice(visits(load("evening"), number, seed), 3)) for number in range(50)] for seed in (1, 1, 2)
    )
    assert one == other != stranger


@pytest.mark.parametrize("name", sorted(path.stem for path in LIBRARY.glob("*.toml")))
def test_the_library_can_be_read(name):
    assert load(name).title


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title = 1", "Expected `str`"),
        ('title = "t"\nboots = 3', "unknown field `boots`"),
        ('title = "t"\n[[wave]]\nat_s = 0\nshare = 0.7\n[[wave]]\nat_s = 9\nshare = 0.6', "more than 1"),
        ("title", "Expected '='"),
    ],
)
def test_a_profile_that_is_none_is_refused(tmp_path, text, words):
    file = tmp_path / "p.toml"
    file.write_text(text)
    with pytest.raises(ProfileError, match=words):
        load(str(file))


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ProfileError, match="at-once, evening, idle, rush"):
        load("morning")
