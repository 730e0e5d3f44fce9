"""clinical_scores_gdl2: totals of the scales that ship against published test vectors."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from evaluation import files
from evaluation.outcome import Figure, Outcome, Table
from songhe.kernel.scales import UnusableAnswer, scale, score

# The vectors tell births, not ages; their own words of age hold at this instant.
_AT = datetime(2019, 2, 15, tzinfo=UTC)
_YEAR_DAYS = 365.2425

Given = Mapping[str, str | bool | float]
Answers = dict[str, Any]


class Vectors(msgspec.Struct, frozen=True):
    """One guideline: our scale, the key of its total, and how its input becomes our answers.

    items: our item code by the guideline's key (gt0005); others: values that are no points.
    """

    scale: str
    total: str
    items: dict[str, str] = {}
    others: dict[str, tuple[str, Callable[[str], Any]]] = {}


def _number(text: str) -> float:
    return float(str(text).split(",", 1)[0])


def _points(text: str) -> int:
    return int(str(text).split("|", 1)[0])


def _age(text: str) -> float:
    return int((_AT - datetime.fromisoformat(text)).days / _YEAR_DAYS)


def _female(text: str) -> int:
    return int("at0006" in text)


def _any_point(text: str) -> int:
    return int(_points(text) > 0)


def _numbered(first: int, count: int) -> dict[str, str]:
    return {f"gt{first + n:04d}": f"i{n + 1}" for n in range(count)}


def _named(first: int, names: str) -> dict[str, str]:
    return {f"gt{first + n:04d}": name for n, name in enumerate(names.split())}


_BARTHEL = "dressing toilet stairs bathing bowels transfer grooming walking bladder feeding"
_STROKE = (
    "questions commands gaze vision left_arm right_arm left_leg right_leg "
    "sensation language neglect"
)
VECTORS: dict[str, Vectors] = {
    "NEWS2": Vectors(
        "news2",
        "gt0019",
        others={
            "gt0005": ("sbp", _number),
            "gt0007": ("spo2", _number),
            "gt0009": ("pulse", _number),
            "gt0011": ("temperature", _number),
            "gt0013": ("spo2_scale", lambda text: 1 + _any_point(text)),
            "gt0016": ("oxygen", _any_point),
            "gt0017": ("consciousness", _any_point),
            "gt0015": ("respiration", _number),
        },
    ),
    "NEWS": Vectors(
        "news",
        "gt0025",
        others={
            "gt0016": ("consciousness", lambda text: 0 if "at0005" in text else 2),
            "gt0015": ("temperature", _number),
            "gt0014": ("sbp", _number),
            "gt0013": ("pulse", _number),
            "gt0012": ("spo2", _number),
            "gt0011": ("oxygen", _any_point),
            "gt0010": ("respiration", _number),
        },
    ),
    "qSOFA": Vectors("qsofa", "gt0008", _named(3, "mentation breathing_22 systolic_100")),
    "CURB-65": Vectors(
        "curb65", "gt0015", _named(5, "confusion breathing_30 pressure age_65 urea")
    ),
    "barthel_index_ADL": Vectors("barthel", "gt0015", _named(3, _BARTHEL)),
    "braden_score_pressure_ulcers": Vectors(
        "braden", "gt0011", _named(3, "friction moisture activity mobility nutrition sensation")
    ),
    "Norton_Score": Vectors(
        "norton", "gt0011", _named(3, "physical mental activity mobility incontinence")
    ),
    "Morse_Fall_Scale_guideline": Vectors(
        "morse", "gt0011", _named(4, "history diagnosis aid infusion gait mental")
    ),
    "MNA": Vectors(
        "mna_sf",
        "gt0017",
        {**_named(3, "intake weight_loss mobility stress mind"), "gt0034": "calf"},
        {"gt0061": ("bmi_kg_m2", _number)},
    ),
    "Tilburg_frailty_indicator": Vectors("tilburg", "gt0019", _numbered(3, 15)),
    "Frail_elderly_support_research_group_FRESH": Vectors(
        "fresh", "gt0008", _named(3, "endurance tiredness falls shopping")
    ),
    "Electronic_Frailty_Index": Vectors("efi", "gt0076"),
    "Geriatric_Risk_Profile": Vectors(
        "geriatric_risk", "gt0009", _named(3, "cognition alone walking hospital medicines")
    ),
    "amt-4": Vectors("amt4", "gt0022", _named(5, "birthday age year place")),
    "PHQ9": Vectors("phq9", "gt0026", _numbered(3, 9)),
    "GAD-7": Vectors("gad7", "gt0055", _numbered(8, 7)),
    "Falls_Efficacy_Scale_International": Vectors("fes_i", "gt0050", _numbered(32, 16)),
    "CHA2DS2-VASc": Vectors(
        "cha2ds2_vasc",
        "gt0023",
        _named(11, "heart_failure hypertension stroke vascular diabetes"),
        {"gt0009": ("female", _female), "gt0010": ("age_years", _age)},
    ),
    "FINDRISC_Finnish_Diabetes_Risk_Score": Vectors(
        "findrisc",
        "gt0020",
        _named(9, "pressure_medicine high_glucose activity vegetables family"),
        {
            "gt0003": ("female", _female),
            "gt0004": ("age_years", _number),
            "gt0006": ("bmi_kg_m2", _number),
            "gt0008": ("waist_cm", _number),
        },
    ),
    "BMI": Vectors(
        "bmi",
        "gt0004",
        others={"gt0002": ("weight_kg", _number), "gt0003": ("height_cm", _number)},
    ),
    "mNIHSS": Vectors("mnihss", "gt0030", _named(4, _STROKE)),
    "Cumulative_Illness_Rating_Scale_Geriatric_CIRS_G": Vectors("cirs_g", "gt0004"),
}
# Guidelines of the set whose scales do not ship, and why.
NOT_SHIPPED: dict[str, str] = {
    "MoCA_guideline": "licence and training required: totals are stored, never scored here",
    "Clinical_Dementia_Rating": "copyright; its rule of the memory box needs a trained rater",
    "HAS-BLED": "the vectors override an entered item by laboratory values: rule not verified",
    "Clinical_frailty_scale": "one judgement by eye, no total to add up",
    "Confusion_Assessment_Method_for_the_ICU_CAM_ICU": "intensive care",
    "Nonverbal_Pain_Scale_NVPS_for_Nonverbal_Patients_guideline": "ventilated patients",
    "SIRS_Sepsis_Septic_Shock_Criteria_guideline": "superseded in 2016; emergency department",
    "ABCD2_score": "emergency department",
    "AWOL_Score_for_Delirium_guideline": "hospital admission",
    "Emergency_department_assessment_of_chest_pain_score": "emergency department",
    "FAST_calculator": "ultrasound in the emergency department",
    "HEART_Pathway_for_Early_Discharge_in_Acute_Chest_Pain_guideline": "emergency department",
    "Newsom_score_non-traumatic_chest_pain": "emergency department",
    "Wells_DVT": "diagnostic pathway of a hospital",
    "PROCAM_score_guideline": "German middle-aged men; China-PAR is the one that would fit",
    "American_diabetes_association_ADA_risk_calculator": "FINDRISC and the Chinese score instead",
    "Australian_type_2_diabetes_risk_ausdrisk_assessment_tool": "made for Australia",
    "cambridge_diabetes_risk_score": "made for England; equation not verified",
    "ndr_type1_diabetes_cardiovascular_risk": "made for Sweden; equation not verified",
    "ndr_type2_diabetes_cardiovascular_risk": "made for Sweden; equation not verified",
}


def evaluate(name: str, folder: Path) -> Outcome:
    """Score every case of the guidelines whose scale ships; a case is exact by its total."""
    cases: dict[str, list[dict[str, Any]]] = {}
    for path in files.found(folder, "score_vectors*.json"):
        for guideline, found in json.loads(path.read_text("utf-8")).items():
            cases.setdefault(guideline, []).extend(found)
    rows, exact, total = [], 0, 0
    for guideline, vectors in VECTORS.items():
        judged = [_is_exact(vectors, case) for case in cases.get(guideline, [])]
        if judged:
            exact, total = exact + sum(judged), total + len(judged)
            rows.append((scale(vectors.scale).en, guideline, f"{sum(judged)} of {len(judged)}"))
    left = [(g, NOT_SHIPPED.get(g, "not looked at")) for g in sorted(cases) if g not in VECTORS]
    return Outcome(
        keys={"exact": exact, "total": total},
        figures=(
            Figure("exact", exact, note="cases whose total is the expected one, or rightly none"),
            Figure("total", total, note=f"cases of the {len(rows)} scales that ship"),
        ),
        proves="Totals from item codes and values are those of the published test vectors, for "
        "every scale that ships and has vectors; incomplete input gives no total.",
        cannot="Whether somebody answered rightly, and whether a band calls for action here: the "
        "status of each scale says what a clinician has still to confirm. CRB-65 has no vectors.",
        tables=(
            Table("Scales that ship", ("scale", "guideline", "exact"), tuple(rows)),
            Table("Guidelines of the set that do not ship", ("guideline", "why"), tuple(left)),
        ),
    )


def _is_exact(vectors: Vectors, case: Mapping[str, Any]) -> bool:
    expected = next((v for k, v in case["expected"].items() if k.startswith(vectors.total)), None)
    try:
        found = score(vectors.scale, _answers(vectors, case["input"])).total
    except UnusableAnswer:
        return False
    if expected is None or found is None:
        return expected is None and found is None
    return abs(found - _number(expected)) < 1e-9


def _answers(vectors: Vectors, given: Given) -> Answers:
    """Return our answers for a case. Where no keys are named, the items stand in their order."""
    known = {key.split("|", 1)[0]: value for key, value in given.items()}
    points = scale(vectors.scale).points
    if not vectors.items and not vectors.others:
        return {
            item: _points(str(known[key])) for item, key in zip(points, sorted(known), strict=False)
        }
    found: Answers = {}
    for key, value in known.items():
        if key in vectors.items:
            found[vectors.items[key]] = _points(str(value))
        elif key in vectors.others:
            item, read = vectors.others[key]
            found[item] = read(str(value))
    # MNA: the body mass index does not count when it is said that it cannot be worked out.
    if known.get("gt0035") is True:
        found.pop("bmi_kg_m2", None)
    return found
