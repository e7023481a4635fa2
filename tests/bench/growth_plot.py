"""Two line charts as one SVG, without a library: a README shows it as it is."""

WIDTH, HEIGHT, LEFT, TOP, BOTTOM, GAP = 330, 210, 50, 30, 40, 40
COLOURS = {"none": "#1f77b4", "fast": "#2ca02c", "good": "#d62728"}
TITLES = {"files": "thousand files", "MB": "GB in one file"}


def write(curves, output):
    """`curves`: (unit, level) -> pairs of size and processor seconds."""
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{2 * WIDTH + GAP}" '
             f'height="{HEIGHT + TOP + BOTTOM}" font-family="sans-serif" font-size="12">',
             '<rect width="100%" height="100%" fill="white"/>']
    for number, unit in enumerate(TITLES):
        levels = {level: points for (of, level), points in curves.items() if of == unit}
        parts += chart(number * (WIDTH + GAP), unit, levels)
    parts.append("</svg>")
    with open(output, "w", encoding="utf-8") as file:
        file.write("\n".join(parts) + "\n")


def chart(shift, unit, levels):
    most_x = max(x for points in levels.values() for x, _ in points)
    most_y = max(y for points in levels.values() for _, y in points) * 1.1
    right, bottom = WIDTH - LEFT, TOP + HEIGHT

    def place(x, y):
        return f"{shift + LEFT + x / most_x * right:.1f},{bottom - y / most_y * HEIGHT:.1f}"

    lines = [f'<path d="M{place(0, most_y)} L{place(0, 0)} L{place(most_x, 0)}" fill="none" '
             'stroke="black"/>',
             f'<text x="{shift + LEFT}" y="{TOP - 12}">processor seconds to pack</text>',
             f'<text x="{shift + LEFT + right / 2}" y="{bottom + 34}" text-anchor="middle">'
             f'{TITLES[unit]}</text>']
    for x in sorted({x for points in levels.values() for x, _ in points}):
        at = place(x, 0).split(",")[0]
        lines.append(f'<text x="{at}" y="{bottom + 16}" text-anchor="middle">{x / 1000:g}</text>')
    for y in (most_y / 2, most_y / 1.1):
        at = place(0, y).split(",")[1]
        lines.append(f'<text x="{shift + LEFT - 6}" y="{at}" text-anchor="end">{y:.1f}</text>')
    for level, points in levels.items():
        colour = COLOURS[level]
        path = " ".join(place(*point) for point in points)
        lines.append(f'<polyline points="{path}" fill="none" stroke="{colour}"/>')
        lines += [f'<circle cx="{place(*point).split(",")[0]}" cy="{place(*point).split(",")[1]}" '
                  f'r="3" fill="{colour}"/>' for point in points]
        x, y = place(*points[-1]).split(",")
        lines.append(f'<text x="{float(x) - 8}" y="{float(y) - 8}" text-anchor="end" '
                     f'fill="{colour}">{level}</text>')
    return lines
