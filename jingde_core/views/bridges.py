"""A bridge: levels at stages and the steps between, each bar beginning where the last ended."""

import pandas as pd

from jingde_core.model.catalogue import label, value_label
from jingde_core.views import charts, marks, numbers

#: fill of a level, of a step upward, of a step downward
COLOURS = ("#6b7280", "#b45309", "#2f6f9f")
#: metric of each order of the index
_METRICS = ("headcount_ratio", "poverty_gap", "poverty_severity")


def bridge(
    frame: pd.DataFrame,
    *,
    title: str = "",
    people: str = "flood.bridge_people",
    provenance: marks.Provenance = None,
) -> charts.Chart:
    """Poverty before, after a shock and after relief as a bridge (三阶段变化桥图).

    Parameters
    ----------
    frame : DataFrame
        As `county.aftermath.bridge` returns it: ``stage, part, start, value, end``.
    people : str
        Catalogue entry that says whose poverty it is, with their ``{count}``.
    """
    import altair as alt

    attrs = frame.attrs
    # a step that changes nothing (all of alpha 0 is crossing) is no bar
    frame = frame[(frame["part"] == "level") | (frame["value"] != 0)]
    steps = [
        _step(stage, part, value)
        for stage, part, value in zip(frame["stage"], frame["part"], frame["value"], strict=True)
    ]
    rows = pd.DataFrame(steps, columns=["name", "text", "colour"])
    ends = frame[["start", "end"]].reset_index(drop=True)
    rows = rows.assign(order=range(len(rows)), top=ends.max(axis=1), **ends)
    axis = alt.Axis(labelAngle=0, labelLimit=120, labelFontSize=12)
    x = alt.X("name:N", title=None, sort=alt.EncodingSortField("order", op="min"), axis=axis)
    name = label(f"metric.{_METRICS[int(attrs['alpha'])]}")
    base = alt.Chart(rows).encode(x=x)
    bars = base.mark_bar(size=46).encode(
        y=alt.Y("start:Q", title=name, axis=alt.Axis(format="~%")),
        y2="end:Q",
        color=alt.Color("colour:N", scale=None),
        tooltip=["name:N", "text:N"],
    )
    text = base.mark_text(dy=-8, fontSize=12).encode(y="top:Q", text="text:N")
    drawn = alt.layer(bars, text).properties(width=charts.WIDTH, height=300)
    line = label(
        "views.parameter.poverty_line", value=numbers.number(attrs["poverty_line"], trim=True)
    )
    persons = attrs["persons"]
    people = label(people, count=f"{persons:,}") if persons else ""
    lines = [line, people, label(f"flood.relieved.{attrs['relieved']}"), label("scenario_mark")]
    heading = title or label("flood.bridge_title", metric=name)
    return charts.finished(alt, drawn, frame, provenance, name=heading, lines=lines)


def _step(stage: str, part: str, value: float) -> tuple[str, str, str]:
    """Name, number and colour of one bar."""
    text = numbers.number(value, "percent")
    if part == "level":
        return value_label("stage", stage), text, COLOURS[0]
    name = value_label("step", f"{stage}.{part}")
    return (name, f"+{text}", COLOURS[1]) if value > 0 else (name, text, COLOURS[2])
