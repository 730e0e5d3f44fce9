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


def setting_word(name: str) -> str:
    """Return the word of a setting; one of the device's own is shown as it is."""
    return str(SETTING_WORDS.get(name, name))


def step_word(step: str) -> str:
    """Return the word of a step on its button."""
    return str(STEP_WORDS.get(step, step))


def command_word(command: str) -> str:
    """Return the word of a command on its button."""
    return str(COMMAND_WORDS.get(command, command))
