"""The demo county from its seed: the same seed and day give the same people, homes and devices."""

from __future__ import annotations

from datetime import date
from random import Random

from songhe.config.demo import fleet, health, homes, names, places
from songhe.config.demo.model import (
    Body,
    Contact,
    County,
    Elder,
    Fact,
    Habits,
    Household,
    Place,
    RoomPlan,
)

SEED = 990121
ELDERS = 300
RESIDENTS = 40
POWER_CUT_HOMES = 14
SCHEME = Fact("scheme", "home-bed", "家庭养老床位", "Home care bed", 60)
CHEN_NAME = "陈秀兰"
FENCE_RADIUS_M = 400


def born(rng: Random, today: date, age: int) -> date:
    """Return a day of birth that makes somebody this old today."""
    ordinal = date(today.year - age, today.month, min(today.day, 28)).toordinal()
    return date.fromordinal(ordinal - rng.randrange(0, 365))


class Maker:
    """Makes one county; every draw comes from one generator, in one order."""

    def __init__(self, seed: int, today: date) -> None:
        self.today = today
        self.rng = Random(f"{seed}:county")  # noqa: S311 - a demo, not a secret
        self.numbers = names.Numbers()
        self.fleet = fleet.Fleet(Random(f"{seed}:devices"))  # noqa: S311
        self.households: list[Household] = []
        self.count = 0

    def county(self, seed: int) -> County:
        """Return the county: Grandma Chen's home, the dwellings, the nursing home."""
        self._chen()
        communities = places.COMMUNITIES
        shared = {place.code: 0 for place in communities}
        while self.count < ELDERS - RESIDENTS:
            place = communities[len(self.households) % len(communities)]
            left = ELDERS - RESIDENTS - self.count
            draw = self.rng.random()
            living = "alone" if draw < 0.44 else "couple" if draw < 0.68 else "family"
            if living == "couple" and left < 2:
                living = "alone"
            shared[place.code] += 1
            self._dwelling(place, shared[place.code], living)
        self._nursing_home()
        return County(seed, self.today, tuple(self.households))

    # --- people ----------------------------------------------------------------------------

    def _age(self, *, resident: bool) -> int:
        age = self.rng.gauss(82 if resident else 75.5, 6.5)
        return max(62, min(97, round(age)))

    def _elder(
        self,
        living: str,
        *,
        sex: str = "",
        surname: str = "",
        home: tuple[float, float] | None = None,
        room: int | None = None,
        near: int | None = None,
    ) -> Elder:
        rng = self.rng
        resident = living == "institution"
        sex = sex or ("female" if rng.random() < 0.56 else "male")
        age = self._age(resident=resident) if near is None else max(60, near + rng.randint(-4, 4))
        born_on = born(rng, self.today, age)
        rows = health.drawn(rng, age)
        level = health.care_level(rng, age, rows, resident=resident)
        if living == "alone":
            level = min(level, 3)
        traits = frozenset(row["code"] for row in rows)
        facts = [health.fact(row) for row in rows]
        facts += health.risks(rng, age, level, traits)
        if not resident and level >= 2 and rng.random() < 0.5:
            facts.append(SCHEME)
        if home and any(one.code == "wandering" for one in facts):
            facts.append(self._fence(home))
        index = self.count
        self.count += 1
        return Elder(
            index=index,
            name=names.person_name(rng, sex, surname),
            sex=sex,
            birth_on=born_on,
            id_number=self.numbers.id_number(born_on, sex),
            phone=self.numbers.phone(),
            living=living,
            care_level=level,
            traits=traits,
            facts=tuple(sorted(facts, key=lambda one: one.rank)),
            contacts=self._contacts(living),
            body=health.body(rng, sex, rows),
            habits=self._habits(level, resident),
            room=room,
        )

    @staticmethod
    def _fence(home: tuple[float, float]) -> Fact:
        fence = {"lat": home[0], "lon": home[1], "radius_m": FENCE_RADIUS_M}
        en = f"Safe area {FENCE_RADIUS_M} m around the home"
        return Fact("need", "fence", f"安全区 {FENCE_RADIUS_M} 米", en, 70, {"fence": fence})

    def _contacts(self, living: str) -> tuple[Contact, ...]:
        rng = self.rng
        found = []
        for rank in range(1, 2 + (rng.random() < 0.6)):
            sex = rng.choice(("male", "female"))
            relation = "son" if sex == "male" else "daughter"
            far = rng.random() < 0.4
            found.append(
                Contact(
                    names.person_name(rng, sex),
                    relation,
                    self.numbers.phone(),
                    rank,
                    "外地" if far else "本县",
                    "lives elsewhere" if far else "lives in the county",
                )
            )
        if living == "alone" and rng.random() < 0.5:
            sex = rng.choice(("male", "female"))
            name = names.person_name(rng, sex)
            found.append(Contact(name, "neighbour", self.numbers.phone(), 9, "有钥匙", "has a key"))
        return tuple(found)

    def _habits(self, level: int, resident: bool) -> Habits:
        rng = self.rng
        active = max(0.0, 1.5 - 0.5 * level) * (0.3 if resident else 1.0)
        return Habits(
            wake_minute=round(max(345, min(450, rng.gauss(390, 20)))),
            bed_minute=round(max(1185, min(1350, rng.gauss(1275, 28)))),
            outings=round(active * rng.uniform(0.6, 1.2), 2),
            rises=round(rng.uniform(0.5, 1.8), 2),
            measuring=round(rng.uniform(0.45, 0.95), 2),
        )

    # --- homes -----------------------------------------------------------------------------

    def _spot(self, place: Place, number: int) -> tuple[float, float]:
        """Return where the nth home of a community stands: on a grid of about 40 m."""
        row, column = divmod(number, 6)
        jitter = self.rng.uniform(-0.00008, 0.00008)
        return (
            round(place.lat + (row - 2) * 0.00040 + jitter, 6),
            round(place.lon + (column - 2) * 0.00048 - jitter, 6),
        )

    def _address(self, place: Place, number: int) -> str:
        if place.is_village:
            return f"{place.name} {number * 2 + 9} 号"
        block, flat = divmod(number, 8)
        storey, side = divmod(flat, 2)
        return f"{place.name} {block + 1} 号楼 {storey + 1}0{side + 1}"

    def _dwelling(self, place: Place, number: int, living: str) -> None:
        rng, index = self.rng, len(self.households)
        spot = self._spot(place, number)
        rooms: tuple[RoomPlan, ...] = homes.VILLAGE_HOUSE
        if not place.is_village:
            rooms = rng.choice((homes.FLAT, homes.SMALL_FLAT))
        if living == "couple":
            man = self._elder(living, sex="male", home=spot)
            age = self.today.year - man.birth_on.year
            people = [man, self._elder(living, sex="female", home=spot, near=age)]
        else:
            people = [self._elder(living, home=spot)]
        behind_one_line = place == places.WANGHE and number <= POWER_CUT_HOMES
        needy = living == "alone" and people[0].care_level >= 1
        wishes = fleet.of_home(rng, rooms, has_gateway=behind_one_line, every_pir=needy)
        for elder in people:
            wishes += fleet.of_elder(rng, elder, rooms, alone=living == "alone")
        self._add(place, self._address(place, number), spot, rooms, people, wishes)
        if index + 1 != len(self.households):
            raise AssertionError("a household lost its place")

    def _add(
        self,
        place: Place,
        address: str,
        spot: tuple[float, float],
        rooms: tuple[RoomPlan, ...],
        people: list[Elder],
        wishes: list[fleet.Wish],
        *,
        is_institution: bool = False,
    ) -> None:
        index = len(self.households)
        gadgets = self.fleet.make(index, wishes)
        self.households.append(
            Household(index, place, address, *spot, rooms, tuple(people), gadgets, is_institution)
        )

    def _nursing_home(self) -> None:
        place = places.DONGGUAN
        rooms = homes.nursing_home(RESIDENTS + 2)
        people = [self._elder("institution", room=bed) for bed in range(RESIDENTS)]
        wishes = [wish for elder in people for wish in fleet.of_resident(self.rng, elder)]
        for kind, room_kind in (("smoke", "kitchen"), ("gas", "kitchen"), ("smoke", "living")):
            wishes.append((kind, None, fleet.room_of(rooms, room_kind)))
        entrance = fleet.room_of(rooms, "hall")
        wishes += [(kind, None, entrance) for kind in ("door-magnet", "home-gateway", "pir")]
        spot = (place.lat + 0.0022, place.lon + 0.0018)
        address = f"{place.name} 福寿路 1 号"
        self._add(place, address, spot, rooms, people, wishes, is_institution=True)

    def _chen(self) -> None:
        """Make Grandma Chen's home: 桂花里 3 号楼 402."""
        place = places.GUIHUALI
        born_on = date(self.today.year - 82, 3, 9)
        if (self.today.month, self.today.day) < (3, 9):
            born_on = date(self.today.year - 83, 3, 9)
        codes = ("penicillin", "hypertension-3", "diabetes-2", "hearing")
        facts = [health.fact(health.row_of(code)) for code in codes]
        facts += [Fact("risk", "fall-risk", "跌倒高风险", "High risk of falling", 20), SCHEME]
        facts += [
            Fact("medicine", "amlodipine", "氨氯地平 5 mg 每早", "Amlodipine 5 mg mornings", 60),
            Fact(
                "medicine",
                "metformin",
                "二甲双胍 0.5 g 每日两次",
                "Metformin 0.5 g twice a day",
                61,
            ),
        ]
        # Hearing is shown before the further conditions: whoever calls must know it at once.
        order = {"penicillin": 10, "hypertension-3": 15, "fall-risk": 20, "hearing": 25}
        facts.sort(key=lambda one: order.get(one.code, one.rank))
        facts = [Fact(f.kind, f.code, f.zh, f.en, order.get(f.code, f.rank), f.data) for f in facts]
        son = Contact(
            "陈伟",
            "son",
            self.numbers.phone(),
            1,
            "外地，24 小时可打",
            "lives elsewhere, day or night",
        )
        doctor = Contact("赵医生", "doctor", self.numbers.phone(), 2, "7:30 后", "after 7:30")
        neighbour = Contact(
            names.person_name(self.rng, "female"),
            "neighbour",
            self.numbers.phone(),
            3,
            "对门，有钥匙",
            "next door, has a key",
        )
        self.count = 1
        chen = Elder(
            index=0,
            name=CHEN_NAME,
            sex="female",
            birth_on=born_on,
            id_number=self.numbers.id_number(born_on, "female"),
            phone=self.numbers.phone(),
            living="alone",
            care_level=2,
            traits=frozenset(codes),
            facts=tuple(facts),
            contacts=(son, doctor, neighbour),
            body=Body(135, 77, 73, 15.5, 96.4, 36.4, 6.8, 53.3),
            habits=Habits(392, 1290, 0.9, 1.2, 0.9, away=((7, 6),)),
        )
        room = {plan.kind: index for index, plan in enumerate(homes.FLAT)}
        wishes: list[fleet.Wish] = [
            ("sleep-mattress", None, room["bedroom"]),
            ("pir", None, room["living"]),
            ("pir", None, room["kitchen"]),
            ("pir", None, room["bathroom"]),
            ("door-magnet", None, room["hall"]),
            ("smoke", None, room["kitchen"]),
            ("bp-monitor", 0, room["bedroom"]),
            ("glucose-meter", 0, None),
            ("oximeter", 0, None),
            ("band", 0, None),
            ("sos-button", 0, room["bathroom"]),
            ("speaker", None, room["living"]),
        ]
        address = f"{place.name} 3 号楼 402"
        spot = (place.lat + 0.0009, place.lon - 0.0005)
        self._add(place, address, spot, homes.FLAT, [chen], wishes)


def make_county(today: date, seed: int = SEED) -> County:
    """Return the demo county as it is on the day of its making."""
    return Maker(seed, today).county(seed)
