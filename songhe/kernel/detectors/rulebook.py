"""The rules as they hold for one person: default, then organisation, then person."""

from __future__ import annotations

from collections.abc import Iterable

from songhe.kernel.wire import RuleScope


class RuleBook:
    """Resolves default ← `*` ← organisation ← person from RuleScope snapshots."""

    def __init__(self, scopes: Iterable[RuleScope] = ()) -> None:
        self._scopes = {scope.scope: scope for scope in scopes}

    def put(self, scope: RuleScope) -> None:
        """Take over a new or changed scope. With an evaluator running use `Evaluator.put_scope`."""
        self._scopes[scope.scope] = scope

    def remove(self, scope: str) -> None:
        """Forget a scope (`*`, `org:<uuid>`, `person:<uuid>`)."""
        self._scopes.pop(scope, None)
