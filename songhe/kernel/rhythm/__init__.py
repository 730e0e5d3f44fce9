"""A person's daily rhythm from the sensors of her home: days, habits, limits, words. Pure."""

from songhe.kernel.rhythm.days import Day, days_of
from songhe.kernel.rhythm.habits import Change, Habit, Range
from songhe.kernel.rhythm.profile import Profile, facts, learn
from songhe.kernel.rhythm.sensing import Fired, channel_of, channel_of_device
from songhe.kernel.rhythm.signs import events_of
from songhe.kernel.rhythm.words import Message, Today, sayings, sentence, today

__all__ = [
    "Change", "Day", "Fired", "Habit", "Message", "Profile", "Range", "Today", "channel_of",
    "channel_of_device", "days_of", "events_of", "facts", "learn", "sayings", "sentence", "today",
]  # fmt: skip
