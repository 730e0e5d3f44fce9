"""Plain forms in the kit's look: label, hint, mistake, field; a linked summary of mistakes on top.

Forms parse and check shapes; they never write. A service's refusal goes back to its field with
`refuse(form, error)`, so that nothing already entered is lost.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, ClassVar

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from songhe.kernel.errors import SongheError
from songhe.kit.errors import sentence

_GROUPS = (forms.RadioSelect, forms.CheckboxSelectMultiple)
_SHORT = 12
# What does not say of which field it speaks.
_NAMELESS = (_("Fill this in."), _("This entry cannot be used."))
_DJANGO_REQUIRED = forms.Field.default_error_messages["required"]


class KitForm(forms.Form):
    """Base of all forms on pages. The server says what is wrong, in the reader's language."""

    use_required_attribute = False
    required_css_class = ""
    units: ClassVar[dict[str, Any]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if field.error_messages.get("required") == _DJANGO_REQUIRED:
                field.error_messages["required"] = _("Fill this in.")
            if isinstance(field.widget, forms.Textarea) and field.widget.attrs["rows"] == "10":
                field.widget.attrs["rows"] = "4"  # Django's own default is half a page

    @property
    def mistakes(self) -> list[dict[str, str]]:
        """Return every mistake with the id of its field, for the summary; "" for the whole form.

        A sentence that does not say which field it is about is led by the field's name.
        """
        found = [{"target": "", "text": str(text)} for text in self.non_field_errors()]
        said = [(bound, str(text)) for bound in self for text in bound.errors]
        often = Counter(text for _bound, text in said)
        for bound, text in said:
            if often[text] > 1 or text in [str(one) for one in _NAMELESS]:
                text = gettext("%(field)s: %(mistake)s") % {"field": bound.label, "mistake": text}
            found.append({"target": _target(bound), "text": text})
        return found


def refuse(form: forms.Form, error: SongheError) -> None:
    """Put a service's refusal on the field it names, or on the whole form."""
    name = error.params.get("field")
    form.add_error(name if name in form.fields else None, sentence(error))


def _target(bound: BoundField) -> str:
    if isinstance(bound.field.widget, _GROUPS):
        return f"{bound.auto_id}_0"
    return str(bound.auto_id)


def describe(bound: BoundField) -> dict[str, Any]:
    """Return what the field template needs to draw a bound field."""
    widget = bound.field.widget
    base_id = bound.auto_id
    hint_id, error_id = f"{base_id}_hint", f"{base_id}_error"
    described = [i for i, there in ((hint_id, bound.help_text), (error_id, bound.errors)) if there]
    attrs: dict[str, Any] = {}
    if described:
        attrs["aria-describedby"] = " ".join(described)
    if bound.errors:
        attrs["aria-invalid"] = "true"
    unit = getattr(bound.form, "units", {}).get(bound.name, "")
    if isinstance(widget, _GROUPS):
        kind = "group"
    elif isinstance(widget, forms.CheckboxInput):
        kind = "check"
    else:
        kind = "hidden" if widget.is_hidden else "input"
        attrs["class"] = "input"
        length = getattr(bound.field, "max_length", None)
        numeric = isinstance(bound.field, forms.IntegerField | forms.DecimalField)
        if numeric:
            attrs.setdefault("inputmode", "decimal")
        if numeric or (length is not None and length <= _SHORT):
            attrs["data-width"] = "short"
    return {
        "bound": bound,
        "kind": kind,
        "hint_id": hint_id,
        "error_id": error_id,
        "described": " ".join(described),
        "unit": unit,
        "optional": not bound.field.required,
        "html": "" if kind == "group" else bound.as_widget(attrs=attrs),
    }
