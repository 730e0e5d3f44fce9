"""Words for commissioning steps and commands, in the reader's language."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

STEP_WORDS: dict[str, Promise] = {
    "install": _("Installed"),
    "activate": _("Activate"),
    "pass_test": _("Test call passed"),
    "start_use": _("Take into use"),
    "retire": _("Retire"),
}
COMMAND_WORDS: dict[str, Promise] = {
    "vibrate": pgettext_lazy("command", "Vibrate"),
    "locate": pgettext_lazy("command", "Tell the position now"),
    "interval": pgettext_lazy("command", "Report every so often"),
    "silence": pgettext_lazy("command", "Stop the sound"),
    "close-valve": pgettext_lazy("command", "Close the valve"),
    "call-back": pgettext_lazy("command", "Call back"),
    "configure": pgettext_lazy("command", "Take over the settings"),
    "restart": pgettext_lazy("command", "Restart"),
}

SETTING_WORDS: dict[str, Promise] = {
    "report_interval_s": pgettext_lazy("setting", "Reports every"),
}
SETTING_UNITS: dict[str, Promise] = {"report_interval_s": pgettext_lazy("unit", "s")}


# How a sensor hangs: the question, the words of its choices, its unit and a hint for the installer.
MOUNTING_WORDS: dict[str, Promise] = {
    "mount": pgettext_lazy("mounting", "Where it hangs"),
    "height_m": pgettext_lazy("mounting", "Height above the floor"),
    "view_deg": pgettext_lazy("mounting", "View angle"),
}
MOUNT_CHOICES: dict[str, Promise] = {
    "ceiling": pgettext_lazy("mounting", "on the ceiling, looking straight down"),
    "wall": pgettext_lazy("mounting", "on a wall, looking across the room"),
}
MOUNTING_UNITS: dict[str, Promise] = {
    "height_m": pgettext_lazy("unit", "m"),
    "view_deg": pgettext_lazy("unit", "°"),
}
MOUNTING_HINTS: dict[str, Promise] = {
    "height_m": _("Measure with a tape from the floor to the sensor: 10 cm change what is seen."),
    "view_deg": _("As its data sheet says, from edge to edge; 60° is the commonest."),
}


def mounting_value(name: str, value: object) -> str:
    """Return a fact of how a sensor hangs, with its unit."""
    if name == "mount":
        return str(MOUNT_CHOICES.get(str(value), value))
    number = f"{value:g}" if isinstance(value, int | float) else str(value)
    unit = MOUNTING_UNITS.get(name)
    return (
        number if unit is None else f"{number} {unit}" if name != "view_deg" else f"{number}{unit}"
    )


def setting_word(name: str) -> str:
    """Return the word of a setting; one of the device's own is shown as it is."""
    return str(SETTING_WORDS.get(name, name))


def step_word(step: str) -> str:
    """Return the word of a step on its button."""
    return str(STEP_WORDS.get(step, step))


def command_word(command: str) -> str:
    """Return the word of a command on its button."""
    return str(COMMAND_WORDS.get(command, command))
