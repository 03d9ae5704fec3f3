"""What became of the states of synapses, for people: `Synapses.reduction`."""
from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from brainsim.objects.synapses.reduced import reduced as settings
from brainsim.objects.synapses.reduced.reduced import Reduced
from brainsim.reduction.reduce import Verdict


class ReductionReport(Sequence[Verdict]):
    """What became of each state of the synapses: its class, how many values there were and are, and the rule that keeps
    it per synapse."""

    def __init__(self, reduced: Reduced):
        s = reduced.synapses
        self.synapses, self.verdicts = s.name, reduced.verdicts
        self.analysed = reduced.analysed
        self.rows: list[tuple[str, str, int, int, str]] = []
        for verdict in reduced.verdicts:
            program = f"{s.name}.{verdict.variable}"
            applied = program in reduced.moved
            places = [
                n for n, p in reduced.places.items() if p.state == program and p.kind not in ("payload", "newest")
            ]
            after = sum(len(reduced.arrays[n]) for n in places) if applied else len(s)
            if verdict.kind == "post (sum)" and applied and reduced.host:
                after = 0
            why = verdict.note or "; ".join(map(str, verdict.rules))
            if not applied and verdict.kind != "synapse":
                why = "reduce='off'" if s.reduce == "off" else f"not applied: fewer than {settings.FEW} synapses"
            elif applied and verdict.kind == "post (sum)" and not verdict.note:
                why = f"one sum with {' and '.join(reduced.partners)}" if reduced.partners else \
                    "; ".join(f"apart from {name}: {rule.text}" for name, rule in reduced.apart.items())
            self.rows.append((verdict.variable, verdict.kind, len(s), after, why))

    def __len__(self) -> int:
        return len(self.verdicts)

    def __getitem__(self, item: Any) -> Any:
        if isinstance(item, str):
            return next(v for v in self.verdicts if v.variable == item)
        return self.verdicts[item]

    def kind(self, variable: str) -> str:
        """The class of a state: 'pre', 'pre (delayed)', 'post (equal)', 'post (sum)' or 'synapse'."""
        return self[variable].kind

    def __repr__(self) -> str:
        if not self.analysed:
            return f"{self.synapses}: not analysed yet; run(0*ms) is enough"
        if not self.rows:
            return f"{self.synapses}: no states that change"
        lines = [f"{self.synapses}: states and where their values are kept"]
        for name, kind, before, after, why in self.rows:
            lines.append(f"  {name}: {kind}, {before} → {after} values" + (f"   [{why}]" if why else ""))
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head = "<tr><th>state</th><th>kept per</th><th>values before</th><th>after</th><th>why</th></tr>"
        rows = "".join("<tr>" + "".join(f"<td>{escape(str(c))}</td>" for c in row) + "</tr>" for row in self.rows)
        return f"<b>{escape(self.synapses)}</b><table>{head}{rows}</table>"
