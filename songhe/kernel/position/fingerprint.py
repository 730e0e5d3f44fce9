"""Indoor position in metres from beacon strengths, by a map that fits itself to its layout.

Somebody walks the layout once and notes what was heard where. Each beacon's strength is then a
path loss from a place that is itself found, plus what walls and furniture do to it, a Gaussian
process (Ferris, Haehnel and Fox 2006). A sighting is weighed against that map at every place.
Nothing is learned from another layout: the constants below are physics or wide prior ranges.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from songhe.kernel.errors import Invalid

Floats = NDArray[np.float64]

# Path loss exponent: 2 in free space, 1.6 in corridors to 3.5 through walls (ITU-R P.1238).
_EXPONENT, _EXPONENT_SD = 2.2, 0.6
# Log-normal shadowing indoors in dB, and the share of it that holds over some distance.
_NOISES_DB = (2.0, 3.0, 4.5, 6.5)
_SPREADS_DB = (0.5, 2.0, 4.0, 6.0)
_LENGTHS_M = (0.7, 1.5, 3.0)
# A strength at one metre is unknown within this many dB of the strongest that was heard.
_STRENGTH_SD_DB = 10.0
# Nearer than this a beacon is not heard more strongly: size of antennas, of bodies.
_NEAREST_M = 0.5
# Tails of a sighting's error: degrees of freedom of Student's t.
_TAILS = 4.0
# A strength that was not heard is weaker than this many dB below the weakest of the map.
_DEAF_DB = 3.0
# Share of sightings that radio loses anyhow, so that silence alone never rules a place out.
_LOST = 0.3
# Explanations less likely than this beside the best are left out.
_WORTH_KEEPING = 1e-3
_CELLS = 40
_SOURCES = 9
_FEWEST_POINTS = 5


class TooFewPoints(Invalid):
    code = "position.too_few_points"
    message = (
        "A map needs at least %(fewest)s places where beacons were heard, %(given)s were given."
    )


class Beacon(msgspec.Struct, frozen=True):
    """One beacon's map: expected strength and its standard deviation (dB) at the cells.

    weakest: the least that was heard of it (dBm), or what stands for not hearing it.
    """

    expected: Floats
    deviation: Floats
    weakest: float

    def log_likelihood(self, strength: float) -> Floats:
        """Return how well a strength fits each cell; minus infinity is listened and not heard."""
        if np.isneginf(strength):
            below = ndtr((self.weakest - self.expected) / self.deviation)
            return np.asarray(np.log(_LOST + (1 - _LOST) * below))
        off = (strength - self.expected) / self.deviation
        tails = (_TAILS + 1) / 2 * np.log1p(off * off / _TAILS)
        return np.asarray(-tails - np.log(self.deviation))


class Place(msgspec.Struct, frozen=True):
    """Where somebody is, in metres of the layout. within_m: half of the probability lies nearer."""

    x_m: float
    y_m: float
    within_m: float
    beacons: int


class FingerprintMap(msgspec.Struct, frozen=True):
    """The map of one layout: cells (n, 2) in metres, prior (n,), and each beacon's strengths."""

    cells: Floats
    prior: Floats
    beacons: dict[str, Beacon]

    def locate(self, heard: Mapping[str, float]) -> Place | None:
        """Return where these strengths (dBm by beacon) were heard; None when no beacon is known.

        Beacons that are not named, or NaN, say nothing; minus infinity was listened for in vain.
        """
        told = [name for name in heard if name in self.beacons and not np.isnan(heard[name])]
        known = [name for name in told if np.isfinite(heard[name])]
        if not known:
            return None
        log = np.log(np.maximum(self.prior, 1e-300))
        for name in told:
            log = log + self.beacons[name].log_likelihood(heard[name])
        weight = np.exp(log - log.max())
        weight /= weight.sum()
        centre = _median(self.cells, weight)
        away = np.hypot(*(self.cells - centre).T)
        order = np.argsort(away)
        half = order[np.searchsorted(np.cumsum(weight[order]), 0.5)]
        return Place(float(centre[0]), float(centre[1]), float(away[half]), len(known))


def fit(
    points: Floats, strengths: Mapping[str, Sequence[float]], margin_m: float | None = None
) -> FingerprintMap:
    """Return the map of a layout walked at points (n, 2) m, with strengths (dBm) per beacon.

    NaN where nobody listened, minus infinity where a beacon was not heard. margin_m: how far
    beyond the walked points people can be, by default the points' own spacing. Raises TooFewPoints.
    """
    if len(points) < _FEWEST_POINTS:
        raise TooFewPoints(fewest=_FEWEST_POINTS, given=len(points))
    spacing = _spacing(points)
    margin = spacing if margin_m is None else margin_m
    low, high = points.min(axis=0) - margin, points.max(axis=0) + margin
    step = float((high - low).max()) / _CELLS
    axes = [np.arange(a + step / 2, b, step) for a, b in zip(low, high, strict=True)]
    cells = np.array(list(product(*axes)))
    # People are as likely anywhere among the walked points; beyond them less and less.
    beyond = np.maximum(np.maximum(points.min(axis=0) - cells, cells - points.max(axis=0)), 0.0)
    prior = np.exp(-0.5 * (np.hypot(*beyond.T) / max(spacing / 2, 1e-6)) ** 2)
    beacons = {
        name: _beacon(points, np.asarray(row, dtype=float), cells, low, high)
        for name, row in strengths.items()
        if np.isfinite(np.asarray(row, dtype=float)).sum() >= _FEWEST_POINTS
    }
    return FingerprintMap(cells, prior / prior.sum(), beacons)


def _spacing(points: Floats) -> float:
    apart = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    np.fill_diagonal(apart, np.inf)
    return float(np.median(apart.min(axis=1)))


def _beacon(points: Floats, heard: Floats, cells: Floats, low: Floats, high: Floats) -> Beacon:
    """Average over path losses, shadowings and noises by how well each explains what was heard."""
    weakest = heard[np.isfinite(heard)].min()
    heard = np.where(np.isneginf(heard), weakest - _DEAF_DB, heard)
    told = np.isfinite(heard)
    at, y = points[told], heard[told]
    far = high - low
    reach = [
        np.linspace(a - f / 4, b + f / 4, _SOURCES) for a, b, f in zip(low, high, far, strict=True)
    ]
    sources = np.array(list(product(*reach)))
    found: list[tuple[float, _Explained, Floats]] = []
    for noise, spread, length in product(_NOISES_DB, _SPREADS_DB, _LENGTHS_M):
        shadow = _Shadow(at, y, noise, spread, length)
        found += [(*shadow.weigh(source), source) for source in sources]
    best = max(log for log, _, _ in found)
    kept = [row for row in found if row[0] > best + np.log(_WORTH_KEEPING)]
    share = np.exp([log - best for log, _, _ in kept])
    share /= share.sum()
    mean, spread2 = np.zeros(len(cells)), np.zeros(len(cells))
    for weight, (_, explained, source) in zip(share, kept, strict=True):
        expected, variance = explained.at(cells, source)
        mean += weight * expected
        spread2 += weight * (variance + expected**2)
    return Beacon(mean, np.sqrt(spread2 - mean**2), float(y.min()))


class _Shadow:
    """One assumption about shadowing: noise and spread in dB, over a length in metres."""

    def __init__(self, at: Floats, y: Floats, noise: float, spread: float, length: float) -> None:
        self.at, self.y = at, y
        self.noise, self.spread, self.length = noise, spread, length
        apart = np.hypot(*(at[:, None] - at[None]).transpose(2, 0, 1))
        kernel = spread**2 * np.exp(-0.5 * (apart / length) ** 2) + noise**2 * np.eye(len(y))
        root = np.linalg.cholesky(kernel)
        self.white = np.linalg.solve(root, np.eye(len(y)))
        self.half = float(np.log(np.diag(root)).sum())
        self._reached: tuple[Floats, Floats] | None = None

    def weigh(self, source: Floats) -> tuple[float, _Explained]:
        """Return how well a beacon at this place explains what was heard, and that explanation."""
        basis = _basis(self.at, source)
        log, beta = _weighed(self.white @ basis, self.white @ self.y, float(self.y.max()))
        return log - self.half, _Explained(self, beta)

    def reach(self, cells: Floats) -> tuple[Floats, Floats]:
        """Return what the points say about cells and the variance that is left, worked out once."""
        if self._reached is None:
            across = np.hypot(*(cells[:, None] - self.at[None]).transpose(2, 0, 1))
            near = self.spread**2 * np.exp(-0.5 * (across / self.length) ** 2)
            gain = near @ (self.white.T @ self.white)
            left = self.spread**2 - np.einsum("ij,ij->i", gain, near) + self.noise**2
            self._reached = gain, np.maximum(left, 1e-6)
        return self._reached


class _Explained(NamedTuple):
    """A beacon's strength under one assumption: strength at 1 m and exponent in beta."""

    shadow: _Shadow
    beta: Floats

    def at(self, cells: Floats, source: Floats) -> tuple[Floats, Floats]:
        """Return the expected strength at cells and its variance with a sighting's own noise."""
        shadow = self.shadow
        gain, left = shadow.reach(cells)
        off = shadow.y - _basis(shadow.at, source) @ self.beta
        return _basis(cells, source) @ self.beta + gain @ off, left


def _basis(at: Floats, source: Floats) -> Floats:
    distance = np.maximum(np.hypot(*(at - source).T), _NEAREST_M)
    return np.stack([np.ones(len(at)), -10 * np.log10(distance)], axis=1)


def _weighed(basis: Floats, y: Floats, strongest: float) -> tuple[float, Floats]:
    """Return log evidence and coefficients of strength at 1 m and exponent, under their priors."""
    middle = np.array([strongest, _EXPONENT])
    precision = np.diag([_STRENGTH_SD_DB**-2, _EXPONENT_SD**-2])
    inner = basis.T @ basis + precision
    beta = np.linalg.solve(inner, basis.T @ y + precision @ middle)
    off, from_prior = y - basis @ beta, beta - middle
    fit_cost = off @ off + from_prior @ precision @ from_prior
    return float(-0.5 * (fit_cost + np.linalg.slogdet(inner)[1])), beta


def _median(cells: Floats, weight: Floats) -> Floats:
    """Return the geometric median of weighted cells, which has the smallest mean error."""
    centre: Floats = weight @ cells
    for _ in range(30):
        pull = weight / np.maximum(np.hypot(*(cells - centre).T), 1e-3)
        centre = pull @ cells / pull.sum()
    return centre
