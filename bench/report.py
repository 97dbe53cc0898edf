"""What every bench says: rows of figures beside their goals, as a table for people or as one JSON object (--json)."""
import json
import math
import os
import platform
import shlex
import sys


def bench_arguments(parser):
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else; what is said to people goes to standard error")
    parser.add_argument("--quick", action="store_true", help="the shortest run that still means something")


def machine_facts():
    """Processor, cores, load, systems."""
    model, avx2 = "?", False
    with open("/proc/cpuinfo") as f:
        for line in f:
            if line.startswith("model name") and model == "?":
                model = line.split(":", 1)[1].strip()
            avx2 = avx2 or line.startswith("flags") and " avx2 " in line
    return {"processor": model, "cores": os.cpu_count(), "avx2": avx2, "load": round(os.getloadavg()[0], 1), "kernel": platform.release(),
            "system": platform.freedesktop_os_release().get("PRETTY_NAME", "?")}


def machine():
    """One line: processor, cores, load."""
    facts = machine_facts()
    return f"{facts['processor']}, {facts['cores']} cores, load {facts['load']:.1f} at the start"


def number(value):
    """Four digits, or nothing where there is no number."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.4g}")


def text(value):
    return "-" if value is None else f"{value:.3f}".rstrip("0").rstrip(".") if abs(value) < 10 else f"{value:.1f}"


class Report:
    """Rows and errors of one bench. After it is made, print() speaks to people: to standard error with --json."""

    def __init__(self, bench, options):
        self.bench, self.json = bench, options.json
        self.rows, self.errors = [], []
        self.machine = machine_facts()
        self.command = shlex.join([f"bench/{bench}", *sys.argv[1:]])
        self._out = sys.stdout
        if self.json:
            sys.stdout = sys.stderr
        print(f"{self.command}\n{machine()}", flush=True)

    def row(self, number_of_goal, what, ours, unit, goal, met, peer=None, peer_name=None, ratio=None, note=None, **others):
        """met: whether the goal is reached, or None when that cannot be said. ratio: ours of the peer's, when it is not of these two figures."""
        ratio = ours / peer if ratio is None and ours is not None and peer else ratio
        row = {"id": number_of_goal, "what": what, "ours": number(ours), "unit": unit, "peer": number(peer), "peer_name": peer_name,
               "ratio": number(ratio), "goal": goal, "met": None if met is None or number(ours) is None else bool(met)}
        if note:
            row["note"] = note
        if others:
            row["others"] = {k: number(v) if isinstance(v, float) else v for k, v in others.items()}
        self.rows.append(row)

    def error(self, what):
        """An output that is wrong, or a peer that cannot run."""
        self.errors.append(what)
        print(f"WRONG: {what}", file=sys.stderr, flush=True)

    def end(self):
        """Prints, and gives the exit code: 1 when something was wrong; a goal that is missed is not."""
        if self.json:
            json.dump({"bench": self.bench, "command": self.command, "rows": self.rows, "machine": self.machine, "errors": self.errors}, self._out, ensure_ascii=False)
            self._out.write("\n")
        else:
            print()
            table(self.rows)
        self._out.flush()
        return 1 if self.errors else 0


def table(rows, out=None):
    """The rows of one or more benches."""
    head = ("", "what", "ours", "unit", "best peer", "", "ratio", "goal", "met")
    lines = [head]
    for r in rows:
        met = {True: "yes", False: "NO", None: "-"}[r["met"]]
        lines.append((r["id"], r["what"], text(r["ours"]), r["unit"], text(r["peer"]), r["peer_name"] or "", text(r["ratio"]), r["goal"] or "", met))
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    for i, line in enumerate(lines):
        cells = (c.rjust(w) if j in (2, 4, 6) else c.ljust(w) for j, (c, w) in enumerate(zip(line, widths)))
        print("  ".join(cells).rstrip(), file=out)
        if i == 0:
            print("  ".join("-" * w for w in widths), file=out)
    notes = list(dict.fromkeys((r["id"], r["note"]) for r in rows if r.get("note")))
    for name, note in notes:
        print(f"{name}: {note}", file=out)
