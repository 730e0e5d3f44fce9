"""The county as values: counts, numbers that are valid, homes that fit, the same every time."""

from __future__ import annotations

from collections import Counter
from datetime import date
from itertools import combinations

import pytest

from songhe.base.access.roles import FIELD_CLASSES, all_roles
from songhe.config.demo import county as counties
from songhe.config.demo import install as installs
from songhe.config.demo import places
from songhe.config.demo.cli import welcome_text
from songhe.config.demo.logins import LOGINS
from songhe.config.demo.model import County
from songhe.config.demo.names import PHONE_PREFIX
from songhe.domains.devices import types
from songhe.domains.people import idnumber, terms

TODAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def county() -> County:
    return counties.make_county(TODAY)


def test_the_same_seed_and_day_give_the_same_county(county):
    assert counties.make_county(TODAY) == county
    assert counties.make_county(TODAY, seed=7) != county


def test_it_is_as_large_as_promised(county):
    assert len(county.elders) == 300
    assert 1_450 <= len(county.gadgets) <= 1_650
    assert len(places.TOWNS) == 3
    assert len(places.COMMUNITIES) == 12
    assert {home.community for home in county.households} == set(places.COMMUNITIES)
    (nursing_home,) = [home for home in county.households if home.is_institution]
    assert len(nursing_home.elders) == counties.RESIDENTS


def test_indexes_are_places_in_the_lists(county):
    assert [elder.index for elder in county.elders] == list(range(300))
    assert [gadget.index for gadget in county.gadgets] == list(range(len(county.gadgets)))
    assert [home.index for home in county.households] == list(range(len(county.households)))


def test_id_numbers_are_valid_unique_and_of_the_test_region(county):
    numbers = [elder.id_number for elder in county.elders]
    assert len(set(numbers)) == 300
    for elder in county.elders:
        number, born, sex = idnumber.parse(elder.id_number, today=TODAY)
        assert (number[:6], born, sex) == ("990121", elder.birth_on, elder.sex)


def test_telephone_numbers_belong_to_nobody(county):
    phones = [elder.phone for elder in county.elders]
    phones += [contact.phone for elder in county.elders for contact in elder.contacts]
    assert len(set(phones)) == len(phones)
    assert all(len(phone) == 11 and phone.startswith(PHONE_PREFIX) for phone in phones)


def test_ages_levels_and_livings_are_plausible(county):
    ages = [(TODAY - elder.birth_on).days / 365.25 for elder in county.elders]
    assert min(ages) > 59
    assert max(ages) < 99
    levels = Counter(elder.care_level for elder in county.elders)
    assert levels[0] > levels[2] > levels[4] > 0
    for home in county.households:
        livings = {elder.living for elder in home.elders}
        assert len(livings) == 1
        (living,) = livings
        assert len(home.elders) == {"couple": 2, "institution": 40}.get(living, 1)


def test_everything_fits_the_columns_and_choices_of_the_domains(county):
    kinds, relations = set(terms.FactKind), set(terms.Relation)
    for elder in county.elders:
        assert elder.living in set(terms.Living)
        for fact in elder.facts:
            assert fact.kind in kinds
            assert len(fact.zh) <= 40
            assert len(fact.en) <= 60
        assert {contact.relation for contact in elder.contacts} <= relations
    rooms = [room for home in county.households for room in home.rooms]
    assert {room.kind for room in rooms} <= set(terms.RoomKind)


def test_rooms_do_not_overlap_and_residents_have_a_bed_each(county):
    for home in county.households:
        for one, other in combinations(home.rooms, 2):
            ax, ay, aw, ah = one.rectangle
            bx, by, bw, bh = other.rectangle
            apart = ax + aw <= bx or bx + bw <= ax or ay + ah <= by or by + bh <= ay
            assert apart, (home.address, one.name, other.name)
        if home.is_institution:
            beds = [elder.room for elder in home.elders]
            assert len(set(beds)) == len(beds)
            assert all(home.rooms[bed].kind == "bed" for bed in beds)


def test_addresses_are_unique(county):
    addresses = [home.address for home in county.households]
    assert len(set(addresses)) == len(addresses)


def test_devices_are_of_known_types_and_serve_somebody_of_their_home(county):
    assert {gadget.type for gadget in county.gadgets} <= set(types.all_types())
    assert len({gadget.key for gadget in county.gadgets}) == len(county.gadgets)
    for home in county.households:
        members = {elder.index for elder in home.elders}
        for gadget in home.gadgets:
            assert gadget.elder is not None or gadget.room is not None
            assert gadget.elder is None or gadget.elder in members
            assert gadget.room is None or gadget.room < len(home.rooms)


def test_grandma_chen_is_at_home_as_drawn(county):
    home = county.households[0]
    (chen,) = home.elders
    assert (chen.name, home.address) == ("陈秀兰", "桂花里 3 号楼 402")
    assert TODAY.year - chen.birth_on.year == 82
    assert [room.kind for room in home.rooms] == [
        "bedroom", "kitchen", "bathroom", "living", "balcony", "hall",
    ]  # fmt: skip
    assert [fact.zh for fact in chen.facts][:4] == [
        "青霉素过敏", "高血压 3 级", "跌倒高风险", "听力差，请大声",
    ]  # fmt: skip
    assert Counter(gadget.type for gadget in home.gadgets) == Counter(
        [
            "sleep-mattress",
            "pir",
            "pir",
            "pir",
            "door-magnet",
            "smoke",
            "bp-monitor",
            "glucose-meter",
            "oximeter",
            "band",
            "sos-button",
            "speaker",
        ]
    )


def test_who_may_get_lost_has_a_tracker_and_a_fence_around_the_home(county):
    trackers = [gadget for gadget in county.gadgets if gadget.type == "tracker"]
    assert len(trackers) >= 8
    for gadget in trackers:
        home = county.households[gadget.household]
        elder = county.elders[gadget.elder]
        (fence,) = [fact.data["fence"] for fact in elder.facts if "fence" in fact.data]
        assert (fence["lat"], fence["lon"]) == (home.lat, home.lon)


def test_a_village_has_a_line_that_can_fail(county):
    gateways = {
        gadget.household
        for gadget in county.gadgets
        if gadget.type == "home-gateway"
        and county.households[gadget.household].community == places.WANGHE
    }
    assert len(gateways) >= counties.POWER_CUT_HOMES


def test_logins_hold_roles_that_exist_and_wu_none():
    for login in LOGINS:
        assert not login.role or login.role in all_roles()
        assert set(login.sees_chen) <= set(FIELD_CLASSES)
    (wu,) = [login for login in LOGINS if login.login == "wu"]
    assert (wu.role, wu.works_at, wu.sees_chen) == ("", "", ())


def test_secrets_follow_from_the_install_and_from_nothing_else(tmp_path, county):
    one, other = installs.new_install(TODAY), installs.new_install(TODAY)
    key = county.gadgets[0].key
    assert one.device_secret(key) != other.device_secret(key)
    assert len(one.device_secret(key)) == 32
    assert one.password("sun") not in {other.password("sun"), one.password("liu")}
    installs.save(tmp_path, one)
    assert installs.load(tmp_path) == one
    assert (tmp_path / installs.FILE).stat().st_mode & 0o077 == 0
    with pytest.raises(installs.NoDemo):
        installs.load(tmp_path / "elsewhere")


def test_the_welcome_names_the_address_and_a_login_for_each_of_the_cast():
    install = installs.new_install(TODAY)
    text = welcome_text("http://localhost:8100/", 8103, install)
    assert "http://localhost:8100/" in text
    for login in LOGINS:
        assert f"{login.login} / {install.password(login.login)}" in text
